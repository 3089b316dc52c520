#!/bin/sh
# The page of `copse export --format html` in a browser without a screen: it searches, sorts and folds, and no script of it
# fails. Skipped where there is no Chromium.
set -u
: "${COPSE:?}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/copse-report-XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
n=0
check() { # NAME, then a command
  n=$((n + 1)) name=$1
  shift
  if "$@" >"$dir/out" 2>&1; then echo "ok $n - $name"; else
    sed 's/^/# /' "$dir/out"
    echo "not ok $n - $name"
  fi
}
holds() { grep -qF -- "$1" "$2" || { tail -c 600 "$2"; return 1; }; }

mkdir "$dir/home" "$dir/state"
export HOME="$dir/home"
"$COPSE" plant "$dir/wood" --kind=woods --models=2 --seed=3 --truth="$dir/truth.json" --state="$dir/state" -q >/dev/null &&
  "$COPSE" export "$dir/wood" --format html --state="$dir/state" -q >"$dir/page.html" || { echo "1..0 # no wood grew"; exit 99; }
check "the page needs nothing else" sh -c '! grep -qE "(src|href)=\"?[^#\"]|url\(" "$1"' sh "$dir/page.html"

browser=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$browser" ]; then
  echo "ok $((n + 1)) - the page in a browser # SKIP no Chromium here"
  echo "1..$((n + 1))"
  exit 0
fi

cat >"$dir/drive.html" <<'END'
<script>
window.onerror = e => document.body.setAttribute('data-error', e);
setTimeout(() => {
  const $ = q => document.querySelector(q), search = $('#search'), out = [];
  const type = t => { search.value = t; search.dispatchEvent(new Event('input')); };
  const shown = () => [...document.querySelectorAll('#models tbody tr')].filter(r => !r.hidden).length;
  const all = shown();
  type('no model has this'); out.push('none ' + (shown() === 0));
  type('full'); out.push('some ' + (shown() > 0 && shown() <= all));
  type(''); out.push('all ' + (shown() === all));
  const heads = [...document.querySelectorAll('#models th button')], at = heads.findIndex(b => b.textContent === 'Size');
  const bytes = () => [...document.querySelectorAll('#models tbody tr')].map(r => Number(r.cells[at].dataset.v));
  heads[at].click(); out.push('rising ' + bytes().every((x, i, v) => !i || v[i - 1] <= x));
  heads[at].click(); out.push('falling ' + bytes().every((x, i, v) => !i || v[i - 1] >= x));
  const drawn = () => [...document.querySelectorAll('#trees g')].filter(g => g.style.display !== 'none');
  const before = drawn().length, parent = $('#trees g[aria-expanded]');
  parent.dispatchEvent(new MouseEvent('click', {bubbles: true}));
  out.push('folded ' + (drawn().length < before && parent.getAttribute('aria-expanded') === 'false'));
  parent.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));
  out.push('unfolded ' + (drawn().length === before));
  parent.focus();
  const press = key => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  press('ArrowDown'); out.push('down ' + (document.activeElement === drawn()[drawn().indexOf(parent) + 1]));
  press('Home'); out.push('home ' + (document.activeElement === drawn()[0]));
  out.push('one stop ' + (document.querySelectorAll('#trees g[tabindex="0"]').length === 1));
  out.push('named ' + [...document.querySelectorAll('table')].every(t => t.caption && t.caption.textContent));
  out.push('led to ' + [...document.querySelectorAll('nav a')].every(a => $(a.getAttribute('href'))));
  $('#fold').click(); out.push('roots ' + drawn().every(g => g.getAttribute('aria-level') === '1'));
  $('#unfold').click();
  type('no model has this'); out.push('no leaf ' + (drawn().length === 0)); type('');
  const ys = drawn().map(g => Number(g.getAttribute('transform').match(/ (\d+)\)/)[1]));
  out.push('rows apart ' + ys.every((y, i) => !i || y === ys[i - 1] + 20));
  document.body.setAttribute('data-result', out.join(', '));
}, 100);
</script>
END
sed '/<\/body>/,$d' "$dir/page.html" >"$dir/driven.html" && cat "$dir/drive.html" >>"$dir/driven.html"
as_root=
[ "$(id -u)" = 0 ] && as_root=--no-sandbox
timeout 120 "$browser" --headless $as_root --disable-gpu --disable-dev-shm-usage --user-data-dir="$dir/profile" \
  --virtual-time-budget=5000 --dump-dom "file://$dir/driven.html" >"$dir/dom" 2>/dev/null
check "it searches, sorts and folds" holds \
  'data-result="none true, some true, all true, rising true, falling true, folded true, unfolded true, down true, home true, one stop true, named true, led to true, roots true, no leaf true, rows apart true"' "$dir/dom"
printed() {
  timeout 120 "$browser" --headless $as_root --disable-gpu --disable-dev-shm-usage --user-data-dir="$dir/profile" \
    --no-pdf-header-footer --print-to-pdf="$dir/page.pdf" "file://$dir/page.html" 2>/dev/null &&
    head -c 5 "$dir/page.pdf" | grep -q '%PDF-'
}
check "it prints" printed
check "no script of it fails" sh -c '! grep -q "data-error=" "$1"' sh "$dir/dom"
echo "1..$n"
