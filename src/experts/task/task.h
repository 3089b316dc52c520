/* SPDX-License-Identifier: Apache-2.0 */
/* What an expert is to be trained on: which models, with which labels, in which split. */
#pragma once

#include "collection/collection.h"
#include "encoders/encoder.h"

typedef enum { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLIT_HOLDOUT, SPLIT_COUNT } TaskSplit;

typedef struct {
  GPtrArray *models; /* of Model*: all of one architecture, labelled */
  TaskSplit *split;  /* by model; HOLDOUT: its label is never trained on */
  size_t counts[SPLIT_COUNT];
  GPtrArray *labels; /* of SafeText: the `seen` ones that training uses first, then the others */
  size_t seen;
  unsigned no_label, no_vector; /* models left out: without a label, with unknown words only */
  SafeText *key;                /* the label key */

  /* One label a model, aligned with text: */
  size_t *target;   /* by model: index into labels */
  float *text;      /* (labels, d_text): vectors of the labels, seen mean removed, length 1 */
  float *text_mean; /* (d_text): what was removed */
  size_t d_text;    /* 0: labels are classes */

  /* Many labels a model, each a class: */
  unsigned char *has; /* (models, labels): 1 where the model has the label; NULL when aligned */
} Task;

typedef struct {
  int tree;             /* -1: models of the commonest architecture among the labelled */
  const char *key;      /* NULL: models_label_key(); for classes dataset_chosen_targets first */
  TextEncoder *encoder; /* for labels aligned with text; NULL: labels are classes */
  uint64_t seed;        /* for splits, when no model says "train": a tenth each for val and test */
  /* For judging an expert that exists; all NULL to start afresh: */
  const char *shapes;       /* its architecture */
  const GPtrArray *classes; /* its classes, in its order */
  const float *text_mean;   /* (d_text) what it takes off text vectors */
} TaskOptions;

/* Gathers the models that carry the label. Their splits come from the models themselves, else by
 * seed. COPSE_ERROR_TOO_FEW with what is missing when fewer than two labels or eight training
 * models remain. */
Task *task_new(const GPtrArray *models, const TaskOptions *options, GError **error);
void task_free(Task *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Task, task_free)

/* Takes a text's vector to where labels live: minus the mean, length 1. In place. */
void task_centre_text(float *text, const float *mean, size_t d_text);
