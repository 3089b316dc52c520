#!/bin/sh
# The command line as a contract: exit statuses, messages, JSON.
: "${COPSE:=build/copse}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
XDG_STATE_HOME=$dir/state
export XDG_STATE_HOME
mkdir "$dir/empty"
n=0
expect() { # status, text on stdout or stderr (a basic regular expression), arguments...
  want=$1 text=$2
  shift 2
  out=$("$COPSE" "$@" 2>&1 </dev/null)
  got=$?
  n=$((n + 1))
  if [ $got -eq "$want" ] && echo "$out" | grep -q -- "$text"; then
    echo "ok $n - copse $*"
  else
    echo "not ok $n - copse $* (status $got, wanted $want and '$text')"
    echo "$out" | sed 's/^/# /'
  fi
}
expect 0 'usage: copse' --help
expect 0 'copse 0' --version
expect 0 'usage: copse' help
expect 0 'Usage' help scan
for command in scan show what tree route base merge-recipe duplicates conflicts diff verify train sweep query eval classify like apply map plant demo doctor text export export-expert space bench set note import stores what space labels; do
  expect 0 'Usage' "$command" --help
done
expect 2 'too few arguments' scan
expect 2 'too many arguments' show a b c
expect 2 'copse stores' scan
expect 2 'nonsense' scan --nonsense "$dir/empty"
expect 2 'epochs' train --epochs=0 "$dir/empty"
expect 2 'unknown preset' train --preset=none "$dir/empty"
expect 2 'memory' train --memory=lots "$dir/empty"
expect 2 'lr' train --lr=abc "$dir/empty"
expect 2 'neither a command nor a folder' nosuch
expect 0 '"ok"' --json doctor
expect 1 'does-not-exist' scan "$dir/does-not-exist"
expect 0 '"type":"summary"' scan --json "$dir/empty"
expect 0 'no models here' tree "$dir/empty"
expect 0 'no models here' tree --format=phylogram "$dir/empty"
expect 0 'no models here' scan "$dir/empty"
expect 0 'no models here' duplicates "$dir/empty"
expect 1 'no model carries a label' train "$dir/empty"
expect 1 'no expert can answer' query "$dir/empty" 'red star'
expect 1 'no model .nothing. among the 0 here' show "$dir/empty" nothing
expect 2 'one text is needed' text encode a b
expect 2 'not known' text frobnicate a
expect 2 'unknown text encoder' text encode --encoder nonsense a
expect 1 'no config.json' text encode --encoder clip:"$dir/empty" a
expect 0 'sunflower' text tokens 'a sun flower'
expect 0 'cello' text nearest violin
expect 0 '"cosine"' text similar --json fox wolf
expect 0 '"dim":.*100' text encode --json fox
expect 2 'no list' text nearest fox --among @nowhere
expect 2 'character 6: the quote' query "$dir/empty" 'star "red'
expect 0 'matrix products' doctor
expect 0 '"ok"' doctor --json
# A bad file costs one row, never the scan.
printf 'abc' >"$dir/empty/cut.safetensors"
expect 0 'cut.safetensors.*too short' scan "$dir/empty"
expect 0 '"type":"skipped","path":"cut.safetensors"' scan --json "$dir/empty"
# Several places are one collection, and a file is one too.
mkdir "$dir/hf"
HF_HOME=$dir/hf HOME=$dir/empty
export HF_HOME HOME
expect 0 'no tool' stores
expect 2 'no tool' scan --stores
mkdir -p "$dir/hf/hub/models--o--n/snapshots/c0ffee"
echo x >"$dir/hf/hub/models--o--n/snapshots/c0ffee/README.md"
expect 0 'Hugging Face Hub .*/hf/hub$' stores
expect 0 '"tool":.*"Hugging Face Hub"' stores --json
expect 0 'no models here' scan --stores
expect 2 'says nothing here' doctor --stores
expect 1 'cut.safetensors: too short' show "$dir/empty/cut.safetensors"
expect 0 'cut.safetensors: too short' scan "$dir/hf/hub" "$dir/empty"
expect 0 'no models here' tree "$dir/hf/hub" --also "$dir/empty/cut.safetensors" --also "$dir/empty"
expect 1 'nowhere: No such file' scan "$dir/empty" "$dir/nowhere"
expect 1 'holds no model' show "$dir/hf"
expect 0 '"specVersion":.*"1.6"' export -f cyclonedx "$dir/empty"
expect 2 'cyclonedx and hand' export -f nonsense "$dir/empty"
# An answer that cannot be written is no success.
if [ -e /dev/full ]; then
  n=$((n + 1))
  "$COPSE" doctor >/dev/full 2>/dev/null && echo "not ok $n - a full disk is noticed" || echo "ok $n - a full disk is noticed"
