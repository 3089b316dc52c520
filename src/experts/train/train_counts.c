/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/train_counts.h"

#include "experts/task/label_source.h"
#include "experts/train/train.h"
#include "experts/train/train_keys.h"

bool train_counts(Collection *collection, const GPtrArray *models, const TrainOptions *o, const Progress *progress,
                  TrainCounts *counts, GError **error) {
  g_autoptr(TextEncoder) encoder = o->task == EXPERT_ALIGN ? train_open_encoder(o, error) : NULL;
  if (o->task == EXPERT_ALIGN && !encoder) return false;
  g_autoptr(Task) task = train_task(collection, models, o, encoder, progress, error);
  if (!task) return false;
  *counts = (TrainCounts){.train = task->counts[SPLIT_TRAIN],
                          .val = task->counts[SPLIT_VAL],
                          .test = task->counts[SPLIT_TEST],
                          .unseen = task->counts[SPLIT_HOLDOUT],
                          .labels = task->seen,
                          .left_out = task->left_out ? task->left_out->len : 0};
  return true;
}

static void count_free(gpointer data) {
  g_free(((LabelCount *)data)->source);
  g_free(data);
}

/* Nothing for a source that gives no labels, or the same to all. */
static void add_source(GPtrArray *all, const GPtrArray *models, const char *name) {
  LabelRequest request = {.source = name};
  g_autoptr(LabelSource) source = label_source_new(models, &request, NULL);
  g_autoptr(GHashTable) labels = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter it;
  gpointer own;
  if (!source) return;
  g_hash_table_iter_init(&it, source->labels);
  while (g_hash_table_iter_next(&it, NULL, &own))
    for (guint k = 0; k < ((GPtrArray *)own)->len; k++) g_hash_table_add(labels, ((GPtrArray *)own)->pdata[k]);
  if (g_hash_table_size(labels) < 2) return;
  LabelCount *c = g_new(LabelCount, 1);
  *c = (LabelCount){g_strdup(name), g_hash_table_size(source->labels), g_hash_table_size(labels),
                    label_source_has_lists(models, name)};
  g_ptr_array_add(all, c);
}

GPtrArray *label_counts(const GPtrArray *models, const Progress *progress, GError **error) {
  static const char *const always[] = {"folder", "name", "hand"};
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(count_free);
  g_autoptr(GPtrArray) keys = train_keys(models);
  for (guint k = 0; k < keys->len; k++) {
    if (!progress_check(progress, error)) return NULL;
    add_source(all, models, keys->pdata[k]);
  }
  for (size_t k = 0; k < G_N_ELEMENTS(always); k++) add_source(all, models, always[k]);
  return g_steal_pointer(&all);
}
