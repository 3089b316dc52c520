#!/bin/sh
# The dependency rule of docs/ARCHITECTURE.md, checked on the includes: an arrow never points back.
# A folder may include headers of the folders on its line, and its own.
cd "$COPSE_TEST_SRCDIR" || exit 99
rules='
core:
weights:core
collection:core weights
text:core weights
lineage:core weights collection
experts:core weights collection text
search:core weights collection text lineage experts
jungle:core weights
work:core
bench:core weights collection text experts
commands:core weights collection text lineage experts search jungle work bench
'
n=0
check() { # name, offending lines
  n=$((n + 1))
  if [ -z "$2" ]; then
    echo "ok $n - $1"
  else
    echo "not ok $n - $1"
    echo "$2" | sed 's/^/# /'
  fi
}
for rule in $(echo "$rules" | tr ' ' '+'); do
  folder=${rule%%:*}
  allowed=$(echo "${rule#*:}" | tr '+' '|')
  bad=$(grep -rnE '^#include "[a-z_]+/' "src/$folder" 2>/dev/null |
    grep -vE "#include \"($folder${allowed:+|$allowed})/")
  check "src/$folder includes only what it may" "$bad"
done
check "only ui/ includes curses" "$(grep -rnlE '#include *<(ncursesw/)?n?curses\.h>' src 2>/dev/null)"
check "ui/ does not include commands/" "$(grep -rn '#include "commands/' ui 2>/dev/null)"
check "the engine neither exits nor aborts" \
  "$(grep -rnE '(^|[^_a-z])(exit|abort|_exit|g_error|g_assert[a-z_]*) *\(' src --include='*.c' |
     grep -vE 'src/(main\.c|commands/)')"
check "the engine prints nothing" \
  "$(grep -rnE '(^|[^_a-z])(printf|fprintf|puts|fputs|g_print|g_printerr|perror) *\(' src --include='*.c' |
     grep -vE 'src/(main\.c|commands/|core/json\.c)')"
check "no unchecked fast mathematics" "$(grep -rnE 'ffast-math|Ofast' Makefile.am configure.ac src ui 2>/dev/null)"
echo "1..$n"
