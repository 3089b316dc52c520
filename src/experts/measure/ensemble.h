/* SPDX-License-Identifier: Apache-2.0 */
/* Several experts of one tree, each on another layer, speaking with one voice: the mean of their logits, each
 * divided by its own temperature. */
#pragma once

#include "experts/expert.h"

typedef struct {
  Score val, test, test_holdout;
} Ensemble;

/* Measures the first k of `experts` (Expert*) together. All must have the same task and labels. */
bool ensemble_measure(Collection *collection, const GPtrArray *models, const GPtrArray *experts, unsigned k,
                      const Progress *progress, Ensemble *out, GError **error);
