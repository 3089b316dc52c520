#!/bin/sh
# Another program in our terminal, and back again.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood/models"
mkdir "$work/wood/fox" && mv "$work/wood/models/fox-1.safetensors" "$work/wood/fox/model.safetensors"
printf '# A fox\n\nLives in *woods*.\n' >"$work/wood/fox/README.md"
terminal 80 24
keys "PAGER='cat; echo PAGED; read -r answer </dev/tty; :'; export PAGER" Enter
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
keys : 'model fox/model.safetensors' Enter
wait_for 'Overview' && keys l l l
check_for 'Lives in woods' "the card is shown"
keys p
check_for 'PAGED' "the pager gets it"
keys Enter
check_for 'Lives in woods' "and the screen is back"
keys Q
check_for 'READY>' "it quits"

# Ctrl-C is for the pager alone, and Ctrl-Z stops both.
keys "PAGER='trap \"echo CAUGHT\" INT; cat; echo PAGED; read -r a </dev/tty; read -r b </dev/tty; :'" Enter
keys clear Enter
run_copse "'$work/wood'"
wait_for '30 models' && wait_for '/wood *$'
keys : 'model fox/model.safetensors' Enter
wait_for 'Overview' && keys l l l
wait_for 'Lives in woods' && keys p
wait_for 'PAGED' && keys C-c
check_for 'CAUGHT' "the pager hears an interrupt"
keys C-z
keys jobs Enter
check_for 'Stopped' "the pager and the program stop"
keys fg Enter
keys Enter
check_for 'Lives in woods' "and they go on"
keys Q
wait_gone 'Lives in woods' && keys 'echo ENDED=$?' Enter
check_for 'ENDED=0' "it ends when it is told to"
finish
