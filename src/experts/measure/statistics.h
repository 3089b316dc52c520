/* SPDX-License-Identifier: Apache-2.0 */
/* StatNN's view of a layer (after Unterthiner et al. 2020, "Predicting neural network accuracy from
 * weights"): moments and quantiles of its entries, rows and columns, without regard to where they
 * stand. A baseline: what can be told without looking at the weights as a matrix. */
#pragma once

#include "experts/probex/layer_set.h"

/* Features of each model: (n, *width), each column brought to mean 0 and spread 1 over models
 * [train[0..m)]. Entries are read at positions drawn by seed, at most 4,096 a model, so that low-rank
 * layers need no product. The caller frees it with g_free. */
float *statistics_features(const LayerSet *set, const size_t *train, size_t m, uint64_t seed, size_t *width);
