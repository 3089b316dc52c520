#!/bin/sh
# What each command refuses: the status, and the words a person reads, whole.
: "${COPSE:=build/copse}"
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
XDG_STATE_HOME=$dir/state HOME=$dir/home HF_HOME=$dir/home/hf
export XDG_STATE_HOME HOME HF_HOME
mkdir "$dir/empty" "$dir/full" "$dir/home"
n=0
expect() { # status, words, arguments...
  want=$1 words=$2
  shift 2
  out=$("$COPSE" "$@" 2>&1 </dev/null)
  got=$?
  n=$((n + 1))
  if [ $got -eq "$want" ] && echo "$out" | grep -qF -- "$words"; then
    echo "ok $n - copse $*" | sed "s|$dir|DIR|g"
  else
    echo "not ok $n - copse $* (status $got, wanted $want and '$words')"
    echo "$out" | sed 's/^/# /'
  fi
}
# A model from a header and so many bytes, all of which are the letter 0x3f (0.747 as a number) or another.
weights() { # path, bytes of numbers, header, letter in octal
  mkdir -p "$(dirname "$1")"
  length=$(printf '%s' "$3" | wc -c)
  { printf "\\$(printf %o $((length % 256)))\\$(printf %o $((length / 256)))\\0\\0\\0\\0\\0\\0"
    printf '%s' "$3"
    head -c "$2" /dev/zero | tr '\0' "\\${4:-77}"; } >"$1"
}
tensor() { # name, shape, first byte, end
  printf '"%s":{"dtype":"F32","shape":[%s],"data_offsets":[%s,%s]}' "$@"
}
wood=$dir/wood
weights "$wood/one.safetensors" 256 "{$(tensor net.a.weight 8,8 0 256)}"
weights "$wood/two.safetensors" 512 "{$(tensor net.a.weight 8,16 0 512)}" 76
echo x >"$dir/full/file"

# options of all commands
expect 2 '--memory wants a size such as 512M or 8G' scan --memory=lots "$dir/empty"
expect 2 '--shard wants K/N with K from 1 to N, such as 3/16' eval --shard=4/3 "$wood"
expect 2 '--threads must be 0 or more' scan --threads=-1 "$dir/empty"
expect 2 '--stores says nothing here: no folder is read' doctor --stores
expect 2 "no tool's folder of models was found here: name a folder" scan --stores
expect 1 'is neither a folder nor a file: name a folder, an archive or a weight file' scan /dev/null

# several processes of a copse that knows of one
case $("$COPSE" --version) in
*MPI*) ;;
*) OMPI_COMM_WORLD_SIZE=2 expect 2 'several processes were started together, and this copse was built without MPI' scan "$wood" ;;
esac

# a download that was begun: room for all of it, and nearly none of it written
weights "$dir/begun/one.safetensors" 256 "{$(tensor net.a.weight 8,8 0 256)}"
weights "$dir/begun/large.safetensors" 0 "{$(tensor net.a.weight 8192,4096 0 134217728)}"
truncate -s $((134217728 + 8 + $(printf '{%s}' "$(tensor net.a.weight 8192,4096 0 134217728)" | wc -c))) "$dir/begun/large.safetensors"
expect 0 'nine tenths of it were never written: a download not finished?' tree "$dir/begun"
expect 1 'large.safetensors: its weights cannot be read' merge-recipe "$dir/begun" large.safetensors

# words that are one of a few
expect 2 "unknown format 'x'; there are csv, jsonl, html, paths, dot, newick, cyclonedx and hand" export -f x "$wood"
expect 2 '--format: outline, phylogram, json, dot or newick, not x' tree --format=x "$wood"
expect 2 '--rule: pooled, mother or mother-reversed, not x' tree --rule=x "$wood"
expect 2 "--paths takes unfinished, old, orphaned or superseded, not 'x'" space --paths=x "$wood"
expect 2 "--keep takes auto, oldest, smallest, hub or a pattern with * or /, not 'x'" duplicates --keep=x "$wood"
expect 2 "unknown expert 'x'; there are: auto, kernel, probex, multiview, dense, statnn" train --expert=x "$wood"
expect 2 "unknown task 'x'; there are: align, classify" train --task=x "$wood"
expect 2 "unknown views 'x'; there are: xu, xxtu, xtu, xtxu (several with commas), or all" \
  train --expert=multiview --views=x "$wood"
