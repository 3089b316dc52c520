#!/bin/sh
# Once the first screen stands, the thread that has the keys opens, locks and writes no file: not to search, ask, fold,
# export, complete a path, look at a picture of the screen, nor to keep all that when it ends.
. "$(dirname "$0")/lib.sh"
command -v strace >/dev/null 2>&1 || skip "strace is not installed"
strace -o /dev/null true 2>/dev/null || skip "strace may not look here"
make_wood "$work/wood"
terminal 100 30
editor=$work/editor
printf '#!/bin/sh\nhead -n 1 "$1" >"%s/edited"\n' "$work" >"$editor" && chmod +x "$editor"
keys "export EDITOR='$editor' VISUAL= XDG_CONFIG_HOME='$work/config'" Enter
keys "strace -f -o '$work/trace' -e trace=open,openat,creat,flock,fsync,fdatasync,rename,unlink,mkdir,getdents64,pread64,pwrite64 '$COPSE' '$work/wood'" Enter
wait_for '30 models' && wait_for '/wood *$'
main=$(head -n 1 "$work/trace" | sed 's/ .*//')
before=$(grep -c "^$main " "$work/trace")
keys j Space / && wait_for '^ /' && keys fox Enter
keys : && wait_for '^ :' && keys "export $work/" && wait_for "$work/wood/"
report $? "a path is completed"
keys models.csv Enter
check_for 'Written to' "models are exported"
keys : && wait_for '^ :' && keys "save-display $work/screen" Enter && until_ok test -s "$work/screen"
report $? "the screen is written"
keys : && wait_for '^ :' && keys 'theme dark' Enter
keys : && wait_for '^ :' && keys edit-config Enter && until_ok test -s "$work/edited" && wait_for 'Changes are taken up'
report $? "the configuration is written for the editor"
keys 2 && wait_for 'ask:' && keys Escape && wait_for 'PARAMS'
keys 6 && wait_for 'Copies\|copies' && keys 7 && wait_for 'du' && keys 8 && wait_for 'onflict' && keys 1 && wait_for 'PARAMS'
keys zM Q
check_for 'READY>' "it quits"
# When the worker has ended there is no interface any more, and the catalog is closed.
worker=$(grep -v "^$main " "$work/trace" | grep 'models.csv' | head -n 1 | sed 's/ .*//')
[ -n "$worker" ]
report $? "another thread writes"
awk -v main="$main" -v worker="$worker" -v before="$before" '
  $1 == worker && / exited / { exit } $1 == main && ++n > before' "$work/trace" |
  grep -vE ' --- SIG|/proc/|/usr/(lib|share)|/etc/' >"$work/touched"
sed 's/^/# /' "$work/touched"
[ ! -s "$work/touched" ]
report $? "the interface's thread touches no disk"
finish
