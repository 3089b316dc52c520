#!/bin/sh
# Writes lists.mk: what each folder of the house and of the tests holds, in Make's words. Run by autoreconf
# (from configure.ac) and by ./bootstrap, so that a new file is built and a new test runs without being listed.
# The file is touched only when a list has changed.
set -eu
cd "$(dirname "$0")/.."
LC_ALL=C
export LC_ALL
[ -w . ] || exit 0 # an archive brings its lists

sources() { find "$1" -type f \( -name '*.c' -o -name '*.h' -o -name '*.def' \) ! -path src/main.c | sort; }
list() { # NAME, words on standard input
  printf '%s =' "$1"
  awk '{ printf " \\\n\t%s", $0 } END { print "" }'
}
programs() { sed 's/\.c$//'; }

{
  for folder in src/*/ ui/; do
    folder=${folder%/}
    name=$(basename "$folder")
    echo "noinst_LIBRARIES += libcopse-$name.a"
    sources "$folder" | list "libcopse_${name}_a_SOURCES"
  done
  { sources tests/unit; sources tests/bench; sources tests/fuzz; } | grep -vE '/[a-z]+-[a-z-]+\.c$|/(reproduce|bench)\.c$' |
    { cat; echo tests/fuzz/run-corpus.c; } | list fixture_sources
  find tests/unit -name 'test-*.c' | sort | programs | list unit_tests
  find tests/fuzz -name 'fuzz-*.c' | sort | programs | list fuzz_tests
  find tests/fuzz -name 'make-*.c' | sort | programs | list seed_programs
  find tests/bench -name '*-*.c' -o -name bench.c -o -name reproduce.c | sort | programs | list bench_programs
  find tests -name '*.sh' ! -name lib.sh ! -name run-test.sh ! -name coverage.sh ! -name mutants.sh ! -path 'tests/weather/*' \
    ! -name oss-fuzz.sh | sort | list script_tests
  sed -n 's/^ *{"\([a-z-]*\)", .*/\1/p' src/commands/command_table.c | list command_names
  sed -n 's/^ *{"\([a-z-]*\)", .*/copse-\1.1/p' src/commands/command_table.c | list command_pages
  for folder in core numerics archives weights collection encoders lineage experts search session; do
    sources "src/$folder"
  done | grep -E '\.(h|def)$' | list engine_headers
  find man/commands -name '*.man' | sort | list command_prose
  find docs -name '*.md' | sort | list documents
  find docs data man tests -type f ! -name '*.[oacdh]' ! -name '*.trs' ! -name '*.log' ! -path '*/corpus/*' ! -path '*/golden/*' \
    ! -path '*/fixtures/*' ! -path '*/.*' -name '*.*' | sort | list texts
} >lists.mk.new

if cmp -s lists.mk.new lists.mk; then rm lists.mk.new; else mv lists.mk.new lists.mk; fi
