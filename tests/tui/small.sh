#!/bin/sh
# Terminals of every size, one column wide too: the program waits and does not end.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
report $? "it starts"
pid=$(copse_pid)
for size in 1x1 1x24 2x2 80x1 29x5 30x6 200x60 1x60 80x24; do
  t resize-window -x "${size%x*}" -y "${size#*x}"
  keys j Enter l q
  kill -0 "$pid" 2>/dev/null
  report $? "$size"
done
check_for 'PARAMS' "the forest is back in its size"
keys Q
check_for 'READY>' "it quits"
finish
