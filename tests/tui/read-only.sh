#!/bin/sh
# A guest's session: no file, no shell, no program, whatever is typed.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
mkdir "$work/empty"
terminal 80 24
PAGER="touch $work/pager;" EDITOR="touch $work/editor;"
run_copse "--read-only '$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
report $? "it opens without state"
pid=$(copse_pid)
keys C-z
check_for 'No shell' "Ctrl-Z leads to no shell"
state() { awk '/^State:/ { print $2 }' "/proc/$pid/status"; }
[ "$(state)" != T ]
report $? "and stops nothing"
for command in "export $work/out" "save-display $work/out" write-config edit-config; do
  keys ":$command" Enter
  wait_for 'read-only session'
  report $? ":$command is refused"
done
keys e
check_for 'Read-only' "the export key is refused"
keys Enter && wait_for 'Overview' && keys l l l p
wait_for 'card'
keys q 3 t
check_for 'nothing is trained' "nothing is trained"
keys 2 fox Escape && keys C-s
wait_for 'ask: fox'
keys 1 ':export /' Tab
hides '/etc'
report $? "no file is listed"
keys Escape
keys Q
check_for 'READY>' "it quits"
[ ! -e "$work/state" ] && [ ! -e "$work/out" ] && [ ! -e "$work/pager" ] && [ ! -e "$work/editor" ]
report $? "nothing was written, and no program was started"
finish
