#!/bin/sh
# Puts faults in, one at a time, and asks whether the unit tests notice: `make mutants`. Each file of tests/mutants says
# in five lines `file:`, `from:`, `to:` (texts as they stand, once in the file), `reason:` and `tests:` (programs of
# tests/unit). Works on a copy of the tree in a temporary folder.
#
#   tests/mutants.sh [NAME…]      prints "caught NAME", "SURVIVED NAME" or "UNUSABLE NAME"; fails when any is not caught
set -u
source=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d "${TMPDIR:-/tmp}/copse-mutants-XXXXXX") || exit 99
trap 'rm -rf "$copy"' EXIT
trap 'exit 99' HUP INT TERM
(cd "$source" && tar -cf - --exclude=.git --exclude=./build --exclude='./build-[!a]*' --exclude='./build-a[!u]*' --exclude=autom4te.cache .) | tar -xf - -C "$copy" || exit 99
build=$copy/build
mkdir "$build" && cd "$build" || exit 99
CFLAGS=${CFLAGS--g -O1} "$copy/configure" >configure.out || exit 99
export COPSE_TEST_SRCDIR="$copy" G_TEST_SRCDIR="$copy/tests" LC_ALL=C.UTF-8 TZ=UTC COPSE="$build/copse"

field() { sed -n "s/^$1: //p" "$mutant"; }
# The file with the one text in the place of the other; 1 when it is not there exactly once.
change() {
  FROM=$2 TO=$3 awk 'BEGIN { from = ENVIRON["FROM"]; to = ENVIRON["TO"] }
    { at = index($0, from)
      if (at) { found++; $0 = substr($0, 1, at - 1) to substr($0, at + length(from)) }
      print }
    END { exit found != 1 }' "$1"
}
# 0: passes, 1: fails, 2: cannot be built.
try() {
  # Some tests run the program itself.
  for t in $1; do make -s -j"$(nproc)" copse "tests/unit/$t" >make.out 2>&1 || return 2; done
  for t in $1; do timeout 300 sh "$copy/tests/run-test.sh" "tests/unit/$t" >test.out 2>&1 || return 1; done
}

wanted() { # name, names asked for
  name=$1
  shift
  case " $* " in '  ' | *" $name "*) return 0 ;; *) return 1 ;; esac
}

# A test that fails as it stands would catch everything.
tests=$(for mutant in "$source"/tests/mutants/*.mutant; do
  wanted "$(basename "$mutant" .mutant)" "$@" && field tests
done | tr ' ' '\n' | sort -u)
for t in $tests; do
  try "$t" || { echo "UNUSABLE $t: it fails without any fault: $(grep -hm 1 -E 'error:|^not ok|^Bail' make.out test.out)" && exit 99; }
done

bad=0 count=0
for mutant in "$source"/tests/mutants/*.mutant; do
  name=$(basename "$mutant" .mutant)
  wanted "$name" "$@" || continue
  count=$((count + 1))
  file=$copy/$(field file)
  cp "$file" "$copy/original" 2>/dev/null &&
    change "$copy/original" "$(field from)" "$(field to)" >"$copy/changed" || {
      echo "UNUSABLE $name: its text does not stand once in $(field file)"
      bad=1
      continue
    }
  cp "$copy/changed" "$file"
  try "$(field tests)"
  case $? in
  1) echo "caught $name" ;;
  2) echo "UNUSABLE $name: $(grep -m 1 error: make.out)"; bad=1 ;;
  *) echo "SURVIVED $name: $(field reason)"; bad=1 ;;
  esac
  cp "$copy/original" "$file"
done
echo "$count faults put in"
exit $bad
