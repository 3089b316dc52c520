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

as_root=
[ "$(id -u)" = 0 ] && as_root=--no-sandbox
in_browser() { # OPTION… PAGE
  timeout 120 "$browser" --headless $as_root --disable-gpu --disable-dev-shm-usage --user-data-dir="$dir/profile" "$@" 2>/dev/null
}
drive() { # PAGE, a script on standard input: the page with it, as the browser left it, is in $dir/dom
  { sed '/<\/body>/,$d' "$1" && cat && echo '</body></html>'; } >"$dir/driven.html"
  in_browser --virtual-time-budget=5000 --dump-dom "file://$dir/driven.html" >"$dir/dom"
}

drive "$dir/page.html" <<'END'
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
check "it searches, sorts and folds" holds \
  'data-result="none true, some true, all true, rising true, falling true, folded true, unfolded true, down true, home true, one stop true, named true, led to true, roots true, no leaf true, rows apart true"' "$dir/dom"
no_error() { ! grep -q "data-error=" "$dir/dom"; }
check "no script of it fails" no_error

# Of many rows those in sight are in the document; nothing else of it may differ.
many="$dir/many"
for i in $(seq 1001 1600); do
  mkdir -p "$many/n$i"
  printf '\340\0\0\0\0\0\0\0%-224s0123456789ab%04d0123456789abcdef' '{"base_model.model.q.lora_A.weight":{"dtype":"F32","shape":[1,4],"data_offsets":[0,16]},"base_model.model.q.lora_B.weight":{"dtype":"F32","shape":[4,1],"data_offsets":[16,32]}}' "$i" >"$many/n$i/adapter_model.safetensors"
  printf '{"peft_type":"LORA","base_model_name_or_path":"org/base","r":1,"lora_alpha":1}' >"$many/n$i/adapter_config.json"
done
"$COPSE" export "$many" --format html --state="$dir/many-state" -q >"$dir/many.html"
drive "$dir/many.html" <<'END'
<script>
window.onerror = e => document.body.setAttribute('data-error', e);
setTimeout(() => {
  const $ = q => document.querySelector(q), all = q => [...document.querySelectorAll(q)], out = [];
  const rows = () => all('#models tbody:not(.gap) tr'), drawn = () => all('#trees g'), tell = e => dispatchEvent(new Event(e));
  const few = n => n > 30 && n < 500, table = $('#models').parentNode, trees = $('#trees').parentNode;
  const scroll = (box, to) => { box.scrollTop = to; box.dispatchEvent(new Event('scroll')); };
  const type = t => { $('#search').value = t; $('#search').dispatchEvent(new Event('input')); };
  const size = () => [few(rows().length), few(drawn().length), $('#models').getAttribute('aria-rowcount')].join();
  out.push('in sight ' + size(), 'told ' + $('#found').textContent);
  const tall = table.scrollHeight, head = $('#models th button');
  head.click(); head.click(); out.push('falling ' + rows()[0].cells[0].textContent);
  const widths = () => all('#models thead th').map(h => h.offsetWidth).join(), wide = widths();
  scroll(table, 1e7); const last = rows().pop();
  out.push('the end ' + [last.cells[0].textContent, last.getAttribute('aria-rowindex'), few(rows().length)].join());
  out.push('still ' + [wide === widths(), Math.abs(tall - table.scrollHeight) < 3].join());
  scroll(trees, 5000); const ys = drawn().map(g => Number(g.getAttribute('transform').match(/ (\d+)\)/)[1]));
  const inside = ys.filter(y => y >= 5000 && y < 5000 + trees.clientHeight).length;
  out.push('seen ' + (inside >= Math.floor(trees.clientHeight / 20)));
  out.push('reachable ' + (ys[0] === 20 && all('#trees g[tabindex="0"]').length === 1));
  const press = key => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  drawn()[0].focus(); press('End');
  out.push('keys ' + [document.activeElement.textContent.trim().slice(0, 5), document.activeElement.getAttribute('aria-posinset'),
    document.activeElement.getAttribute('aria-setsize')].join());
  type('n1599'); out.push('one ' + [rows().length, $('#found').textContent, drawn().length].join());
  type(''); $('#fold').click(); out.push('folded ' + drawn().length); $('#unfold').click(); out.push('back ' + size());
  tell('beforeprint'); out.push('printed ' + [rows().length, drawn().length].join());
  tell('afterprint'); out.push('after ' + size());
  $('#every').click(); out.push('all ' + [rows().length, drawn().length, $('#every').getAttribute('aria-pressed')].join());
  document.body.setAttribute('data-result', out.join('; '));
}, 100);
</script>
END
check "of many rows those in sight are drawn" holds \
  'data-result="in sight true,true,601; told 600 models; falling n1600; the end n1001,601,true; still true,true; seen true; reachable true; keys n1600,600,600; one 1,1 of 600 models,2; folded 1; back true,true,601; printed 600,601; after true,true,601; all 600,601,true"' "$dir/dom"
check "no script fails on many" no_error

# A page without scripts is the table and the trees, whole.
sed 's/<script>/<script type="text\/plain">/' "$dir/many.html" >"$dir/bare.html"
drive "$dir/bare.html" <<'END'
<script>
const seen = q => [...document.querySelectorAll(q)].filter(e => e.getBoundingClientRect().height).length;
document.body.setAttribute('data-result', [seen('#models tbody tr'), seen('#trees g'), seen('.b'), seen('#search')].join());
</script>
END
check "without scripts all is there" holds 'data-result="600,601,0,0"' "$dir/dom"

# All rows are on paper: some thirty to a page.
printed() {
  in_browser --no-pdf-header-footer --print-to-pdf="$dir/page.pdf" "file://$dir/many.html" && head -c 5 "$dir/page.pdf" | grep -q '%PDF-' &&
    pages=$(grep -a -o '/Count [0-9]*' "$dir/page.pdf" | sed 's/.* //' | sort -n | tail -1) && { [ "$pages" -ge 12 ] || { echo "$pages pages"; return 1; }; }
}
check "it prints, every row" printed
echo "1..$n"
