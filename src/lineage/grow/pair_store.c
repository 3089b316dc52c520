/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/pair_store.h"

#include <string.h>

#include "collection/stamp.h"

char *pair_store_key(const Collection *collection, const Model *first, const Model *second) {
  g_autofree char *a = model_stamp(collection, first), *b = model_stamp(collection, second);
  return a && b ? g_strdup_printf("%s|%s", a, b) : NULL;
}

bool pair_store_get(Collection *collection, const char *space, const char *key, void *value, size_t n) {
  g_autoptr(GBytes) kept = key ? collection_get(collection, space, key, NULL) : NULL;
  if (!kept || g_bytes_get_size(kept) != n) return false;
  memcpy(value, g_bytes_get_data(kept, NULL), n);
  return true;
}

void pair_store_put(Collection *collection, const char *space, const char *key, const void *value, size_t n) {
  if (!key || collection_is_read_only(collection)) return;
  g_autoptr(GBytes) bytes = g_bytes_new(value, n);
  collection_put(collection, space, key, bytes, NULL);
}
