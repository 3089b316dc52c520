#!/bin/sh
# Quitting while a training runs asks, names it, and does as one says.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
start_long_training
report $? "a training starts and tells its epoch"
keys 2 && wait_for 'ask:' && keys Escape && keys 1
check_for 'fox-1' "the interface answers meanwhile"
keys Q
check_for 'These jobs are not done' "quitting asks"
check_for 'Training on' "and names the job"
keys s
wait_gone 'These jobs'
report $? "one may stay"
pid=$(copse_pid)
keys Q && wait_for 'These jobs'
keys c
until_ok has_ended "$pid"
report $? "one may cancel and leave"
check_for 'READY>' "the shell is back"
find "$work/state" -name '*.tmp-*' | grep -q . && left=1 || left=0
report "$left" "nothing half-written is left"
finish
