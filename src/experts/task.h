/* SPDX-License-Identifier: Apache-2.0 */
/* What an expert is to be trained on: which models, with which label, in which split. */
#pragma once

#include "collection/collection.h"
#include "text/encoder.h"

typedef enum { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLIT_HOLDOUT, SPLIT_COUNT } TaskSplit;

typedef struct {
  GPtrArray *models;   /* of Model*: all of one architecture, with a label */
  size_t *target;      /* by model: index into labels */
  TaskSplit *split;    /* by model; HOLDOUT: its label is never trained on */
  GPtrArray *labels;   /* of SafeText: the `seen` ones that training uses first, then the others */
  size_t seen;
  size_t counts[SPLIT_COUNT];
  float *text;         /* (labels, d_text): vectors of the labels, seen mean removed, length 1 */
  float *text_mean;    /* (d_text): what was removed */
  size_t d_text;
  unsigned no_label, no_vector; /* models left out: without a label, with unknown words only */
  SafeText *key;       /* the label key */
} Task;

/* Gathers the models of `tree` (-1: of the commonest architecture among the labelled) that carry
 * `key` (NULL: models_label_key()). Splits come from the models; when none says "train", they
 * are drawn by seed, a tenth each for validation and test. COPSE_ERROR_TOO_FEW with what is
 * missing when fewer than two concepts or eight training models remain. */
Task *task_new(const GPtrArray *models, int tree, const char *key, TextEncoder *encoder,
               uint64_t seed, GError **error);
void task_free(Task *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Task, task_free)

/* Takes a text's vector to where labels live: minus the mean, length 1. In place. */
void task_centre_text(float *text, const float *mean, size_t d_text);
