/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/name_index.h"

#include <string.h>

#include "weights/layers/name_key.h"

struct NameIndex {
  GHashTable *whole;   /* key -> place + 1 */
  GHashTable *shorter; /* key without the first component -> place + 1, or 0: several */
  unsigned table;      /* place + 1 of the first table of tokens */
};

NameIndex *name_index_new(void) {
  NameIndex *x = g_new0(NameIndex, 1);
  x->whole = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  x->shorter = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return x;
}

void name_index_free(NameIndex *x) {
  if (!x) return;
  g_hash_table_unref(x->whole);
  g_hash_table_unref(x->shorter);
  g_free(x);
}

/* Behind the first dot; NULL when nothing is. */
static const char *without_first(const char *layer) {
  const char *dot = strchr(layer, '.');
  return dot && dot[1] ? dot + 1 : NULL;
}

void name_index_add(NameIndex *x, const char *layer, unsigned place) {
  char *key = name_key(layer);
  const char *rest = without_first(layer);
  if (g_hash_table_contains(x->whole, key)) {
    g_free(key);
    return;
  }
  g_hash_table_insert(x->whole, key, GUINT_TO_POINTER(place + 1));
  if (!x->table && name_key_is_table(key)) x->table = place + 1;
  if (!rest) return;
  char *shorter = name_key(rest);
  bool taken = g_hash_table_contains(x->shorter, shorter);
  g_hash_table_replace(x->shorter, shorter, GUINT_TO_POINTER(taken ? 0 : place + 1));
}

static int look(GHashTable *map, const char *key) { return (int)GPOINTER_TO_UINT(g_hash_table_lookup(map, key)) - 1; }

int name_index_find(const NameIndex *x, const char *layer) {
  g_autofree char *key = name_key(layer);
  int place = look(x->whole, key);
  if (place >= 0) return place;
  const char *rest = without_first(layer);
  g_autofree char *shorter = rest ? name_key(rest) : NULL;
  if (shorter) place = look(x->whole, shorter);
  if (place < 0) place = look(x->shorter, key);
  return place < 0 && name_key_is_tied_head(key) ? (int)x->table - 1 : place;
}
