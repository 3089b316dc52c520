#!/bin/sh
# A terminal whose description says RGB gets the colours themselves; one that says nothing gets the eight.
. "$(dirname "$0")/lib.sh"
command -v tic >/dev/null 2>&1 || skip "tic is not installed"
make_wood "$work/wood"
TERMINFO=$work/terminfo
export TERMINFO
mkdir -p "$TERMINFO"
infocmp -x xterm-256color >"$work/known" 2>/dev/null || skip "xterm-256color is not described here"
{
  echo 'xterm-testdirect|colours as red, green and blue,'
  printf '\tRGB, colors#0x1000000, pairs#0x7FFFF, ccc@, initc@, oc@, op=\\E[39;49m,\n'
  printf '\tsetaf=\\E[%%?%%p1%%{8}%%<%%t3%%p1%%d%%e38;2;%%p1%%{65536}%%/%%d;%%p1%%{256}%%/%%{255}%%&%%d;%%p1%%{255}%%&%%d%%;m,\n'
  printf '\tsetab=\\E[%%?%%p1%%{8}%%<%%t4%%p1%%d%%e48;2;%%p1%%{65536}%%/%%d;%%p1%%{256}%%/%%{255}%%&%%d;%%p1%%{255}%%&%%d%%;m,\n'
  printf '\tuse=xterm-256color,\n'
} >"$work/direct"
cat "$work/known" "$work/direct" >"$work/both"
tic -x -o "$TERMINFO" "$work/both" 2>/dev/null || skip "tic cannot describe such a terminal"
has_colour() { t capture-pane -pe 2>/dev/null | grep -q "38;2;[0-9]*;[0-9]*;[0-9]*m"; }
starts_as() { # terminal, theme
  terminal 80 24
  keys "TERM=$1 '$COPSE' --theme $2 '$work/wood'" Enter
  wait_for '30 models'
}
ends() {
  keys Q
  wait_for 'READY>'
  report $? "$1"
  t kill-server
}
starts_as xterm-testdirect dark
until_ok has_colour
report $? "red, green and blue where terminfo says so"
ends "it quits"
starts_as xterm-256color dark
! has_colour
report $? "the eight colours where it does not"
ends "it quits, too"
finish
