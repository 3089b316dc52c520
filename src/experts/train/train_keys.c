/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/train_keys.h"

#include "collection/model.h"

enum { KEYS_MOST = 60 };

typedef struct {
  const char *key; /* borrowed */
  guint models;
  const Model *last; /* counted: a model may have several facts of one key */
} KeyCount;

static void count(GHashTable *counts, const Model *m) {
  for (guint i = 0; i < m->facts->len; i++) {
    const char *key = ((const Fact *)m->facts->pdata[i])->key;
    KeyCount *c = g_hash_table_lookup(counts, key);
    if (!c) {
      c = g_new0(KeyCount, 1);
      c->key = key;
      g_hash_table_insert(counts, (gpointer)key, c);
    }
    if (c->last != m) c->models++;
    c->last = m;
  }
}

static gint most_first(gconstpointer a, gconstpointer b) {
  const KeyCount *x = a, *y = b;
  if (x->models != y->models) return x->models > y->models ? -1 : 1;
  return g_strcmp0(x->key, y->key);
}

GPtrArray *train_keys(const GPtrArray *models) {
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < models->len; i++) count(counts, models->pdata[i]);
  g_autoptr(GList) all = g_list_sort(g_hash_table_get_values(counts), most_first);
  for (const GList *at = all; at && keys->len < KEYS_MOST; at = at->next) {
    const KeyCount *c = at->data;
    if (c->models >= 2) g_ptr_array_add(keys, g_strdup(c->key));
  }
  return keys;
}
