#!/bin/sh
# Terminals and surroundings that cannot show everything: what cannot be shown is said, and what can is.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
# Runs the rest of the line and waits for its end: the status is printed behind a number of its own.
runs=0
ends_with() { # status, what, command line
  runs=$((runs + 1))
  keys "clear; $3; echo run $runs ended \$?" Enter
  check_for "^run $runs ended $1" "$2"
}
for name in dumb no-such-terminal ''; do
  ends_with 1 "TERM='$name' ends it with a failure" "TERM='$name' '$COPSE' '$work/wood'"
  shows "TERM=$name cannot show"
  report $? "that is named"
  shows 'copse --help'
  report $? "and what does without is said"
done
ends_with 1 "without a keyboard it ends with a failure" "'$COPSE' '$work/wood' </dev/null"
shows 'needs a terminal'
report $? "and says what it needs"
ends_with 0 "without a screen, too" "! '$COPSE' '$work/wood' >'$work/out'"
shows 'needs a terminal' && [ ! -s "$work/out" ]
report $? "and says so where it is seen"

# An escape that sets a colour, or that turns to bold: the first must go, the second may stay.
coloured() { t capture-pane -pe | grep -q "$(printf '\033')\[[0-9;]*3[0-7]m"; }
ends_with 0 "the shell goes on" true
run_copse "'$work/wood'"
wait_for '/wood *$' && until_ok coloured
report $? "there are colours"
keys Q && wait_for 'READY>'
ends_with 0 "it quits" true
keys "NO_COLOR=1 '$COPSE' '$work/wood'" Enter
wait_for '30 models' && wait_for '/wood *$'
report $? "with NO_COLOR it starts"
coloured && none=1 || none=0
report $none "and shows none"
keys Q && wait_for 'READY>'
ends_with 0 "it quits" true
keys "LC_ALL=C '$COPSE' '$work/wood'" Enter
wait_for '30 models' && wait_for '/wood *$'
report $? "without UTF-8 it starts"
keys '*' y
wait_for 'hash of the arch'
report $? "a box is drawn"
screen | LC_ALL=C grep -q '[^ -~]' && foreign=1 || foreign=0
report $foreign "with ASCII alone"
keys Escape Q && wait_for 'READY>'

printf 'list fox\nquit\n' | "$COPSE" "$work/wood" --plain >"$work/out" 2>&1
report $? "--plain needs no terminal"
grep -q 'fox-1.safetensors, full' "$work/out" && ! LC_ALL=C grep -q '[^ -~]' "$work/out"
report $? "and sends characters alone"
finish
