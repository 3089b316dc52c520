#!/bin/sh
# Several processes at one job, where the program was built for it (./configure --with-mpi) and mpirun is there: on two
# ranks and on four the same models, forest, experts and answers as on one; and a killed rank loses nothing.
case $("$COPSE" --version) in
*MPI*) command -v mpirun >/dev/null || { echo "1..0 # SKIP no mpirun" && exit 0; } ;;
*) echo "1..0 # SKIP built without MPI" && exit 0 ;;
esac
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
export XDG_STATE_HOME="$dir/home" OPENBLAS_NUM_THREADS=1
# Containers forbid processes to read each other's memory; ranks may be more than processors.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
n=0
check() { # name, status
  n=$((n + 1))
  [ "$2" -eq 0 ] && echo "ok $n - $1" || echo "not ok $n - $1"
}
alone() { "$COPSE" "$@" --threads 1 --quiet; }
ranks() { # how many, words of the command
  many=$1
  shift
  timeout -k 5 300 mpirun --oversubscribe --bind-to none -n "$many" "$COPSE" "$@" --threads 1 --quiet 2>"$dir/err" </dev/null ||
    { sed 's/^/# /' "$dir/err" && return 1; }
}
# The same words in the same order, numbers to one in a thousand; those after "seconds" and the like are passed over.
same() { # file, file
  for f in "$1" "$2"; do tr -s ',:[]{} \t' '\n' <"$f" >"$f.words"; done
  paste -d ' ' "$1.words" "$2.words" | awk '
    skip { skip = 0; next }
    { skip = $1 ~ /seconds|models_per_second|"path"|"read"|"unchanged"/ && PASSED }
    $1 == $2 { next }
    $1 ~ /^-?[0-9.e+-]+$/ && $2 ~ /^-?[0-9.e+-]+$/ {
      d = $1 - $2; if (d < 0) d = -d; m = $1 < 0 ? -$1 : $1; if (d <= 1e-3 * (m + 0.1)) next }
    { print "# " $1 " is not " $2; bad = 1; if (++shown > 5) exit }
    END { exit bad }' PASSED=1
}

alone plant "$dir/wood" --kind scenes --concepts 8 --seed 5 >/dev/null && alone plant "$dir/woods" --kind woods --models 2 --seed 4 >/dev/null
check "woods are planted" $?

alone scan "$dir/woods" --state "$dir/s1" --json >"$dir/scan1" && alone tree "$dir/woods" --state "$dir/s1" --json >"$dir/tree1"
check "one process reads them" $?
for many in 2 4; do
  ranks $many scan "$dir/woods" --state "$dir/s$many" --json >"$dir/scan$many" && same "$dir/scan1" "$dir/scan$many"
  check "$many ranks find the same models" $?
  ranks $many tree "$dir/woods" --state "$dir/s$many" --json >"$dir/tree$many" && cmp -s "$dir/tree1" "$dir/tree$many"
  check "$many ranks grow the same forest" $?
done

for kind in probex kernel; do
  for many in 1 2 4; do
    if [ $many = 1 ]; then alone train "$dir/wood" --state "$dir/t1" --expert $kind --epochs 2 --json
    else ranks $many train "$dir/wood" --state "$dir/t$many" --expert $kind --epochs 2 --json; fi >"$dir/$kind$many"
    check "an expert of the kind $kind on $many" $?
    [ $many = 1 ] && continue
    same "$dir/${kind}1" "$dir/$kind$many"
    check "$kind on $many: the same figures" $?
  done
  expert=$(sed -n 's/.*"expert":[ \t]*"\([^"]*\)".*/\1/p' "$dir/${kind}1" | head -n 1)
  alone apply "$dir/wood" --state "$dir/t1" --expert "$expert" --json >"$dir/apply1"
  for many in 2 4; do
    alone apply "$dir/wood" --state "$dir/t$many" --expert "$expert" --json >"$dir/alone$many" &&
      same "$dir/apply1" "$dir/alone$many"
    check "$kind on $many: the same expert to rounding" $?
    rm -rf "$dir/t1/representations"
    ranks $many apply "$dir/wood" --state "$dir/t1" --expert "$expert" --json >"$dir/apply$many" &&
      same "$dir/apply1" "$dir/apply$many"
    check "$kind applied by $many ranks: the same answers" $?
  done
done
alone map "$dir/wood" --state "$dir/t1" --json >"$dir/map1" && rm -rf "$dir/t1/representations" &&
  ranks 2 map "$dir/wood" --state "$dir/t1" --json >"$dir/map2" && same "$dir/map1" "$dir/map2"
check "the same map" $?

alone sweep "$dir/wood" --state "$dir/w1" --expert kernel --json >"$dir/sweep1"
check "one process sweeps" $?
for many in 2 4; do
  ranks $many sweep "$dir/wood" --state "$dir/w$many" --expert kernel --json | grep -v '"expert"' >"$dir/sweep$many"
  grep -v '"expert"' "$dir/sweep1" >"$dir/sweep-1" && same "$dir/sweep-1" "$dir/sweep$many"
  check "$many ranks sweep to the same table" $?
  [ "$(ls "$dir/w1/experts" | wc -l)" -eq "$(ls "$dir/w$many/experts" | wc -l)" ]
  check "and keep as many experts" $?
done

# A rank is killed in the middle of its work: the others end soon, with a word, and what was stored goes on.
same=0
for wait in 0 0.1 0.3; do
  rm -rf "$dir/killed"
  mpirun --oversubscribe --bind-to none -n 3 "$COPSE" tree "$dir/woods" --state "$dir/killed" --threads 1 --quiet \
    >"$dir/cut" 2>&1 </dev/null &
  job=$!
  # Not before all ranks are in: mpirun waits for ever for one that dies while MPI begins.
  for _ in $(seq 100); do [ -s "$dir/killed/catalog.db" ] && break || sleep 0.1; done
  sleep "$wait"
  victim=$(ps -o pid= --ppid "$job" | tail -n 1 | tr -d ' ')
  [ -n "$victim" ] && kill -KILL "$victim" 2>/dev/null && blows=$((${blows:-0} + 1))
  begun=$(date +%s)
  wait "$job" 2>/dev/null
  ended=$?
  [ $(($(date +%s) - begun)) -le 60 ] || same=1
  [ "$ended" -eq 0 ] || [ -s "$dir/cut" ] || same=1
  ranks 3 tree "$dir/woods" --state "$dir/killed" --json >"$dir/again" && cmp -s "$dir/tree1" "$dir/again" || same=1
done
[ "${blows:-0}" -gt 0 ] && [ "$same" -eq 0 ]
check "a rank killed, started again: the same forest ($blows blows)" $?
"$COPSE" show "$dir/wood" nowhere --state "$dir/t1" --quiet >/dev/null 2>&1
[ $? -eq 1 ]
check "other commands need no ranks" $?
timeout 60 mpirun --oversubscribe --bind-to none -n 2 "$COPSE" tree "$dir/nowhere" --quiet >"$dir/cut" 2>&1 </dev/null
[ $? -eq 1 ] && grep -q nowhere "$dir/cut"
check "an error of all is told, and ends all" $?
echo "1..$n"
