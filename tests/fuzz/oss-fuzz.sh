#!/bin/sh
# Builds every fuzz driver as OSS-Fuzz asks for it, with its seeds and words. Such a service sets CC, CFLAGS,
# LIB_FUZZING_ENGINE and OUT; without them clang's own fuzzer is built into ./fuzzers. Needs what ./bootstrap installs.
#
#   tests/fuzz/oss-fuzz.sh                all drivers
#   tests/fuzz/oss-fuzz.sh keys archive   these
set -eu
cd "$(dirname "$0")/../.."
CC=${CC:-clang}
CFLAGS=${CFLAGS:--g -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined}
ENGINE=${LIB_FUZZING_ENGINE:--fsanitize=fuzzer,address,undefined}
OUT=${OUT:-$PWD/fuzzers}
build=${BUILD:-$PWD/build-fuzz}
mkdir -p "$OUT" "$build"
source=$PWD
src/lists.sh
[ -x configure ] || autoreconf --install --force
cd "$build"
[ -f Makefile ] || "$source/configure" CC="$CC" CFLAGS="$CFLAGS" >configure.log
jobs=$(nproc)
names=${*:-$(cd "$source/tests/fuzz" && ls fuzz-*.c | sed 's/^fuzz-//; s/\.c$//')}
# The engine brings a main of its own, so that ours is not taken from the library of fixtures.
# shellcheck disable=SC2046 # a list of libraries
make -j"$jobs" libcopse-fixtures.a libcopse-ui.a libcopse-commands.a $(make -s print-engine-libs)
for name in $names; do
  make "tests/fuzz/fuzz-$name.o"
  # shellcheck disable=SC2046
  $CC $CFLAGS $ENGINE -o "$OUT/fuzz-$name" "tests/fuzz/fuzz-$name.o" libcopse-fixtures.a \
    libcopse-ui.a libcopse-commands.a $(make -s print-engine-libs) $(make -s print-system-libs) -lm
  [ -d "$source/tests/fuzz/corpus/$name" ] && (cd "$source/tests/fuzz/corpus/$name" && zip -qr "$OUT/fuzz-${name}_seed_corpus.zip" .) || :
done
cp "$source"/tests/fuzz/*.dict "$OUT"
