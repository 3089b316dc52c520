#!/bin/sh
# The demo: its answers stay on the screen until a key is pressed, what is not right is said, and a second run plants and
# trains nothing. A smaller wood than its own is there already.
. "$(dirname "$0")/lib.sh"
OPENBLAS_NUM_THREADS=1 "$COPSE" plant "$work/wood" --kind hard --concepts 20 --models 3 -q >"$work/out" 2>&1
report $? "a wood is planted"
terminal 160 50
run_copse "demo '$work/wood'"
check_for 'press a key to go on' "it waits for a key"
shows 'copse train'
report $? "it has trained"
shows 'what is hard' && shows 'are taken for another' && shows 'guessing'
report $? "what is not right is said, beside guessing"
shows 'that the expert never saw, asked for in words' && shows 'first: '
report $? "and what it answers"
sleep 1
hides 'READY> *$'
report $? "the answers stay"
ls -lR --time-style=full-iso "$work/state/copse/experts" >"$work/before"
keys x
check_for 'READY> *$' "a key goes on"
keys clear Enter
wait_gone 'press a key'
run_copse "demo '$work/wood'"
check_for 'press a key to go on' "it runs again"
shows 'trained before' && hides 'copse plant' && hides 'copse train .*wood$'
report $? "and plants and trains nothing"
ls -lR --time-style=full-iso "$work/state/copse/experts" | cmp -s - "$work/before"
report $? "the expert is the same file"
keys x
wait_for 'READY> *$'
finish
