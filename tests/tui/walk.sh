#!/bin/sh
# A collector's walk in a real terminal: anything is found by a few letters, long names are told apart, copies, space and
# conflicts, a fact by hand, the map, and all of a model at once on a wide terminal.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
cp "$work/wood/fox-1.safetensors" "$work/wood/fox-again.safetensors"
long=a-long-name-of-a-model-that-goes-on-and-on-and-on
cp "$work/wood/owl-1.safetensors" "$work/wood/$long-step-100-of-the-second-try.safetensors"
cp "$work/wood/owl-2.safetensors" "$work/wood/$long-step-200-of-the-second-try.safetensors"
terminal 80 24
run_copse "'$work/wood'"
wait_for '33 models'
report $? "it starts"
check_for '6 7 8 more' "views that have no room have their digits"
shows 'a-long-name.*-100-of' && shows 'a-long-name.*-200-of'
report $? "long names are told apart"
keys '9'
check_for '9 does nothing here; m lists' "a key that does nothing says so"

keys C-p && wait_for 'Find' && keys 'river 3'
check_for '1 of ' "a model is found by words in any order"
shows '│ path  *river-3'
report $? "beside it stands what it is"
keys Enter
check_for 'river-3.safetensors' "and it opens"
keys e && keys n && wait_for 'note' && keys 'kept in the attic' Enter
check_for 'kept in the attic' "a fact is set by hand"
keys Escape && wait_for 'PARAMS'
keys m && wait_for 'Find' && keys 'sort col'
check_for 'sort by a column' "the same finds what can be done"
keys Escape && wait_gone 'Find'

keys 6
check_for 'copse deletes nothing' "copies"
shows 'KEEP' && shows 'keep' && shows 'copies in 3 groups'
report $? "which to keep, and how many"
keys 7
check_for 'as du counts' "space"
keys 8
check_for 'conflicts: \|agrees with' "conflicts"

keys 3 && wait_for 'No expert yet' && keys t && wait_for 'train, ' && keys Down Down Down C-u && keys 2 Enter
check_for 'best epoch' "an expert"
keys 5 && wait_for ' by ' && keys n t
check_for 'neighbours kept .* by the axes' "the map's neighbours, beside the axes'"
keys Q
check_for 'READY>' "it quits"

t kill-server
terminal 200 60
run_copse "'$work/wood'"
wait_for '33 models' && wait_for '/wood *$'
shows '5 Map  6 Duplicates  7 Space  8 Conflicts'
report $? "on a wide terminal all views are named"
keys / && keys river-3 Enter && wait_for 'found' && keys Enter
check_for '── Layers' "all of a model at once"
shows '── Says' && shows '── Card' && shows 'kept in the attic' && shows 'path to root\|What its files say'
report $? "its layers, neighbours, card and facts"
keys Q
check_for 'READY>' "it quits"
finish
