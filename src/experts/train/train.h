/* SPDX-License-Identifier: Apache-2.0 */
/* Training an expert on a collection: picks the models, reads the layer once, runs the epochs,
 * keeps the best by validation, measures it, stores it. */
#pragma once

#include <math.h>

#include "experts/kernel/kernel_train.h"
#include "experts/measure/baseline.h"
#include "experts/expert.h"
#include "encoders/encoder.h"

/* What is done to the layers before the probes see them. Scaling divides by the spread of the training
 * models' entries, and is folded into V; centring subtracts their mean first (dense layers). */
typedef enum { INPUT_DEFAULT, INPUT_RAW, INPUT_SCALED, INPUT_CENTRED } TrainInput;

/* Adam's step size over the epochs: as it is, or falling to 0 in a straight line. */
typedef enum { SCHEDULE_LINEAR, SCHEDULE_CONSTANT } TrainSchedule;

/* Which kind of expert: ProbeX by steps, a kernel in closed form (experts/kernel), or what serves best, which
 * so far is the kernel. */
typedef enum { TRAIN_PROBEX, TRAIN_KERNEL, TRAIN_AUTO } TrainKind;

typedef struct {
  ExpertTask task;
  TrainKind kind;
  bool half;             /* keep dense layers as bfloat16 */
  uint64_t memory;       /* bytes of dense layers to hold in memory; beyond: a scratch file; 0: no limit */
  bool linear;           /* without the relu, for comparison */
  TrainInput input;      /* INPUT_DEFAULT: centred when dense, scaled when low-rank */
  const char *layer;     /* name, or NULL: the widest layer that all labelled models share */
  const char *label_key; /* NULL: models_label_key() */
  const char *encoder;   /* "words", "clip:DIR", …: see text/encoder.h */
  const char *prompts;   /* see text/prompts.h; NULL: the encoder's default */
  int tree;              /* -1: every model that has the layer in its commonest shape */
  unsigned epochs, batch;
  unsigned patience;          /* stop after so many epochs without a better validation; 0: never */
  unsigned probes, proj, rep; /* r_U, r_V, r_T */
  TrainSchedule schedule;
  float lr;
  float weight_decay; /* NAN: 1e-3 for classes, 0 for alignment */
  double compress;    /* dense: train on the common spaces that keep this share of energy; 0: on X */
  uint64_t seed;
  bool baselines;   /* measure them too */
  const char *init; /* a checkpoint of the same shape to start from, or NULL */
  const char *out;  /* checkpoint path; NULL: in the collection's state */
} TrainOptions;

#define TRAIN_DEFAULTS                                                                                         \
  {                                                                                                            \
    .task = EXPERT_ALIGN, .encoder = "words", .tree = -1, .epochs = 30, .batch = 32, .probes = 64, .proj = 64, \
    .rep = 128, .lr = 2e-3f, .weight_decay = NAN, .seed = 0, .baselines = true                                 \
  }

/* One epoch of the curve. */
typedef struct {
  double loss, val_loss, val_score; /* val_score: top-1, or element-wise accuracy */
} EpochRow;

typedef struct {
  Expert *expert;
  GArray *curve;                  /* of EpochRow */
  double *right;                  /* (models[2]): how right each test model was judged, 0..1; in an order that
                                depends on the collection alone */
  unsigned models[3];             /* used for training, validation, test */
  unsigned left_out;              /* models whose layer holds what is no number, or numbers beyond 1e15 */
  SafeText *left_out_first;       /* the first of them, or NULL */
  unsigned best_epoch;            /* 1-based: the one that was kept */
  double models_per_second;       /* of the training epochs alone */
  double reading;                 /* seconds that reading the layers took, once */
  double energy;                  /* kept by compression; 1 without */
  size_t trained_out, trained_in; /* the layer's shape in training */
  KernelReport *kernel;           /* of a kernel expert: what was looked at; else NULL */
  char *why;                      /* TRAIN_AUTO: what was chosen and why, in words; else NULL */
  bool has_baselines;
  Baseline baselines[BASELINE_COUNT];
} TrainResult;

/* The text encoder that the options ask for, its prompts set. */
TextEncoder *train_open_encoder(const TrainOptions *options, GError **error);

/* Trains. Reports phase "reading" then "training" with loss and accuracy, done = batches so far,
 * total = batches of all epochs. COPSE_ERROR_TOO_FEW, with nothing written, when there are too
 * few labelled models or labels; the message says what is missing. Cancelled: nothing written. */
TrainResult *expert_train(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                          const Progress *progress, GError **error);
/* Measures one baseline alone, on what expert_train() would train on. Nothing is stored. *layer gets the layer's
 * name, which the caller frees. */
bool expert_baseline(Collection *collection, const GPtrArray *models, const TrainOptions *options, BaselineKind kind,
                     const Progress *progress, Baseline *out, char **layer, GError **error);

/* The stored expert that expert_train() would make anew: trained for options->layer with the same options on the same
 * models. NULL when there is none. */
Expert *expert_trained_before(Collection *collection, const GPtrArray *models, const TrainOptions *options);
void train_result_free(TrainResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrainResult, train_result_free)
