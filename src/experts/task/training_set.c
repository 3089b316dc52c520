/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/training_set.h"

#include "experts/task/task_private.h"

struct TrainingSet {
  Collection *collection;
  GHashTable *keys; /* of SplitKey*, borrowed from the record; NULL: not known */
};

TrainingSet *training_set_new(Collection *collection, const SplitRecord *record) {
  TrainingSet *set = g_new0(TrainingSet, 1);
  set->collection = collection;
  if (record) set->keys = g_hash_table_new(split_key_hash, split_key_equal);
  for (size_t i = 0; record && i < record->n; i++)
    if (record->part[i] == SPLIT_TRAIN) g_hash_table_add(set->keys, &record->key[i]);
  return set;
}

void training_set_free(TrainingSet *set) {
  if (!set) return;
  g_clear_pointer(&set->keys, g_hash_table_unref);
  g_free(set);
}

Trained training_set_tell(const TrainingSet *set, const Model *model) {
  if (!set->keys) return TRAINED_NOT_KNOWN;
  const SplitKey key = task_content(set->collection, model);
  return g_hash_table_contains(set->keys, &key) ? TRAINED_ON : TRAINED_NOT;
}