expect 2 '--views is for --expert multiview' train --expert=kernel --views=xu "$wood"
expect 2 '--tree: trees are counted from 1' train --tree=0 "$wood"
expect 2 '--out and --read-only exclude each other' train --read-only --out "$dir/x.safetensors" "$wood"
expect 2 '-n must be 0 or more' query -n -1 "$wood" fox
expect 2 '-n must be 0 or more' text nearest -n -1 fox
expect 2 'two texts are needed; usage: copse text encode|tokens|similar|nearest TEXT [TEXT]' text similar fox
expect 2 'one text is needed; usage: copse text encode|tokens|similar|nearest TEXT [TEXT]' text encode a b
expect 2 'what is to be done with the text is not known' text x fox
expect 2 "no prompts 'x': none, photo, photos, art, or up to 64 templates with one {} each, separated by |" \
  text encode --prompts=x fox

# planting
expect 2 '--kind: scenes, classes, wood, woods, hard or stars, not x' plant --kind=x "$dir/new"
expect 2 'planting writes: not --read-only' plant --read-only "$dir/new"
expect 2 '--setting and --children are for --kind stars' plant --kind=wood --children=5 "$dir/new"
expect 2 'the setting of stars is one of ' plant --kind=stars --setting=x "$dir/new"
expect 2 'a positive number, not -1' plant --models=-1 "$dir/new"
expect 2 'trained models a tree: 5 to 200, not 1' plant --kind=stars --children=1 "$dir/new"
expect 2 'models of a concept: 1 to ' plant --kind=scenes --models=100000 "$dir/new"
expect 1 "$dir/full is not empty: name a new folder to plant in" plant "$dir/full"
expect 1 "$dir/full/file is no folder that can be read" plant "$dir/full/file"
expect 1 "$dir/full/file/new cannot be made: Not a directory" plant "$dir/full/file/new"
expect 2 'the truth must lie outside the folder that is planted' plant --truth "$dir/new/truth.json" "$dir/new"

# one model of many
expect 1 "the interface needs a terminal; 'copse --help' lists the commands" "$wood"
expect 2 "no model's tree is known yet: ask for the forest first (copse tree DIR)" query "$wood" 'tree:1'
expect 2 'it holds 2 models: name one of them, copse show DIR MODEL' show "$wood"
expect 1 "it holds no model; 'copse scan' says what was left out, and why" show "$dir/empty"
expect 2 "$wood holds 2 models: name one of their files" diff "$wood" "$wood"
expect 2 'verify needs --against B: what A should be' verify "$wood/one.safetensors"
expect 1 'there is no model to verify against' verify "$wood/one.safetensors" --against "$dir/empty"
expect 3 'different: no tensor of the same name and shape' verify "$wood/one.safetensors" --against "$wood/two.safetensors"
expect 1 'one is not known to be a merge of models that are here' merge-recipe "$wood" one.safetensors

# by hand
expect 2 "'x' is not KEY=VALUE" set "$wood" one.safetensors x
expect 2 "'x' cannot be set by hand; what can is " set "$wood" one.safetensors x=y
expect 1 'nothing is written with --read-only: leave it out to keep what is set by hand' \
  set --read-only "$wood" one.safetensors label=fox
