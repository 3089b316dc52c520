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
cluster:core
planter:core numerics weights
bench:core numerics archives weights collection encoders experts
commands:core numerics archives weights collection encoders lineage experts search session cluster planter bench
'
n=0
# Arrows between files, as "FROM TO" in names of modules: a path without .c, .h or .def. A header without a .c beside it
# that bears its module's noun in front (query_private.h, train_run.h, weight_format.h) belongs to that module.
arrows() {
  grep -rHoE '^#include "[^"/]+/[^"]+"' src ui --include='*.c' --include='*.h' | awk -F'[:"]' '
    function module(path) { sub(/\.(c|h|def)$/, "", path); return path }
    { to = $3; if (to !~ /^ui\//) to = "src/" to
      from[NR] = module($1); dest[NR] = module(to); if ($1 ~ /\.c$/) has[module($1)] = 1 }
    END { for (i = 1; i <= NR; i++) {
      if (from[i] == dest[i] || dest[i] ~ /config$/ && dest[i] !~ /\//) continue
      noun = from[i]; sub(/_[^\/]*$/, "", noun)
      if (has[from[i]] && !has[dest[i]] && index(dest[i], noun "_") == 1) continue
      print from[i], dest[i] } }' | sort -u
}
# The same between folders: a file that lies in no sub-folder of its folder stands for itself.
folders() {
  arrows | awk '
    function room(module, n, part) { n = split(module, part, "/"); base = part[1] == "ui" ? 1 : 2
      return n == base + 1 ? module : substr(module, 1, length(module) - length(part[n]) - 1) }
    { a = room($1); b = room($2); if (a != b) print a, b }' | sort -u
}
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
check "no folder leads back to itself" "$(folders | tsort 2>&1 >/dev/null)"
check "no module leads back to itself" "$(arrows | tsort 2>&1 >/dev/null)"
check "only ui/ includes curses" "$(grep -rnlE '#include *<(ncursesw/)?n?curses\.h>' src 2>/dev/null)"
check "ui/ does not include commands/" "$(grep -rn '#include "commands/' ui 2>/dev/null)"
check "the engine neither exits nor aborts" \
  "$(grep -rnE '(^|[^_a-z])(exit|abort|_exit|g_error|g_assert[a-z_]*) *\(' src --include='*.c' |
     grep -vE 'src/(main\.c|commands/)')"
check "the engine prints nothing" \
  "$(grep -rnE '(^|[^_a-z])(printf|fprintf|puts|fputs|g_print|g_printerr|perror) *\(' src --include='*.c' |
     grep -vE 'src/(main\.c|start\.c|version\.c|commands/|core/json\.c)')"
check "no unchecked fast mathematics" "$(grep -rnE 'ffast-math|Ofast' Makefile.am configure.ac src ui 2>/dev/null)"
# "LINES FILE NAME" of every function as .clang-format lays it out: from its first line to the brace in column 1.
functions() {
  find src ui tests -name '*.c' -exec awk '
    FNR == 1 || (/^$/ && !inside) { start = 0 }
    inside && $0 == "}" { print FNR - start + 1, FILENAME, name; inside = start = 0; next }
    inside { next }
    /^[A-Za-z_].*\) \{ .*\}$/ { print 1, FILENAME, $0; start = 0; next }
    /^[A-Za-z_].*\(/ && !/;$/ { start = FNR; name = $0 }
    start && /\{$/ && !/= \{$/ { inside = 1 }
    /;$/ && !inside { start = 0 }' {} +
}
sizes=$(functions | sort -n)
check "no function is longer than 60 lines" "$(printf "%s\n" "$sizes" | awk '$1 > 60')"
check "half of the functions have 12 lines or fewer" \
  "$(printf "%s\n" "$sizes" | awk '{ n[NR] = $1 } END { m = n[int((NR + 1) / 2)]; if (NR < 1000 || m > 12) print NR " functions, median " m }')"
check "no file is longer than 500 lines" \
  "$(find src ui tests \( -name '*.[ch]' -o -name '*.sh' \) -exec awk 'FNR == 501 { print FILENAME }' {} +)"
check "every header begins by saying what it is for" \
  "$(find src ui -name '*.h' -exec awk 'FNR == 2 && !/^\/\*/ { print FILENAME }' {} +)"
echo "1..$n"
