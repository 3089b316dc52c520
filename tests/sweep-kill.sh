#!/bin/sh
# `copse sweep` killed at any moment and started again: the layers that were kept are taken as they are, each other one is
# trained once, and the table is that of a sweep that nobody disturbed.
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
export XDG_STATE_HOME="$dir/state" OPENBLAS_NUM_THREADS=1
n=0
check() { # name, status
  n=$((n + 1))
  [ "$2" -eq 0 ] && echo "ok $n - $1" || echo "not ok $n - $1"
}
say() { "$COPSE" "$@" --quiet --threads 1; }
table() { # state
  say sweep "$dir/wood" --state "$1" --expert "$kind" $steps --json | grep -v '"seconds"'
}
kept() { find "$1/experts" -maxdepth 1 -name '*.safetensors' -exec ls -i {} + 2>/dev/null | sort; }

say plant "$dir/wood" --kind scenes --concepts 8 --models 3 --seed 5 >"$dir/planted"
check "a wood is planted" $?
for kind in kernel probex; do
  [ $kind = probex ] && steps='--epochs 2' || steps=
  table "$dir/whole-$kind" >"$dir/expected"
  check "a sweep of the kind $kind" $?
  layers=$(kept "$dir/whole-$kind" | wc -l)
  lost=0 anew=0 other=0 some=0
  blows=0
  # Layers that are done before it is killed; a machine that is through with all by then is struck again.
  for first in 1 2 $((layers / 2)) 1 1 1 1 1 1 1; do
    blows=$((blows + 1))
    [ "$blows" -gt 3 ] && [ "$some" -eq 1 ] && break
    rm -rf "$dir/killed"
    "$COPSE" sweep "$dir/wood" --state "$dir/killed" --expert $kind $steps --quiet --threads 1 >"$dir/cut" 2>&1 &
    job=$!
    while kill -0 $job 2>/dev/null && [ "$(kept "$dir/killed" | wc -l)" -lt "$first" ]; do sleep 0.01; done
    [ "$blows" -gt 3 ] || sleep 0.0$first # now it is somewhere in the next
    kill -KILL $job 2>/dev/null
    wait $job 2>/dev/null
    kept "$dir/killed" >"$dir/before"
    done=$(wc -l <"$dir/before")
    [ "$done" -gt 0 ] && [ "$done" -lt "$layers" ] && some=1
    table "$dir/killed" >"$dir/again"
    kept "$dir/killed" >"$dir/after"
    [ -z "$(comm -23 "$dir/before" "$dir/after")" ] || anew=1
    [ "$(wc -l <"$dir/after")" -eq "$layers" ] || lost=1
    cmp -s "$dir/expected" "$dir/again" || other=1
  done
  late=
  [ "$some" -eq 1 ] || late=' # SKIP it was always through'
  check "$kind: killed in the midst of layers$late" 0
  check "$kind: what was kept is not done anew" $anew
  check "$kind: as many experts as there are layers" $lost
  check "$kind: the same table" $other
done
echo "1..$n"
