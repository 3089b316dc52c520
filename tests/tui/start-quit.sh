#!/bin/sh
# Starts, shows, quits, and leaves the terminal as it was.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
keys "stty -g >'$work/before'" Enter
until_ok test -s "$work/before"
run_copse "'$work/wood'"
check_for 'fox-1' "the models are listed"
check_for '30 models' "the collection is summed up"
wait_for '/wood'
keys '?'
check_for 'In most places' "help opens"
keys q Q
check_for 'READY> *$' "the shell is back"
keys "stty -g >'$work/after'; echo status \$?" Enter
wait_for 'status 0'
cmp -s "$work/before" "$work/after"
report $? "the terminal's modes are as before"
t display-message -p '#{alternate_on} #{cursor_flag}' | grep -q '^0 1$'
report $? "the first screen and the cursor are back"
TERM=dumb "$COPSE" "$work/wood" </dev/null >"$work/out" 2>&1
test $? -ne 0 && grep -q terminal "$work/out"
report $? "without a terminal it says so"
finish
