/* SPDX-License-Identifier: Apache-2.0 */
#include "session/apart.h"

#include <string.h>

#include "collection/model.h"

static char *creator_of(const Model *m) {
  static const char *const keys[] = {"author", "creator", "modelspec.author"};
  for (size_t k = 0; k < G_N_ELEMENTS(keys); k++) {
    const char *value = model_value(m, keys[k]);
    if (value) return g_strdup(value);
  }
  const char *repository = model_value(m, "repository"), *slash = repository ? strchr(repository, '/') : NULL;
  return slash ? g_strndup(repository, (gsize)(slash - repository)) : NULL;
}

GHashTable *apart_table(const GPtrArray *models, const char *key) {
  GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  bool creator = strcmp(key, "creator") == 0;
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    char *value = creator ? creator_of(m) : g_strdup(model_value(m, key));
    if (value) g_hash_table_insert(table, g_strdup(m->path), value);
  }
  return table;
}
