/* SPDX-License-Identifier: Apache-2.0 */
/* What a training will take, before it is started. Pure. */
#pragma once

#include "experts/train/train.h"
#include "lineage/diff/model_diff.h"

typedef struct {
  double bytes;   /* of memory: the layers of all models, parameters, one batch */
  double flops;   /* of all epochs */
  double seconds; /* a guess from the processors' usual rate */
} TrainEstimate;

/* For `models` training models with that layer, on `threads` threads. */
TrainEstimate train_estimate(const TrainOptions *options, unsigned models, const LayerSide *layer, unsigned threads);

/* The layer of that name in a model's own list, the widest for NULL; NULL when there is none. Borrowed. */
const DiffRow *train_estimate_layer(const ModelDiff *layers, const char *name);

/* "24 layers, about 3 min": of a sweep over the layers whose names match the pattern (a glob, "" for all of at least 64
 * numbers). The caller frees it. */
char *sweep_estimate_text(const ModelDiff *layers, const char *pattern, const TrainOptions *options, unsigned models,
                          unsigned threads);

/* "about 120 MB and 40 s". The caller frees it. */
char *train_estimate_text(const TrainEstimate *estimate);
