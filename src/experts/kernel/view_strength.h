/* SPDX-License-Identifier: Apache-2.0 */
/* What each side of one layer's weights says about the labels, before anything is trained on it. */
#pragma once

#include "experts/kernel/kernel_rows.h"
#include "experts/task/task.h"

/* r2[side] of the models set[members[0..n)] of the task: what ridge regression on X, on X X' and on X'X explains of
 * models left out, or of whole labels, whichever is more; below 0 it is noise. On at most some hundreds of the models,
 * drawn by seed. */
bool view_strength(const LayerSet *set, const Task *task, const size_t *members, size_t n, uint64_t seed,
                   const Progress *progress, double r2[SIDE_COUNT], GError **error);
