/* SPDX-License-Identifier: Apache-2.0 */
/* What simpler readers of the same layer achieve: beside every result, so that one can judge it. */
#pragma once

#include "experts/probex/layer_set.h"
#include "numerics/rate.h"
#include "experts/task/task.h"

typedef enum { BASELINE_DENSE, BASELINE_STATNN, BASELINE_COUNT } BaselineKind;

/* "dense" (a linear expert on vec(X), by ridge), "statnn" (statistics of the entries, by ridge). */
const char *baseline_name(BaselineKind kind);

/* Scores of one baseline on each split, SPLIT_TRAIN left out. */
typedef struct {
  Score score[SPLIT_COUNT];
  double lambda; /* chosen on validation; 0.1 without it */
} Baseline;

/* Fits on the training models and measures. The task's models are those of the set, in order.
 * Costs n^2 layer products and a factorisation of size m^3. */
bool baseline_measure(const Task *task, const LayerSet *set, BaselineKind kind, uint64_t seed, const Progress *progress,
                      Baseline *out, GError **error);
