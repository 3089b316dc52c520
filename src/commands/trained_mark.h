/* SPDX-License-Identifier: Apache-2.0 */
/* Marks on answers about models that the expert which answers was trained on. */
#pragma once

#include "core/json.h"
#include "experts/expert.h"
#include "experts/task/training_set.h"

typedef struct {
  Collection *collection; /* borrowed */
  GHashTable *sets;       /* const Expert* -> TrainingSet*, owned */
  bool marked;            /* a mark was given out, so that the legend is due */
} TrainedMarks;

void trained_marks_open(TrainedMarks *marks, Collection *collection);
void trained_marks_clear(TrainedMarks *marks);

/* What to print behind a model: " *", or "" for one that the expert was not trained on, or where that is not known.
 * `expert` may be NULL: nobody spoke. Static text. */
const char *trained_mark(TrainedMarks *marks, const Expert *expert, const Model *model);

/* Prints what the mark means, if one was given out. */
void trained_marks_legend(const TrainedMarks *marks);

/* Adds `trained_on`: true, false, or null where nobody spoke or it is not known. */
void trained_mark_json(TrainedMarks *marks, cJSON *object, const Expert *expert, const Model *model);
