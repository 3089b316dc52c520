#!/bin/sh
# The terminal goes away: the program ends at once, jobs or no jobs.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
pid=$(copse_pid)
test -n "$pid"
report $? "it runs"
t kill-pane
until_ok has_ended "$pid"
report $? "it ends with its terminal"
terminal 80 24
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
start_long_training
pid=$(copse_pid)
test -n "$pid"
report $? "it runs with a training"
t kill-server
until_ok has_ended "$pid"
report $? "it ends with its terminal, the training too"
terminal 80 24
# SIGHUP kept away, as by nohup: the hang-up of the terminal itself must do.
keys "trap '' HUP" Enter
run_copse "'$work/wood'"
wait_for '30 models'
pid=$(copse_pid)
t kill-pane
until_ok has_ended "$pid"
report $? "it ends without the signal as well"
finish
