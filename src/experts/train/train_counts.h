/* SPDX-License-Identifier: Apache-2.0 */
/* What a training would take, before it is started: how many models on which side, and what they could be labelled by. */
#pragma once

#include "experts/train/recipe.h"

typedef struct {
  size_t train, val, test, unseen; /* models of each side; unseen: of labels never trained on */
  size_t labels;                   /* that training would use */
  guint left_out;                  /* models that take no part, though they have a label */
} TrainCounts;

/* Counts as expert_train() would. COPSE_ERROR_TOO_FEW with what is missing. */
bool train_counts(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                  const Progress *progress, TrainCounts *counts, GError **error);

/* A source of labels (experts/task/label_source.h) with what it gives. */
typedef struct {
  char *source;
  guint models, labels; /* models that have one of it; different labels */
  bool lists;           /* most have several: what to classify by */
} LabelCount;

/* Sources that give at least two labels: the keys that models declare, the most frequent first, then folder, name and
 * hand. Array of LabelCount*, owned; NULL when cancelled. */
GPtrArray *label_counts(const GPtrArray *models, const Progress *progress, GError **error);