expect 2 "--prefer takes mine or theirs, not 'x'" import --prefer=x "$wood" "$dir/hand"
expect 0 'one.safetensors: kept by hand' set "$wood" one.safetensors label=fox
"$COPSE" export -f hand "$wood" >"$dir/hand"
expect 0 'kept by hand' set "$wood" one.safetensors label=wolf
expect 2 '1 value contradicts: say --prefer mine or --prefer theirs; nothing was taken over' import "$wood" "$dir/hand"
"$COPSE" set "$wood" one.safetensors label=fox note=red >/dev/null
"$COPSE" export -f hand "$wood" >"$dir/hand"
"$COPSE" set "$wood" one.safetensors label=wolf note=grey >/dev/null
expect 2 '2 values contradict: say --prefer mine or --prefer theirs; nothing was taken over' import "$wood" "$dir/hand"
echo '[x' >"$dir/hand"
expect 1 'not a file of facts by hand: ' import "$wood" "$dir/hand"
printf '[x]\nlabel=fox\n' >"$dir/hand"
expect 1 "[x] is no key of a model's content" import "$wood" "$dir/hand"
cp "$wood/one.safetensors" "$wood/same.safetensors"
expect 2 'holds the same weights: a model is not its own parent' set "$wood" one.safetensors parent=same.safetensors

# labels and training
expect 1 'no model carries a label (concept, imagenet_class_name' train "$dir/empty"
expect 1 'too few labels: no model has one from ' train --label=colour "$wood"
printf 'one.safetensors,fox\none.safetensors,wolf\n' >"$dir/labels.csv"
expect 1 "leave one out, or use --task classify" train --label="@$dir/labels.csv" "$wood"
printf '\0' >"$dir/labels.csv"
expect 1 'is no table of labels: a text file of lines "path,label", of 64 MB at most, is wanted' \
  train --label="@$dir/labels.csv" "$wood"
expect 1 "labels, none on as many models as asked for: lower --min-count" train --label=name --min-count=9 "$wood"
expect 2 'the number of epochs must be at least 1' train --label=name --epochs=0 "$wood"
expect 2 'the batch must be at least 1' train --label=name --batch=0 "$wood"
expect 2 'probes, proj and rep must be at least 1' train --label=name --probes=0 "$wood"
expect 2 'the learning rate must be above 0 and below 10' train --label=name --lr=11 "$wood"
expect 1 "cannot write into $dir/nowhere: name another place with --out" \
  train --label=name --out "$dir/nowhere/x.safetensors" "$wood"

for i in 1 2 3 4 5 6; do
  for animal in fox wolf; do
    letter=$i$([ $animal = fox ] && echo $i || echo 0)
    weights "$dir/zeros/$animal/$i.safetensors" 256 "{$(tensor net.a.weight 8,8 0 256)}" 0
    weights "$dir/rows/$animal/$i.safetensors" 32 "{$(tensor net.a 8 0 32)}" $letter
    weights "$dir/lora/$animal/$i.safetensors" 128 \
      "{$(tensor net.a.lora_A.weight 2,8 0 64),$(tensor net.a.lora_B.weight 8,2 64 128)}" $letter
  done
done
expect 1 'no training model holds numbers one can reckon with: all are zeros, or none are numbers; name another layer' \
  train --task=classify --label=folder --min-count=2 --expert=kernel "$dir/zeros"
expect 1 'layer to train on' train --task=classify --label=folder --min-count=2 --expert=probex "$dir/rows"
expect 2 'a low-rank layer is already a change from its base and is not centred: use --input scaled or raw' \
  train --task=classify --label=folder --min-count=2 --expert=probex --input=centred "$dir/lora"

# experts and questions
expect 2 'which expert? DIR FILE takes one of a collection, --expert FILE one in a file' export-expert "$dir/x"
expect 1 'no expert was trained on this collection yet (copse train DIR)' export-expert "$wood" "$dir/x"
expect 1 "no expert 'x': neither trained here nor a file" apply "$wood/one.safetensors" --expert x "$wood"
expect 2 'no list '"'@nowhere'"': there are @cifar100, @imagenet, @tiny-imagenet and @FILE' text nearest fox --among @nowhere
: >"$dir/none.txt"
expect 2 'the list of labels is empty: write one a line' text nearest fox --among "@$dir/none.txt"
expect 2 'a date such as 2024, 2024-05 or 2024-05-17 is expected' query "$wood" 'date:2024-01..2024-99'
expect 2 'a number such as 16, 100M or 1.5GB, or a date such as 2024-05-17, is expected' query "$wood" 'x:>y'
expect 2 'a field to sort by is expected' query "$wood" 'sort:'
expect 2 'a colon is expected here' query "$wood" 'sort=params'
expect 2 'is known in the forest alone: filter there, or see copse export' query "$wood" 'children:>1'

