/* SPDX-License-Identifier: Apache-2.0 */
/* Training an expert on a collection: picks the models, reads the layer once, runs the epochs,
 * keeps the best by validation, measures it, stores it. */
#pragma once

#include "encoders/encoder.h"
#include "experts/expert.h"
#include "experts/kernel/kernel_train.h"
#include "experts/measure/baseline.h"
#include "experts/train/recipe.h"

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
