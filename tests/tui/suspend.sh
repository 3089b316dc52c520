#!/bin/sh
# Ctrl-Z gives the terminal back to the shell; fg brings the screen back, in the window's new size.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
pid=$(copse_pid)
keys j C-z
until_ok hides 'PARAMS'
report $? "the screen is given back"
stopped() { grep -q '^State:.*stopped' "/proc/$pid/status"; }
if [ -r "/proc/$pid/status" ]; then
  until_ok stopped
  report $? "the process has stopped"
fi
keys 'stty -a | tr " " "\n" | grep -x -e -\\?echo' Enter
check_for '^echo' "the shell has an ordinary terminal"
t resize-window -x 100 -y 20
keys fg Enter
check_for 'PARAMS' "fg brings it back"
keys G
check_for '30 models' "and it answers"
fits() { [ "$(screen | sed -n '20p' | grep -c 'quit')" -eq 1 ]; }
until_ok fits
report $? "in the size of now"
keys Q
wait_gone 'PARAMS'
check_for 'READY>' "it quits"
finish