fi
# Models made by hand: NAME.safetensors below $dir from a header and so many bytes.
weights() { # path, bytes of numbers, header
  mkdir -p "$(dirname "$1")"
  length=$(printf '%s' "$3" | wc -c)
  { printf "\\$(printf %o $((length % 256)))\\$(printf %o $((length / 256)))\\0\\0\\0\\0\\0\\0"
    printf '%s' "$3"
    head -c "$2" /dev/zero | tr '\0' '\77'; } >"$1"
}
tensor() { # name, shape, first byte, end
  printf '"%s":{"dtype":"F32","shape":[%s],"data_offsets":[%s,%s]}' "$@"
}
base="{$(tensor net.a.weight 8,8 0 256),$(tensor net.b.weight 8,8 256 512)}"
lora="{$(tensor net.a.lora_A.weight 2,8 0 64),$(tensor net.a.lora_B.weight 8,2 64 128)}"
alien="{$(tensor far.z.lora_A.weight 2,8 0 64),$(tensor far.z.lora_B.weight 8,2 64 128)}"
weights "$dir/wood/one.safetensors" 512 "$base"
weights "$dir/wood/two.safetensors" 768 "{$(tensor net.a.weight 8,8 0 256),$(tensor net.b.weight 8,16 256 768)}"
weights "$dir/away/fits/model.safetensors" 128 "$lora"
weights "$dir/away/alien/model.safetensors" 128 "$alien"
weights "$dir/away/half.safetensors" 256 "{$(tensor net.b.weight 8,8 0 256)}"
expect 0 '^path       one.safetensors' show "$dir/wood/one.safetensors"
expect 2 'it holds 2 models: name one' show "$dir/wood"
expect 0 '^1 model, 0 files skipped' scan "$dir/wood/one.safetensors"
expect 0 '2 models, 0 files skipped' scan "$dir/wood"
expect 0 '^2 weight files opened' scan --state "$dir/fresh" "$dir/wood"
expect 0 'no base that this adapter fits' route "$dir/wood" "$dir/away/alien"
expect 0 'no base here fits' base "$dir/wood" "$dir/away/alien"
expect 0 '1 of 1 layers fit' base "$dir/wood" "$dir/away/fits"
expect 0 'and 1 more' base -n 1 "$dir/wood" "$dir/away/fits"
expect 0 '"more":.*1' base --json -n 1 "$dir/wood" "$dir/away/fits"
expect 0 'base. lists what it fits' route "$dir/wood" "$dir/away/fits/model.safetensors"
weights "$dir/wood/three/model.safetensors" 128 "$lora"
expect 0 '1 of 1 layers fit' base "$dir/wood" "$dir/wood/three"
expect 2 'holds 3 models' route "$dir/wood" "$dir/away"
expect 0 '^A is an adapter: what it adds to B$' diff "$dir/away/fits" "$dir/wood/one.safetensors"
expect 0 '^LAYER  STATE .*of A.s size' diff "$dir/away/fits" "$dir/wood/one.safetensors"
expect 0 '^net.a  adapter .* rank 2$' diff "$dir/away/fits" "$dir/wood/one.safetensors"
expect 0 '^B is an adapter: what it adds to A$' diff "$dir/wood/one.safetensors" "$dir/away/fits"
for step in 100 200; do weights "$dir/long/a-folder-of-a-long-name/a-run-that-has-one-too/steps-$step.safetensors" 256 "{$(tensor net.a.weight 8,8 0 256)}"; done
expect 0 '^a-folder.*…-200.safetensors  ' what "$dir/long"
expect 0 '^net.a  only in A    8x8            -$' diff "$dir/wood/one.safetensors" "$dir/away/half.safetensors"
expect 0 '^net.a  only in B    -              8x8$' diff "$dir/away/half.safetensors" "$dir/wood/one.safetensors"
expect 0 '^1 same; 1 only in A; layers moved 0 in all$' diff "$dir/wood/one.safetensors" "$dir/away/half.safetensors"
expect 0 'one.safetensors: the same, number for number$' verify "$dir/wood/one.safetensors" --against "$dir/wood/one.safetensors"
expect 3 'different: 1 of 2 tensors' verify "$dir/wood/one.safetensors" --against "$dir/away/half.safetensors"
expect 1 'nowhere' verify "$dir/wood/one.safetensors" --against "$dir/nowhere"
expect 2 'needs --against' verify "$dir/wood/one.safetensors"
expect 3 "in all$" diff --exit-code "$dir/wood/one.safetensors" "$dir/away/half.safetensors"
expect 0 "^1 same; layers moved 0 in all$" diff --exit-code "$dir/away/fits" "$dir/away/fits"
# A state belongs to one collection.
mkdir "$dir/other"
expect 0 summary scan --json --state "$dir/mine" "$dir/empty"
expect 1 'was made for' scan --state "$dir/mine" "$dir/other"
echo "1..$n"
