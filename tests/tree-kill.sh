#!/bin/sh
# `copse tree` killed at any moment and started again ends with the same forest; and the commands that
# look at a forest answer.
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
export XDG_STATE_HOME="$dir/state"
n=0
check() { # name, status
  n=$((n + 1))
  [ "$2" -eq 0 ] && echo "ok $n - $1" || echo "not ok $n - $1"
}
say() { "$COPSE" "$@" --quiet; }

say plant "$dir/wood" --kind woods --models 2 --seed 4 >"$dir/planted"
check "woods are planted" $?
begun=$(date +%s%N)
say tree "$dir/wood" --state "$dir/whole" --json >"$dir/expected"
check "a forest is built" $?
took=$((($(date +%s%N) - begun) / 1000000)) # milliseconds

same=0
for wait in 0.01 0.03 0.06 0.1; do
  timeout -s KILL "$wait" "$COPSE" tree "$dir/wood" --state "$dir/killed-$wait" --quiet >"$dir/cut" 2>&1
  say tree "$dir/wood" --state "$dir/killed-$wait" --json >"$dir/again" || same=1
  cmp -s "$dir/expected" "$dir/again" || same=1
done
check "killed and started again, the same forest" $same

# The next of a fixed row of moments that spread over the time that the whole takes, in seconds.
drawn=1
moment() {
  ms=$((drawn * took / 65536))
  printf '%d.%03d' $((ms / 1000)) $((ms % 1000))
}
same=0
for run in 1 2 3 4 5 6; do
  drawn=$(((drawn * 25173 + 13849) % 65536)) first=$(moment)
  drawn=$(((drawn * 25173 + 13849) % 65536)) second=$(moment)
  for wait in "$first" "$second"; do
    timeout -s KILL "$wait" "$COPSE" tree "$dir/wood" --state "$dir/random-$run" --quiet >"$dir/cut" 2>&1
  done
  say tree "$dir/wood" --state "$dir/random-$run" --json >"$dir/again"
  cmp -s "$dir/expected" "$dir/again" && continue
  same=1
  echo "# killed after $first and again after $second seconds"
done
check "killed twice at random moments, the same forest" $same

for format in outline phylogram dot newick; do
  say tree "$dir/wood" --state "$dir/whole" --format $format >"$dir/$format" && [ -s "$dir/$format" ]
  check "drawn as $format" $?
done
say tree "$dir/wood" --state "$dir/whole" --format pictures >"$dir/wrong" 2>&1
[ $? -eq 2 ]
check "another format is wrong usage" $?

tr -d '\t' <"$dir/expected" | grep '^"tree":' | grep -o '[0-9]*' | sort -n | uniq >"$dir/numbers"
[ "$(head -n 1 "$dir/numbers")" -eq 1 ]
check "trees are counted from 1" $?
say train "$dir/wood" --state "$dir/whole" --tree 0 >"$dir/wrong" 2>&1
[ $? -eq 2 ]
check "there is no tree 0" $?

copy=$(grep -o '"path":"[^"]*","parent":"[^"]*","kind":"recast"' "$dir/wood.truth.json" |
  head -n 1 | cut -d '"' -f 4)
[ -n "$copy" ] || copy=$(tr -d '\n\t' <"$dir/wood.truth.json" |
  grep -o '"path":"[^"]*","parent":"[^"]*","kind":"recast"' | head -n 1 | cut -d '"' -f 4)
say duplicates "$dir/wood" --state "$dir/whole" | grep -q "recast .*$copy"
check "a recast is a duplicate" $?
say conflicts "$dir/wood" --state "$dir/whole" --json | grep -q '"conflicts"'
check "conflicts are listed" $?

one=$(find "$dir/wood" -path '*net-*' -name model.safetensors | sort | head -n 1)
say route "$dir/wood" "$one" --state "$dir/whole" | grep -q '^tree of '
check "a member is routed to its tree" $?
cp "$one" "$dir/outside.safetensors"
say route "$dir/wood" "$dir/outside.safetensors" --state "$dir/whole" --json |
  grep -q '"correlation":.*1'
check "so is a copy from outside" $?
say plant "$dir/other" --kind woods --models 2 --seed 5 >"$dir/planted"
for stranger in $(find "$dir/other" -path '*net-*' -name model.safetensors | sort | head -n 3); do
  say route "$dir/wood" "$stranger" --state "$dir/whole" || exit
done >"$dir/routes"
[ "$(grep -c '^no tree here' "$dir/routes")" -eq 3 ]
check "strangers of the same shapes have no tree here" $?

adapter=$(find "$dir/wood" -name adapter_model.safetensors | sort | head -n 1)
say base "$dir/wood" "$(basename "$(dirname "$adapter")")" --state "$dir/whole" |
  grep '^[01][.]' | head -n 1 | grep -q 'the card names it, .* layers fit'
check "the base that a card names comes first" $?
say base "$dir/wood" "$dir/outside.safetensors" --state "$dir/whole" | grep -q 'correlation'
check "bases of a full model are its kin" $?

say diff "$one" "$dir/outside.safetensors" | grep -q '^[1-9][0-9]* same; layers moved 0 in all$' &&
  ! say diff "$one" "$dir/outside.safetensors" | grep -q 'other tensors* moved'
check "a copy differs in nothing" $?
say diff "$one" "$adapter" | grep -q '^[1-9][0-9]* adapter; adds 0\.[0-9]* of the size of these layers in all$'
check "an adapter beside its base is what it adds" $?
for strength in 2 32; do
  mkdir -p "$dir/strengths/$strength" && cp "$adapter" "$dir/strengths/$strength/"
  echo "{\"peft_type\":\"LORA\",\"r\":4,\"lora_alpha\":$strength}" >"$dir/strengths/$strength/adapter_config.json"
done
say duplicates "$dir/strengths" --state "$dir/ss" | grep -q '^0 copies'
check "adapters of other strength are no copies" $?
say diff "$dir/strengths/2" "$dir/strengths/32" | grep -q 'layers moved 15 in all'
check "and differ by it" $?
echo "1..$n"
