#!/bin/sh
# A terminal that is asked for its background answers; it is never waited for, and no answer is typed anywhere.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
# A tag is yellow on a dark background, and magenta on a light one.
has_colour() { t capture-pane -pe 2>/dev/null | grep -q "\[[0-9;]*$1m"; }
starts_on() { # background, colour of a tag, what
  terminal 80 24
  t set-option -g window-style "bg=$1" >/dev/null
  run_copse "$work/wood"
  wait_for '30 models'
  keys Space
  until_ok has_colour "$2"
  report $? "$3"
}
ends() {
  keys Q
  wait_for 'READY>'
  report $? "$1"
  screen | grep -q -e 'rgb:' -e '2026;' -e '997;'
  [ $? -ne 0 ]
  report $? "nothing is typed into the shell"
  t kill-server
}
starts_on '#000000' 33 "a dark background is found dark"
ends "it quits"
starts_on '#fdf6e3' 35 "a light background is found light"
keys /
wait_for '^ /'
screen | grep -q -e 'rgb:' -e '11;'
[ $? -ne 0 ]
report $? "the answer is not typed into the program"
keys Escape
keys : "theme dark" Enter
until_ok has_colour 33
report $? "who names a theme gets it"
ends "it quits from there"
# Left at once: an answer that is still owed is thrown away.
terminal 80 24
keys "'$COPSE' '$work/wood'; clear" Enter Q
wait_for 'READY>'
screen | grep -q -e 'rgb:' -e '997;'
[ $? -ne 0 ]
report $? "nor into the shell of who leaves at once"
finish
