/* SPDX-License-Identifier: Apache-2.0 */
/* The models that an expert was trained on, known again by their content whatever they are called now: what it says of
 * these is no evidence of what it can say of others. */
#pragma once

#include "collection/collection.h"
#include "experts/task/split.h"

typedef enum {
  TRAINED_NOT_KNOWN, /* the expert's file does not say who trained */
  TRAINED_NOT,
  TRAINED_ON,
} Trained;

typedef struct TrainingSet TrainingSet;

/* Of a record of sides, which may be NULL: then nothing is known. Borrows both arguments. */
TrainingSet *training_set_new(Collection *collection, const SplitRecord *record);
void training_set_free(TrainingSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrainingSet, training_set_free)

/* Whether the model, or one of the same content, was on the training side; models that validated or tested were not.
 * Reads a little of the file when the catalog does not have its content's key. */
Trained training_set_tell(const TrainingSet *set, const Model *model);
