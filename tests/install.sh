#!/bin/sh
# What `make install` puts in place works from there, tells of itself in full, and goes without trace: program, manual
# pages, completions, headers and library (docs/example.c is built with them and run), Debian packages where dpkg is.
set -u
: "${COPSE:?}" "${COPSE_TEST_SRCDIR:?}"
unset MAKEFLAGS MFLAGS MAKELEVEL
build=$(dirname "$COPSE")
dir=$(mktemp -d "${TMPDIR:-/tmp}/copse-install-XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
HOME=$dir/home XDG_STATE_HOME=$dir/state
export HOME XDG_STATE_HOME
mkdir "$HOME"
n=0
check() { # NAME, then a command
  n=$((n + 1)) name=$1
  shift
  if "$@" >"$dir/out" 2>&1; then echo "ok $n - $name"; else
    tail -n 30 "$dir/out" | sed 's/^/# /'
    echo "not ok $n - $name"
  fi
}
skip() { # NAME, why
  n=$((n + 1))
  echo "ok $n - $1 # SKIP $2"
}

root=$dir/root
check "make install" make -s -C "$build" install DESTDIR="$root" prefix=/usr \
  bashcompletiondir=/usr/share/bash-completion/completions
usr=$root/usr
runs() { "$usr/bin/copse" --version | grep -q "^copse [0-9.]* (commit [0-9a-z]*)$" && "$usr/bin/copse" --version | grep -q "^formats: .*gguf"; }
check "the installed program says what it is" runs

# --- the manual: every command, option and key is told of, and no page has an error
"$usr/bin/copse" --describe >"$dir/described"
commands=$(awk -F '\t' '$1 == "command" && $2 != "" { print $2 }' "$dir/described")
pages() {
  for c in $commands; do
    test -s "$usr/share/man/man1/copse-$c.1" && grep -qF "copse\\-$(echo "$c" | sed 's/-/\\-/g') " "$usr/share/man/man1/copse.1" || { echo "no page of $c"; return 1; }
  done
}
check "a page a command" pages
options() {
  awk -F '\t' '$1 == "command" { page = $2 == "" ? "copse" : "copse-" $2 } $1 == "option" { print page, $2 }' "$dir/described" |
    while read -r page name; do
      grep -qF -- "$(echo "--$name" | sed 's/-/\\-/g')" "$usr/share/man/man1/$page.1" || { echo "$page.1: no --$name"; return 1; }
    done
}
check "every option on its page" options
keys() {
  sed -n 's/^\([a-z][a-z-]*\)=.*/\1/p' "$COPSE_TEST_SRCDIR/data/copse.conf" | while read -r key; do
    grep -qF "\"$(echo "$key" | sed 's/-/\\-/g')\"" "$usr/share/man/man5/copse.conf.5" || { echo "no $key"; return 1; }
  done
}
check "every key of the configuration in copse.conf(5)" keys
told() { awk -F '\t' '$1 == "option" && $5 == "" { print; bad = 1 } END { exit bad }' "$dir/described"; }
check "every option says what it does" told
if command -v groff >/dev/null; then
  renders() {
    find "$usr/share/man" -type f | while read -r page; do
      out=$(groff -man -ww -z -Tutf8 "$page" 2>&1)
      test -z "$out" || { echo "$page: $out"; return 1; }
    done
  }
  check "every page renders without a warning" renders
else skip "every page renders without a warning" "no groff"; fi

# --- completions
for shell in bash zsh fish; do
  case $shell in
    bash) file=$usr/share/bash-completion/completions/copse ;;
    zsh) file=$usr/share/zsh/site-functions/_copse ;;
    fish) file=$usr/share/fish/vendor_completions.d/copse.fish ;;
  esac
  whole() { for c in $commands; do grep -q -- "$c" "$file" || { echo "no $c"; return 1; }; done; }
  check "$shell completes every command" whole
  if command -v $shell >/dev/null; then check "$shell reads its completion" $shell -n "$file"
  else skip "$shell reads its completion" "no $shell"; fi
done
if command -v bash >/dev/null; then
  # shellcheck disable=SC2016
  completes() {
    got=$(bash -c '. "$1"; COMP_WORDS=(copse export --format cy); COMP_CWORD=3; _copse; echo "${COMPREPLY[*]}"
      COMP_WORDS=(copse dup); COMP_CWORD=1; _copse; echo "${COMPREPLY[*]}"
      COMP_WORDS=(copse duplicates --k); COMP_CWORD=2; _copse; echo "${COMPREPLY[*]}"' bash "$usr/share/bash-completion/completions/copse" | tr '\n' ' ')
    echo "$got"
    test "$got" = "cyclonedx duplicates --keep "
  }
  check "commands, options and their words are completed" completes
fi

# --- the library
"$COPSE" plant "$dir/wood" --kind=woods --models=1 --seed=1 --truth="$dir/truth" -q >/dev/null
if command -v pkg-config >/dev/null && command -v cc >/dev/null; then
  sanitize=
  grep -q 'enable-sanitizers' "$build/config.status" 2>/dev/null && sanitize=-fsanitize=address,undefined
  grep -q 'enable-thread-sanitizer' "$build/config.status" 2>/dev/null && sanitize=-fsanitize=thread
  grep -q 'enable-coverage' "$build/config.status" 2>/dev/null && sanitize=--coverage
  example() {
    sed -i "s|^prefix=.*|prefix=$usr|" "$usr/lib/pkgconfig/libcopse.pc"
    # shellcheck disable=SC2046
    PKG_CONFIG_PATH=$usr/lib/pkgconfig cc -std=gnu17 -Wall -Wextra -Werror $sanitize -o "$dir/example" \
      "$COPSE_TEST_SRCDIR/docs/example.c" $(PKG_CONFIG_PATH=$usr/lib/pkgconfig pkg-config --cflags --libs libcopse) &&
      "$dir/example" "$dir/wood" >"$dir/answer" && cat "$dir/answer" && grep -q ' models in .* trees' "$dir/answer"
  }
  check "a program of others is built with the library and runs" example
else skip "a program of others is built with the library and runs" "no cc or pkg-config"; fi
headers() {
  find "$usr/include/copse" -name '*.h' | while read -r h; do
    grep -hoE '^#include "[^"]*"' "$h" | sed 's/.*"\(.*\)"/\1/' | while read -r inner; do
      test -e "$usr/include/copse/$inner" || { echo "$h wants $inner"; return 1; }
    done || return 1
  done
}
check "installed headers include only installed ones" headers
if command -v desktop-file-validate >/dev/null; then
  check "the desktop entry is valid" desktop-file-validate "$usr/share/applications/copse.desktop"
else skip "the desktop entry is valid" "no desktop-file-validate"; fi

gone() {
  make -s -C "$build" uninstall DESTDIR="$root" prefix=/usr bashcompletiondir=/usr/share/bash-completion/completions
  left=$(find "$root" ! -type d)
  test -z "$left" || { echo "$left"; return 1; }
}
check "make uninstall leaves no file" gone
echo "1..$n"
