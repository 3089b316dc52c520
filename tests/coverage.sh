#!/bin/sh
# Builds with gcov's counters in a folder of its own, runs the unit tests alone and prints which share of the lines of
# each folder they reach; experts and search, the heart, come last, file by file. `make coverage` calls it.
#
#   UNIT_TESTS='tests/unit/test-core …' tests/coverage.sh SOURCE FOLDER
#
# COVERAGE_LEAST (say 90) makes it fail when the heart stays below.
set -eu
source=$1
folder=$2
: "${UNIT_TESTS:?the programs to run}"
mkdir -p "$folder"
cd "$folder"
[ -f Makefile ] || "$source/configure" --enable-coverage CFLAGS='-g -O0' >configure.out
find . -name '*.gcda' -exec rm -f {} +
status=0
make -s -j"$(nproc)" check check_PROGRAMS="$UNIT_TESTS" TESTS="$UNIT_TESTS" >check.out 2>&1 || status=$?
grep -E '^(FAIL|ERROR|# (TOTAL|PASS|SKIP|FAIL|ERROR))|[Ee]rror:' check.out || true

# gcov names a file, then its lines; a header is counted with whoever includes it, and left out here.
find src ui -name '*.gcno' | while read -r notes; do
  [ -f "${notes%.gcno}.gcda" ] || echo "never $notes"
  gcov -n -o "$(dirname "$notes")" "$notes" 2>/dev/null
done | awk -v least="${COVERAGE_LEAST-0}" '
  /^File / { split($0, part, "\047"); file = part[2]; sub(/^.*\/(src|ui)\//, "&", file); next }
  /^Lines executed:/ && file ~ /\.c$/ {
    split($0, part, /[:%]| of /)
    at = match(file, /(src|ui)\//)
    name = substr(file, at)
    n = part[4]
    hit = int(part[2] * n / 100 + 0.5)
    split(name, step, "/")
    group = step[1] "/" step[2]
    reached[group] += hit; lines[group] += n
    reached["all"] += hit; lines["all"] += n
    if (group == "src/experts" || group == "src/search") { own[name] = hit; all[name] = n }
    file = ""
  }
  { file = "" }
  END {
    sort = "sort"
    for (g in lines) if (g != "all") printf "%6.2f %%  %5d of %5d  %s\n", 100 * reached[g] / lines[g], reached[g], lines[g], g | (sort " -k6")
    close(sort " -k6")
    printf "%6.2f %%  %5d of %5d  all\n\n", 100 * reached["all"] / lines["all"], reached["all"], lines["all"]
    for (f in all) printf "%6.2f %%  %5d of %5d  %s\n", all[f] ? 100 * own[f] / all[f] : 100, own[f], all[f], f | (sort " -k6")
    close(sort " -k6")
    print ""
    for (i = 1; i <= 2; i++) {
      g = i == 1 ? "src/experts" : "src/search"
      printf "unit coverage of %s: %.2f %%\n", g, 100 * reached[g] / lines[g]
      if (100 * reached[g] / lines[g] < least) bad = 1
    }
    exit bad
  }' || status=1
exit $status
