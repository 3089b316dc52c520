/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/split_labels.h"

#include <string.h>

#include "core/json.h"

bool split_labels_wanted(const char *source) {
  return source && (source[0] == '@' || strcmp(source, "folder") == 0 || strcmp(source, "name") == 0);
}

/* --- as text ----------------------------------------------------------------------------------------- */

/* The number of a name, which is added to the list when it is new. */
static double number_of(const char *name, GHashTable *numbers, cJSON *names) {
  gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(numbers, name));
  if (at) return (double)(at - 1);
  cJSON_AddItemToArray(names, cJSON_CreateString(name));
  at = g_hash_table_size(numbers);
  g_hash_table_insert(numbers, (gpointer)name, GSIZE_TO_POINTER(at + 1));
  return (double)at;
}

char *split_labels_text(const SplitRecord *r) {
  if (!r->labels) return NULL;
  g_autoptr(GHashTable) numbers = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(cJSON) o = cJSON_CreateObject();
  cJSON *names = cJSON_AddArrayToObject(o, "names"), *of = cJSON_AddArrayToObject(o, "of");
  for (guint i = 0; i < r->labels->len; i++) {
    const GPtrArray *own = r->labels->pdata[i];
    cJSON *row = cJSON_CreateArray();
    for (guint k = 0; k < own->len; k++)
      cJSON_AddItemToArray(row, cJSON_CreateNumber(number_of(own->pdata[k], numbers, names)));
    cJSON_AddItemToArray(of, row);
  }
  return cJSON_PrintUnformatted(o);
}

/* Each name of the list, borrowed from it; NULL when one is no text. */
static GPtrArray *names_of(const cJSON *list) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const cJSON *item;
  cJSON_ArrayForEach(item, list) {
    if (!cJSON_IsString(item)) return NULL;
    g_ptr_array_add(names, item->valuestring);
  }
  return g_steal_pointer(&names);
}

static GPtrArray *labels_of_row(const cJSON *row, const GPtrArray *names) {
  g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func(g_free);
  const cJSON *item;
  cJSON_ArrayForEach(item, row) {
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < names->len)) return NULL;
    g_ptr_array_add(own, safe_text(names->pdata[(guint)item->valuedouble], -1));
  }
  return g_steal_pointer(&own);
}

void split_labels_read(SplitRecord *r, const char *text) {
  g_autoptr(cJSON) o = text ? json_parse(text, strlen(text)) : NULL;
  g_autoptr(GPtrArray) names = names_of(cJSON_GetObjectItemCaseSensitive(o, "names"));
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(label_list_free);
  const cJSON *row;
  if (!names) return;
  cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(o, "of")) {
    GPtrArray *own = labels_of_row(row, names);
    if (!own) return;
    g_ptr_array_add(all, own);
  }
  if (all->len == r->n && r->n) r->labels = g_steal_pointer(&all);
}

/* --- recalled ---------------------------------------------------------------------------------------- */

LabelSource *split_labels_recall(const SplitRecord *r, const char *source, const GPtrArray *models,
                                 const SplitKey *content) {
  g_autoptr(GHashTable) known = g_hash_table_new(split_key_hash, split_key_equal);
  for (size_t k = 0; k < r->n; k++) g_hash_table_insert(known, &r->key[k], r->labels->pdata[k]);
  LabelSource *s = g_new0(LabelSource, 1);
  s->source = safe_text(source, -1);
  s->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, label_list_free);
  s->warnings = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    GPtrArray *own = m->shapes ? g_hash_table_lookup(known, &content[i]) : NULL;
    if (own && own->len) g_hash_table_insert(s->labels, g_strdup(m->path), g_ptr_array_ref(own));
  }
  return s;
}
