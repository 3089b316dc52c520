/* SPDX-License-Identifier: Apache-2.0 */
/* Training in closed form, as a step of train.c: a kernel expert of a task, and its figures. */
#pragma once

#include "experts/task/task.h"
#include "experts/train/recipe.h"
#include "experts/train/train_result.h"

/* A kernel expert of the task, not yet measured or named. layer: that one alone; NULL: all that could be read.
 * result->kernel says what was looked at; Models that hold no numbers are put on no side of the
 * task; result->left_out counts them. */
Expert *train_kernel(const Collection *collection, const GPtrArray *models, Task *task, const char *layer,
                     const TrainOptions *options, const Progress *progress, TrainResult *result, GError **error);

/* Measures it on the splits that it will be judged by later: x->val, test, test_holdout and result->judged. */
bool train_kernel_measure(Collection *collection, const GPtrArray *models, Expert *x, const Progress *progress,
                          TrainResult *result, GError **error);
