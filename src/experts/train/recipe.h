/* SPDX-License-Identifier: Apache-2.0 */
/* What one may choose about a training. */
#pragma once

#include <math.h>

#include "experts/expert.h"

/* What is done to the layers before the probes see them. Scaling divides by the spread of the training
 * models' entries, and is folded into V; centring subtracts their mean first (dense layers). */
typedef enum { INPUT_DEFAULT, INPUT_RAW, INPUT_SCALED, INPUT_CENTRED } TrainInput;

/* Adam's step size over the epochs: as it is, or falling to 0 in a straight line. */
typedef enum { SCHEDULE_LINEAR, SCHEDULE_CONSTANT } TrainSchedule;

/* Which kind of expert: ProbeX or the form of several views (experts/probex/multiview.h) by steps, a kernel in closed
 * form (experts/kernel), or what serves best (train_auto.h). */
typedef enum { TRAIN_PROBEX, TRAIN_KERNEL, TRAIN_AUTO, TRAIN_MULTIVIEW } TrainKind;

typedef struct {
  ExpertTask task;
  TrainKind kind;
  unsigned views;         /* of several views: a set of ViewBranch; 0: those that a kernel says carry the labels */
  bool half;              /* keep dense layers as bfloat16 */
  uint64_t memory;        /* bytes of dense layers to hold in memory; beyond: a scratch file; 0: no limit */
  bool linear;            /* without the relu, for comparison */
  TrainInput input;       /* INPUT_DEFAULT: centred when dense, scaled when low-rank */
  const char *layer;      /* name, or NULL: the widest layer that all labelled models share */
  const char *label_key;  /* a label source (experts/task/label_source.h); NULL: models_label_key() */
  const char *stop_words; /* tags to leave out besides the usual ones, separated by commas; or NULL */
  unsigned min_count;     /* models that a label needs; 0: the source's default */
  const GHashTable *kin;  /* path -> key of models that stay on one side of the split, besides those found; or NULL */
  bool kin_only;          /* no kin but those are looked for */
  const char *encoder;    /* "words", "clip:DIR", …: see text/encoder.h */
  const char *prompts;    /* see text/prompts.h; NULL: the encoder's default */
  int tree;               /* -1: every model that has the layer in its commonest shape */
  unsigned epochs, batch;
  unsigned every;             /* epochs between validations, from which the best are kept; 0: each */
  unsigned patience;          /* stop after so many epochs without a better validation; 0: never */
  unsigned probes, proj, rep; /* r_U, r_V, r_T */
  TrainSchedule schedule;
  float lr;
  float weight_decay; /* NAN: 1e-3 for classes, 0 for alignment */
  double compress;    /* dense: train on the common spaces that keep this share of energy; 0: on X */
  uint64_t seed;
  bool cosines;     /* align: cosines as they are go into the loss, without a temperature */
  bool raw_text;    /* align: text vectors as the encoder gives them */
  bool val_holdout; /* align: a second expert, the best on models of a folder val_holdout, is stored beside the first */
  bool ties_later;  /* of equal validations the later is kept, whatever its loss */
  bool trial;       /* to be compared with others: nothing is stored */
  bool unplaced;    /* trained in full, but stored nowhere: whoever asked does that (train_keep()) */
  bool baselines;   /* measure them too */
  const char *init; /* a checkpoint of the same shape to start from, or NULL */
  const char *out;  /* checkpoint path; NULL: in the collection's state */
} TrainOptions;

#define TRAIN_DEFAULTS                                                                                         \
  {                                                                                                            \
    .task = EXPERT_ALIGN, .encoder = "words", .tree = -1, .epochs = 30, .batch = 32, .probes = 64, .proj = 64, \
    .rep = 128, .lr = 2e-3f, .weight_decay = NAN, .seed = 0, .baselines = true                                 \
  }
