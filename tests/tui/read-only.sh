#!/bin/sh
# A guest's session: no file, no shell, no program, whatever is typed and whatever the environment says.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
mkdir "$work/home"
for program in pager editor visual; do
  printf '#!/bin/sh\ntouch "%s/%s-ran"\n' "$work" "$program" >"$work/$program"
  chmod +x "$work/$program"
done
printf 'keys Q\n:save-display %s/out\nroot:secret\n' "$work" >"$work/script"
mkdir -p "$work/home/.config/copse" && printf 'nonsense' >"$work/home/.config/copse/copse.conf"
touch "$work/mark"
terminal 80 24
keys "export HOME='$work/home' TMPDIR='$work/home' PAGER='$work/pager' EDITOR='$work/editor' VISUAL='$work/visual'" Enter
keys "unset XDG_STATE_HOME; export XDG_CONFIG_HOME='$work/home/.config' COPSE_SCRIPT='$work/script'" Enter
keys clear Enter
run_copse "--read-only '$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
report $? "it opens without state, and neither script nor configuration is read"
pid=$(copse_pid)
keys C-z
check_for 'No shell' "Ctrl-Z leads to no shell"
state() { awk '/^State:/ { print $2 }' "/proc/$pid/status"; }
[ "$(state)" != T ]
report $? "and stops nothing"
for command in "export $work/out" "save-display $work/out" write-config edit-config; do
  keys ":$command" Enter
  check_for ":${command%% *}: not in a read-only session" ":$command is refused"
done
keys e
check_for 'Read-only: nothing may be written' "the export key is refused"
keys Enter && wait_for 'Overview' && keys l l l && wait_for 'no card' && keys p q
wait_for 'PARAMS'
keys 3 t
check_for 'nothing is trained' "nothing is trained"
keys 2 fox && wait_for 'no expert can answer' && keys C-s && wait_for 'Saved: fox'
keys Escape && wait_for 'Enter open.*edit' && keys 1 && wait_for 'PARAMS' && keys ':export /'
wait_for ':export /' && hides '/etc'
report $? "no file is listed"
keys C-u 'model /etc/passwd' Enter
check_for 'no model' "no file is a model that is none"
keys C-c
check_for 'READY>' "it quits"

keys clear Enter
run_copse "--read-only --plain '$work/wood'"
wait_for '^>' && keys 'train' Enter
check_for 'nothing is trained' "the conversation trains nothing"
keys "export $work/out" Enter
check_for 'Nothing may be written' "and writes nothing"
keys '!sh' Enter
check_for 'no command !sh' "and knows no shell"
keys quit Enter
check_for 'READY>' "it quits"
written=$(find "$work" -newer "$work/mark" -type f ! -name bytes)
[ -z "$written" ] && [ ! -e "$work/home/.local" ]
report $? "nothing was written, and no program was started: $written"
finish
