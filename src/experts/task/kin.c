/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/kin.h"

#include <string.h>

#include "collection/walk/training_run.h"
#include "experts/task/likeness.h"

void kin_free(Kin *k) {
  if (!k) return;
  g_free(k->group);
  g_free(k);
}

const char *kin_reason_name(KinReason reason) {
  static const char *const names[KIN_REASONS] = {"copies and recasts", "near kin", "checkpoints of a run",
                                                 "set together by you"};
  return names[reason];
}

/* --- sets: group[i] leads to a smaller index until it is its own ----------------------------------- */

static size_t root_of(Kin *k, size_t i) {
  while (k->group[i] != i) i = k->group[i] = k->group[k->group[i]];
  return i;
}

static void join(void *kin, size_t i, size_t j, bool copy) {
  Kin *k = kin;
  size_t a = root_of(k, i), b = root_of(k, j);
  if (a == b) return;
  k->group[MAX(a, b)] = MIN(a, b);
  k->joined[copy ? KIN_COPY : KIN_NEAR]++;
}

static void join_for(Kin *k, size_t i, size_t j, KinReason reason) {
  size_t a = root_of(k, i), b = root_of(k, j);
  if (a == b) return;
  k->group[MAX(a, b)] = MIN(a, b);
  k->joined[reason]++;
}

/* Roots become numbers from 0 on. */
static void number(Kin *k) {
  for (size_t i = 0; i < k->n; i++) k->group[i] = root_of(k, i);
  g_autofree size_t *place = g_new0(size_t, k->n + 1);
  for (size_t i = 0; i < k->n; i++)
    if (k->group[i] == i) place[i] = k->groups++;
  for (size_t i = 0; i < k->n; i++) k->group[i] = place[k->group[i]];
}

/* --- reasons --------------------------------------------------------------------------------------- */

/* Joins models of one key; key NULL: alone. */
static void join_keyed(Kin *k, GHashTable *first, char *key, size_t i, KinReason reason) {
  if (!key) return;
  gsize before = GPOINTER_TO_SIZE(g_hash_table_lookup(first, key));
  if (before) {
    join_for(k, before - 1, i, reason);
    g_free(key);
  } else {
    g_hash_table_insert(first, key, GSIZE_TO_POINTER(i + 1));
  }
}

/* The run that a model is a step of, by its folder or its file's name; NULL: of none. One run has one label: names that
 * only look like steps do not join what is labelled apart. */
static char *run_of(const Model *m, const size_t *label, size_t i) {
  g_autofree char *pattern = NULL;
  uint64_t step;
  const char *chain = model_value(m, "chain");
  if (!chain && !training_run_pattern(m->path, &pattern, &step)) return NULL;
  return g_strdup_printf("%zu %s", label ? label[i] : 0, chain ? chain : pattern);
}

static void join_runs(Kin *k, const GPtrArray *models, const size_t *label) {
  g_autoptr(GHashTable) first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < models->len; i++) join_keyed(k, first, run_of(models->pdata[i], label, i), i, KIN_RUN);
}

static void join_given(Kin *k, const GPtrArray *models, const GHashTable *given) {
  g_autoptr(GHashTable) first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; given && i < models->len; i++) {
    const char *key = g_hash_table_lookup((GHashTable *)given, ((const Model *)models->pdata[i])->path);
    join_keyed(k, first, g_strdup(key), i, KIN_GIVEN);
  }
}

Kin *kin_find(const GPtrArray *models, const KinQuestion *q, const Progress *progress, GError **error) {
  g_autoptr(Kin) k = g_new0(Kin, 1);
  k->n = models->len;
  k->group = g_new(size_t, k->n + 1);
  for (size_t i = 0; i < k->n; i++) k->group[i] = i;
  join_given(k, models, q->given);
  if (!q->given_only) {
    join_runs(k, models, q->label);
    const size_t *peers = q->many ? NULL : q->label;
    if (q->collection && !likeness_pairs(q->collection, models, peers, join, k, progress, error)) return NULL;
  }
  number(k);
  return g_steal_pointer(&k);
}

GHashTable *kin_table(const Kin *k, const GPtrArray *models) {
  GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (size_t i = 0; i < k->n; i++)
    g_hash_table_insert(table, g_strdup(((const Model *)models->pdata[i])->path), g_strdup_printf("%zu", k->group[i]));
  return table;
}

size_t kin_grouped(const Kin *k) {
  g_autofree unsigned *size = g_new0(unsigned, k->groups + 1);
  size_t grouped = 0;
  for (size_t i = 0; i < k->n; i++) size[k->group[i]]++;
  for (size_t i = 0; i < k->n; i++) grouped += size[k->group[i]] > 1;
  return grouped;
}
