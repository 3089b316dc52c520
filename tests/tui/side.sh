#!/bin/sh
# In a terminal as most have it: models side by side, filters, what a training would take, an expert's page, a picture.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
terminal 80 24
run_copse "'$work/wood'"
wait_for '30 models'
report $? "it starts"
check_for '1/30' "the position in the list"
keys '=' && check_for 'Tag two models' "nothing to compare says what to do"
keys Space Space j j j j Space =
check_for '3 models: [0-9]* of [0-9]* facts differ' "any number of models stand side by side"
check_for '!' "what stands out is marked"
keys Escape && wait_for 'PARAMS'
keys f && wait_for 'filter:'
keys 'concept:owl' Enter
check_for '5 matches' "a filter by a field"
keys Escape && wait_for '/30'
keys b f
check_for 'No model has 8 children' "nothing to gather says why"
keys 3 && wait_for 'No expert yet'
keys t
check_for 'train, .* choose, .* test' "the form counts the models that will be used"
keys Down Down
check_for 'models, [0-9]* labels' "and where labels may come from"
keys Escape && wait_gone 'Train an expert'
keys t && wait_for 'train, ' && keys Down Down Down C-u && keys 3 Enter
wait_for 'best epoch' && keys i
check_for 'chance' "no rate of an expert without its chance"
check_for 'off by' "does it mean what it says"
keys l && check_for 'TAKEN FOR\|was taken for another' "what it takes for what"
keys l l && check_for 'epoch 3' "its curve, kept with it"
keys : "save-display $work/page.svg" Enter
until_ok grep -q '</svg>' "$work/page.svg"
report $? "the screen as a picture"
keys Q
check_for 'READY>' "it quits"
finish
