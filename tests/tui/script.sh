#!/bin/sh
# The real program from a script, without a terminal: every view on a small wood, a training, an answer.
. "$(dirname "$0")/lib.sh"
make_wood "$work/wood"
cat >"$work/walk" <<EOS
:wait-text 30 models
:wait-idle
keys j<Enter>
:wait-text Overview
keys l
:wait-text no parent on this disk
keys jj<Enter>
:wait-text singular values
keys ll
:wait-idle
keys q
keys 3t<Down><Down><Down><C-u>4<Enter>
:wait-text Trained
:wait-idle
keys 5
:wait-text by label
keys n<Enter>
:wait-text Overview
keys hh
:wait-text sees them
keys l
:wait-text %
keys 1
keys <Space><Space>d
:wait-text moved
:wait-idle
:save-display $work/diff
keys q3a
:wait-text It has spoken
keys 2fox
:wait-text answers
:save-display $work/query
:resize 200x60
:command export $work/models.csv
keys <Esc>1g<Enter>
:wait-text What its files say
keys en
keys found in a drawer<Enter>
:wait-text found in a drawer
:wait-idle
keys F
:wait-text favourite
:wait-idle
keys <Esc>
keys <Esc>6
:wait-idle
:save-display $work/duplicates
keys 7
:wait-text weight files
keys lllll
:wait-idle
:save-display $work/space
keys 8
:wait-idle
:save-display $work/conflicts
keys 4
:wait-text Training
:save-display $work/jobs
:quit
EOS
COPSE_SCRIPT=$work/walk "$COPSE" "$work/wood" 2>"$work/errors"
report $? "the walk ends well"
sed 's/^/# /' "$work/errors"
grep -q 'mid .*moved' "$work/diff"
report $? "two tagged models are compared"
grep -q 'weights' "$work/query"
report $? "the question is answered from the weights"
grep -qE 'hold the same numbers|cop(y|ies) in' "$work/duplicates" && grep -q 'SHARE' "$work/space" && grep -q "$(date -u +%Y)" "$work/space" &&
  grep -qE 'agrees with|SEVERITY' "$work/conflicts"
report $? "copies, space by year and conflicts are shown"
"$COPSE" export "$work/wood" --format hand >"$work/hand" 2>"$work/errors"
grep -q 'note *= *found in a drawer' "$work/hand" && grep -q 'favourite *= *yes' "$work/hand"
report $? "what was set by hand is kept, and found"
[ "$(wc -l <"$work/models.csv")" -eq 3 ]
report $? "the tagged models are exported"
grep -q 'done in' "$work/jobs"
report $? "the jobs are listed"

# What runs on the worker's thread, started, asked meanwhile, stopped, and left.
cat >"$work/work" <<EOS
:wait-idle
keys 3t<Down><Down><Down><C-u>99999<Enter>
:wait-text /99999
keys 2fox
:wait-text answers
keys <Esc>3x
:wait-text Cancelled
keys t<Down><Down><Down><C-u>20<Esc>s<Enter>
:wait-text Swept
keys a
:wait-text It has spoken
keys 5
:wait-idle
keys 1j<Enter>lllll
:wait-idle
keys q1r
:wait-idle
keys 3t<Down><Down><Down><C-u>99999<Enter>
:wait-text /99999
keys Q
:wait-text These jobs are not done
keys c
:wait-idle
EOS
COPSE_SCRIPT=$work/work "$COPSE" "$work/wood" 2>"$work/errors"
report $? "jobs are started, asked beside, cancelled and left"
sed 's/^/# /' "$work/errors"
printf ':save-display %s/never\n' "$work" >"$work/guest"
COPSE_SCRIPT=$work/guest "$COPSE" --read-only "$work/wood" </dev/null >"$work/out" 2>&1
[ $? -ne 0 ] && [ ! -e "$work/never" ] && grep -q 'needs a terminal' "$work/out"
report $? "a guest's environment starts no script"
finish
