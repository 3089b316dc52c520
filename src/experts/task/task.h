/* SPDX-License-Identifier: Apache-2.0 */
/* What an expert is to be trained on: which models, with which labels, in which split. */
#pragma once

#include "collection/collection.h"
#include "encoders/encoder.h"
#include "experts/task/kin.h"
#include "experts/task/label_source.h"
#include "experts/task/left_out.h"
#include "experts/task/split.h"

typedef struct {
  GPtrArray *models; /* of Model*: all of one architecture, labelled */
  TaskSplit *split;  /* by model; HOLDOUT: its label is never trained on */
  size_t counts[SPLIT_COUNT];
  GPtrArray *labels; /* of SafeText: the `seen` ones that training uses first, then the others */
  size_t seen;
  unsigned no_label, no_vector; /* models left out: without a label, with unknown words only */
  SafeText *key;                /* the label source, as label_source.h says */
  GPtrArray *left_out;          /* of LeftOut*: models that take no part */
  GPtrArray *warnings;          /* of char*: what the label source could not place */

  /* Who must stay on one side, and what was made of it: */
  size_t *group;                /* by model: its kin, in [0, groups) */
  size_t groups, grouped;       /* groups of all models looked at, and models among them that have kin */
  unsigned joined[KIN_REASONS]; /* groups that were joined for that reason */
  GHashTable *kin;              /* path -> key of its group, of all models looked at; NULL for an expert that exists */
  SplitKey *content;            /* by model */
  bool drawn, val_drawn;        /* the split is not the folders'; val_drawn: validation alone is not */

  /* One label a model, aligned with text: */
  size_t *target;   /* by model: index into labels */
  float *text;      /* (labels, d_text): vectors of the labels, seen mean removed, length 1 */
  float *text_mean; /* (d_text): what was removed */
  size_t d_text;    /* 0: labels are classes */

  /* Many labels a model, each a class: */
  unsigned char *has; /* (models, labels): 1 where the model has the label; NULL when aligned */
} Task;

typedef struct {
  int tree;               /* -1: models of the commonest architecture among the labelled */
  LabelRequest label;     /* `single` is set by the task itself */
  TextEncoder *encoder;   /* for labels aligned with text; NULL: labels are classes */
  uint64_t seed;          /* for splits, when no model says "train" */
  Collection *collection; /* where weights can be looked at for kin; NULL: nowhere */
  const GHashTable *kin;  /* path -> key of models that the caller sets together, or NULL */
  bool kin_only;          /* no others are looked for */
  bool raw_text;          /* text vectors stay as the encoder, which was told so, gives them; text_mean is zero */
  bool val_holdout;       /* models of a folder val_holdout choose between checkpoints, by labels never trained on */
  const Progress *progress;
  /* For judging an expert that exists; all NULL to start afresh: */
  const char *shapes;        /* its architecture */
  const GPtrArray *classes;  /* its classes, in its order */
  const float *text_mean;    /* (d_text) what it takes off text vectors */
  const SplitRecord *record; /* who was on which side; NULL though `shapes` is given: as old experts drew it */
} TaskOptions;

/* Gathers the models that carry the label. Their splits come from the record; else from the folders they lie in, with
 * validation taken from training when there is none; else they are drawn (split.h). Of kin that lie on two sides those
 * that train stay, and of kin that are measured together one counts. COPSE_ERROR_TOO_FEW with what is missing when
 * fewer than two labels or eight training models remain. */
Task *task_new(const GPtrArray *models, const TaskOptions *options, GError **error);
void task_free(Task *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Task, task_free)

/* Where the models of the task are, by content, to be stored with an expert. The caller frees it. */
SplitRecord *task_record(const Task *task);

/* What always saying the commonest training label gets right on a side; chance for labels never trained on. NAN for
 * classes, and where nothing is measured. */
double task_control(const Task *task, TaskSplit split);

/* Takes a text's vector to where labels live: minus the mean, length 1. In place. */
void task_centre_text(float *text, const float *mean, size_t d_text);
