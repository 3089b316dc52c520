/* SPDX-License-Identifier: Apache-2.0 */
/* Training an expert on a collection: picks the models, reads the layer once, runs the epochs,
 * keeps the best by validation, measures it, stores it. */
#pragma once

#include "encoders/encoder.h"
#include "experts/expert.h"
#include "experts/train/recipe.h"
#include "experts/train/train_result.h"

/* What the options would train on: models, labels, sides. encoder: NULL for classes. */
Task *train_task(Collection *collection, const GPtrArray *models, const TrainOptions *options, TextEncoder *encoder,
                 const Progress *progress, GError **error);

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
