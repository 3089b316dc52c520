#!/bin/sh
# Whatever kills the program, the terminal is usable afterwards.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
keys 'ulimit -c 0' Enter
keys "stty -g >'$work/before'" Enter
until_ok test -s "$work/before"
for signal in SEGV ABRT BUS TRAP QUIT TERM INT; do
  keys clear Enter
  run_copse "'$work/wood'"
  wait_for '30 models'
  pid=$(copse_pid)
  kill -$signal "$pid"
  until_ok has_ended "$pid"
  report $? "$signal ends it"
  wait_for 'READY>'
  rm -f "$work/after"
  keys "stty -g >'$work/after'" Enter
  until_ok test -s "$work/after"
  cmp -s "$work/before" "$work/after"
  report $? "$signal: the terminal's modes are as before"
  t display-message -p '#{alternate_on} #{cursor_flag}' | grep -q '^0 1$'
  report $? "$signal: the first screen and the cursor are back"
done
finish