# an expert in a file: one probe, two classes
expert() { # path, metadata
  weights "$1" 88 "{\"__metadata__\":{\"copse.version\":\"1\",$2\"copse.task\":\"classify\"},$(
    tensor probes.weight 8,1 0 32),$(tensor shared_probe_proj.weight 1,8 32 64),$(
    tensor per_probe_encoders.weight 1,1 64 68),$(tensor per_probe_encoders.bias 1 68 72),$(
    tensor classification_head.weight 2,1 72 80),$(tensor classification_head.bias 2 80 88)}"
}
named=$dir/named.safetensors bare=$dir/bare.safetensors
expert "$named" '"copse.layer":"net.a","copse.labels":"[\"fox\",\"wolf\"]",'
expert "$bare" ''
expect 2 'FILE is to be written, and --read-only forbids it' export-expert --read-only --expert "$named" "$dir/x"
expect 1 "does not know the class 'owl'; it has 2, see copse apply" classify --expert "$named" --labels=owl,fox "$wood" one.safetensors
expect 2 'does not say which layer it reads: name it with --layer' eval --expert "$bare" --labels=fox,wolf "$wood"
expect 2 '--labels names 3 classes, and expert bare has 2' eval --expert "$bare" --layer=net.a --labels=fox,wolf,owl "$wood"
expect 1 'does not name its classes, so it cannot be judged: name them with --labels' \
  eval --expert "$bare" --layer=net.a "$wood"
weights "$dir/text.safetensors" 92 "{$(tensor probes.weight 8,1 0 32),$(tensor shared_probe_proj.weight 1,8 32 64),$(
  tensor per_probe_encoders.weight 1,1 64 68),$(tensor per_probe_encoders.bias 1 68 72),$(
  tensor regression_head.weight 1,4 72 88),$(tensor regression_head.bias 1 88 92)}"
expect 2 'does not say which text encoder it was trained with: name it with --encoder' \
  classify --expert "$dir/text.safetensors" --layer=net.a "$wood" one.safetensors
expect 0 "not of this expert's tree" apply --expert "$named" "$wood"
expect 2 'was trained on layer net.a and says nothing of net.b: leave --layer out' \
  apply --expert "$named" --layer=net.b "$wood"

expect 2 "an expert of another kind or of other views than this run's" \
  train --task=classify --label=folder --min-count=2 --expert=multiview --init "$named" "$dir/lora"
expect 1 "no layer of wolf/5.safetensors has numbers enough to train on: name one with --layer" \
  train --task=classify --label=folder --min-count=2 --expert=kernel "$dir/rows"
expect 1 "and no #x" train --task=classify --label=folder --min-count=2 --layer='#x' "$dir/lora"
expect 1 "matches '#99': copse show lists them" sweep --task=classify --label=folder --min-count=2 --layers='#99' "$dir/lora"
expect 1 "matches 'x*': copse show lists them" sweep --task=classify --label=folder --min-count=2 --layers='x*' "$dir/lora"

# states
mkdir "$dir/mine"
"$COPSE" scan -q --state "$dir/mine" "$wood" >/dev/null
expect 2 'states are joined by writing: not --read-only' merge-state --read-only "$wood" "$dir/mine"
"$COPSE" scan -q --state "$dir/theirs" "$dir/empty" >/dev/null
expect 1 'made for another folder, or not a catalog: nothing of it is taken' merge-state "$wood" "$dir/theirs"
expect 1 'there is no catalog' merge-state "$wood" "$dir/nowhere"
echo "1..$n"
