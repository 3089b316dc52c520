#!/bin/sh
# A newcomer follows docs/TUTORIAL.md to the letter: the commands of its blocks, in order, in an empty folder.
set -u
: "${COPSE:?}" "${COPSE_TEST_SRCDIR:?}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/copse-tutorial-XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin" "$dir/home" "$dir/walk"
ln -s "$COPSE" "$dir/bin/copse"
HOME=$dir/home XDG_STATE_HOME=$dir/state PATH=$dir/bin:$PATH
export HOME XDG_STATE_HOME PATH
awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$COPSE_TEST_SRCDIR/docs/TUTORIAL.md" >"$dir/commands"
cd "$dir/walk" || exit 99
n=0
while IFS= read -r line; do
  n=$((n + 1))
  if sh -c "$line" >"$dir/out" 2>&1 </dev/null; then
    echo "ok $n - $line" | sed 's/#/\\#/g'
  else
    sed 's/^/# /' "$dir/out"
    echo "not ok $n - $line" | sed 's/#/\\#/g'
  fi
  cp "$dir/out" "$dir/answer-$n"
done <"$dir/commands"
# What it promises.
promise() { # NAME, a pattern that some answer holds
  n=$((n + 1))
  if grep -qE -- "$2" "$dir"/answer-* ./* 2>/dev/null; then echo "ok $n - $1"; else echo "not ok $n - $1"; fi
}
promise "the copies are found" '^keep .*holiday'
promise "the cut file has its reason" 'cut.safetensors: '
promise "the label by hand goes first" 'black star .*by hand'
promise "an expert of one's own is there" 'patterns.safetensors'
promise "its accuracy is told" 'test .*%'
promise "the page has the experts" '>Experts</h2>'
promise "the bill is one" '"CycloneDX"'
echo "1..$n"
