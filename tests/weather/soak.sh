#!/bin/sh
# Plants a wood, trains an expert on it, and presses random keys in the interface over it. One line of figures; exit
# status 1 when the memory grew. usage: COPSE=copse soak.sh SOAK [SECONDS [SEED]]   (make soak)
soak=$1 seconds=${2:-180} seed=${3:-1}
dir=$(mktemp -d "${TMPDIR:-/tmp}/soak.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
export XDG_STATE_HOME="$dir/home" OPENBLAS_NUM_THREADS=1
# What is freed is handed on soon, so that memory which grows is memory that is kept.
export ASAN_OPTIONS="quarantine_size_mb=4:${ASAN_OPTIONS-}"
"$COPSE" plant "$dir/wood" --kind scenes --concepts 8 --seed 5 --quiet >/dev/null &&
  "$COPSE" train "$dir/wood" --epochs 2 --expert probex --state "$dir/state" --quiet >/dev/null || exit 99
cd "$dir" && "$soak" "$dir/wood" "$dir/state" "$seconds" "$seed"
