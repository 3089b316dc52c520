/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/trained_mark.h"

#include <stdio.h>

void trained_marks_open(TrainedMarks *marks, Collection *collection) {
  marks->collection = collection;
  marks->sets = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, (GDestroyNotify)training_set_free);
  marks->marked = false;
}

void trained_marks_clear(TrainedMarks *marks) { g_clear_pointer(&marks->sets, g_hash_table_unref); }

static Trained tell(TrainedMarks *marks, const Expert *expert, const Model *model) {
  if (!expert) return TRAINED_NOT_KNOWN;
  TrainingSet *set = g_hash_table_lookup(marks->sets, expert);
  if (!set) {
    set = training_set_new(marks->collection, expert->split);
    g_hash_table_insert(marks->sets, (gpointer)expert, set);
  }
  return training_set_tell(set, model);
}

const char *trained_mark(TrainedMarks *marks, const Expert *expert, const Model *model) {
  bool trained = tell(marks, expert, model) == TRAINED_ON;
  marks->marked |= trained;
  return trained ? " *" : "";
}

void trained_marks_legend(const TrainedMarks *marks) {
  if (marks->marked) puts("* the expert was trained on this model: what it says there shows no skill");
}

void trained_mark_json(TrainedMarks *marks, cJSON *object, const Expert *expert, const Model *model) {
  Trained trained = tell(marks, expert, model);
  if (trained == TRAINED_NOT_KNOWN) cJSON_AddNullToObject(object, "trained_on");
  else cJSON_AddBoolToObject(object, "trained_on", trained == TRAINED_ON);
}
