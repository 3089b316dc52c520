#!/bin/sh
# What goes over a slow line: little for a step of the cursor.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
sent() { wc -c <"$work/bytes" 2>/dev/null || echo 0; }
t pipe-pane -o "cat >>'$work/bytes'"
keys j && until_ok test -s "$work/bytes"
: >"$work/bytes"
for _ in 1 2 3 4 5 6 7 8 9 10; do
  before=$(sent)
  keys j
  grew() { [ "$(sent)" -gt "$before" ]; }
  until_ok grew
done
count=$(sent)
echo "# $count bytes for 10 steps"
test "$count" -gt 0 && test "$count" -lt 3000
report $? "a step of the cursor takes less than 300 bytes"
keys Q
check_for 'READY>' "it quits"
finish
