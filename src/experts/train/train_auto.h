/* SPDX-License-Identifier: Apache-2.0 */
/* What `auto` does once the closed form is there: trained forms are tried where they can win, and one that validation
 * puts clearly ahead takes its place. */
#pragma once

#include "experts/train/recipe.h"
#include "experts/train/train_result.h"

/* Whether trained forms should be tried beside a kernel expert's result; else *why (static text) says why not. */
bool train_auto_can_win(const TrainResult *kernel, const TrainOptions *options, const char **why);

/* The options of a trial of that kind on a layer, which is borrowed: nothing is stored. */
TrainOptions train_auto_trial(const char *layer, const TrainOptions *options, TrainKind kind);

/* Notes how a form did beside the others of `result`. */
void train_auto_note(TrainResult *result, const Expert *expert);

/* True when the trial's validation is ahead of the best so far by more than its standard error. */
bool train_auto_wins(const Expert *trial, const Expert *best);
