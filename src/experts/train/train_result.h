/* SPDX-License-Identifier: Apache-2.0 */
/* What a training gives: the expert and how it came about. Freed by train_result_free() of train.h. */
#pragma once

#include "experts/expert.h"
#include "experts/kernel/kernel_train.h"
#include "experts/measure/baseline.h"
#include "experts/task/task.h"

/* How one of several forms did. */
typedef struct {
  const char *kind; /* static */
  Score val, test, unseen;
  double seconds;
} TrainTrial;

/* How test models were judged, one by one, in an order that depends on the collection alone. */
typedef struct {
  size_t n;
  double *right; /* 0..1: whether its label ranked first; of classes the share that was judged rightly */
  size_t *label; /* which label it has, by any number; of classes each its own */
} Judged;

typedef struct {
  Expert *expert;
  GArray *curve;                  /* of EpochRow */
  Judged judged[2];               /* test models, and those of labels never trained on */
  unsigned models[4];             /* used for training, validation, test, and of labels never trained on */
  unsigned joined[KIN_REASONS];   /* groups of kin that were joined for that reason */
  GPtrArray *left_out_by;         /* of LeftOut*: models that take no part */
  GPtrArray *warnings;            /* of char*: of the label source */
  unsigned left_out;              /* models whose layer holds what is no number, or numbers beyond 1e15 */
  SafeText *left_out_first;       /* the first of them, or NULL */
  char *state_note;               /* what is to be said of an earlier run's state, or NULL */
  unsigned best_epoch;            /* 1-based: the one that was kept */
  double models_per_second;       /* of the training epochs alone */
  double reading;                 /* seconds that reading the layers took, once */
  double energy;                  /* kept by compression; 1 without */
  size_t trained_out, trained_in; /* the layer's shape in training */
  Expert *held_out;               /* of options->val_holdout: the best on held-out labels, stored too; or NULL */
  unsigned held_out_epoch;        /* 1-based: when it was that */
  bool views_chosen;              /* several views: by view_r2, and not by the user */
  double view_r2[SIDE_COUNT];     /* what a kernel of each side explains of models left out */
  GArray *trials;                 /* of TrainTrial: of `auto`, all forms that were tried; or NULL */
  const char *not_tried;          /* of `auto`: why trained forms were not; static, or NULL */
  KernelReport *kernel;           /* of a kernel expert: what was looked at; else NULL */
  double shortcut; /* kernel/shortcut.h, of the training models; NAN: the facts do not differ, or not measured */
  bool has_baselines;
  Baseline baselines[BASELINE_COUNT];
} TrainResult;
