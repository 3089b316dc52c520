#!/bin/sh
# The clipboard, by the terminal's own sequence: the bytes are those of the name.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
keys 'unset TMUX' Enter
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
t pipe-pane -o "cat >>'$work/bytes'"
keys y
wait_for 'Copy' && keys n
check_for 'sent to the terminal' "it says what it has done, and what it cannot know"
want=$(printf 'fox-1' | base64)
sent() { grep -q "52;c;$want" "$work/bytes"; }
until_ok sent
report $? "the name goes out as OSC 52"
keys M
check_for 'mouse selects' "the mouse can be switched on"
on() { grep -q '1000h' "$work/bytes"; }
until_ok on
report $? "the terminal is asked for it"
: >"$work/bytes"
keys Q
check_for 'READY>' "it quits"
off() { grep -q '1000l' "$work/bytes"; }
until_ok off
report $? "the mouse is given back"
finish
