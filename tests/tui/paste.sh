#!/bin/sh
# Pasted text presses no keys; the mouse selects when it is asked to.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
pid=$(copse_pid)
paste() { t set-buffer "$1" && t paste-buffer -p; }
paste "Qq3t
:quit
"
check_for 'What is pasted' "what is pasted where nobody types is refused"
keys G
check_for 'tree-5' "keys are keys again"
! has_ended "$pid"
report $? "it did not quit"
keys : && wait_for '^ :'
paste "model
fox-1.safetensors
"
check_for ':model fox-1.safetensors' "in a line it is text, its ends of lines too"
hides 'Overview'
report $? "and is not sent off"
keys Enter
check_for 'Overview' "until one says so"
keys q && wait_for 'PARAMS' && keys Q
check_for 'READY>' "it quits"

# A press and a release of the first button, as the terminal's description says that they are reported.
click() { # terminal, column, row, both from 1
  case $(infocmp -1 "$1" 2>/dev/null | sed -n 's/.*kmous=\(.*\),/\1/p') in
  '\E[<') t send-keys -l "$(printf '\033[<0;%d;%dM\033[<0;%d;%dm' "$2" "$3" "$2" "$3")" ;;
  *)
    at=$(printf '\\%03o\\%03o' $(($2 + 32)) $(($3 + 32)))
    # shellcheck disable=SC2059
    t send-keys -l "$(printf "\033[M $at\033[M#$at")"
    ;;
  esac
}
line_at() { [ "$(t display-message -p '#{cursor_y}')" -eq "$1" ]; }
for name in screen xterm-256color; do
  infocmp "$name" >/dev/null 2>&1 || continue
  keys "clear; TERM=$name '$COPSE' '$work/wood'" Enter
  wait_for '30 models' && wait_for '/wood *$'
  keys g M
  check_for 'mouse selects' "$name: the mouse is switched on"
  until_ok line_at 2
  click $name 10 6
  until_ok line_at 5
  report $? "a click selects the row"
  keys M
  check_for 'mouse belongs to the terminal' "and off"
  keys Q
  check_for 'READY>' "it quits"
done
finish
