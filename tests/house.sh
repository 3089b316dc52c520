#!/bin/sh
# The dependency rule of docs/ARCHITECTURE.md, checked on the includes: an arrow never points back.
# A folder may include headers of the folders on its line, and its own.
cd "$COPSE_TEST_SRCDIR" || exit 99
rules='
core:
numerics:core
archives:core numerics
weights:core numerics archives
collection:core numerics archives weights
encoders:core numerics archives weights
lineage:core numerics archives weights collection
experts:core numerics archives weights collection encoders
search:core numerics archives weights collection encoders lineage experts
session:core numerics archives weights collection encoders lineage experts search
planter:core numerics weights
bench:core numerics archives weights collection encoders experts
commands:core numerics archives weights collection encoders lineage experts search session planter bench
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
