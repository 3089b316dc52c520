#!/bin/sh
# A storm of sizes, down to one that is too small, and back.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
# A shell may export the size it once had; the window's own counts.
keys 'export LINES=24 COLUMNS=80' Enter
run_copse "'$work/wood'"
wait_for '30 models'
for size in '40 10' '200 60' '20 3' '132 43' '33 7' '1 1' '80 6' '100 30' '60 12' '25 5'; do
  t resize-window -x "${size% *}" -y "${size#* }"
done
check_for 'copse needs' "a small window is told the size it needs"
t resize-window -x 120 -y 30
check_for '30 models' "it comes back"
check_for '5 Map' "with all tabs"
fits() { [ "$(screen | sed -n '30p' | grep -c 'quit')" -eq 1 ]; }
until_ok fits
report $? "the keys stand in the last row"
keys f
wait_for 'filter:'
t resize-window -x 50 -y 12
wait_for 'filter:'
keys 'owl' Enter
check_for '5 match' "a prompt outlives a resize"
keys Q
check_for 'READY>' "it quits"
finish
