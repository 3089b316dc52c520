/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/model_json.h"

#include <string.h>

#include "collection/field_json.h"

void model_json_overview(cJSON *object, const Model *m) {
  static const ModelField fields[] = {FIELD_PATH,   FIELD_NAME,    FIELD_FORMAT, FIELD_KIND, FIELD_FORM,
                                      FIELD_FAMILY, FIELD_TENSORS, FIELD_PARAMS, FIELD_BYTES};
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
    if (fields[i] != FIELD_FORM || model_value(m, "form")) field_json_add_model(object, fields[i], m, NULL);
  model_json_beside(object, m);
}

void model_json_beside(cJSON *object, const Model *m) {
  json_add_string(object, "family_conflict", model_value(m, "family_conflict"));
  cJSON *dtypes = cJSON_AddObjectToObject(object, "dtypes");
  for (int d = 0; d < DTYPE_COUNT; d++)
    if (m->dtypes[d]) json_add_u64(dtypes, dtype_name((Dtype)d), m->dtypes[d]);
}

static bool is_one_of(const char *key, const char *const *list, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(key, list[i]) == 0) return true;
  return false;
}

static bool is_general(const char *key) {
  static const char *const keys[] = {"base", "base_relation", "license", "tags", "datasets",
                                     "task", "library",       "split",   "name", "architecture"};
  return is_one_of(key, keys, G_N_ELEMENTS(keys));
}

static bool is_always_list(const char *key) {
  static const char *const keys[] = {"tags", "datasets"};
  return is_one_of(key, keys, G_N_ELEMENTS(keys));
}

/* What the names of folders and links say, and nothing inside a file. */
static bool is_of_place(const Fact *f) {
  static const char *const sources[] = {"folder", "refs/main", "snapshots", "same name", "weights"};
  return is_one_of(f->source, sources, G_N_ELEMENTS(sources));
}

/* What copse makes of the weights stands in fields of its own. */
static bool is_answer(const char *key) { return g_str_has_prefix(key, "family") || strcmp(key, "form") == 0; }

static bool list_has(const cJSON *list, const char *value) {
  for (const cJSON *e = list->child; e; e = e->next)
    if (strcmp(e->valuestring, value) == 0) return true;
  return false;
}

/* Adds a value under a key: alone, or to a list once there are two different ones. */
static void add_value(cJSON *object, const char *key, const char *value) {
  cJSON *old = cJSON_GetObjectItemCaseSensitive(object, key);
  if (!old && !is_always_list(key)) {
    cJSON_AddStringToObject(object, key, value);
    return;
  }
  if (cJSON_IsString(old)) {
    if (strcmp(old->valuestring, value) == 0) return;
    cJSON *list = cJSON_CreateArray();
    cJSON_AddItemToArray(list, cJSON_CreateString(old->valuestring));
    cJSON_ReplaceItemInObjectCaseSensitive(object, key, list);
    old = list;
  }
  if (!old) old = cJSON_AddArrayToObject(object, key);
  if (!list_has(old, value)) cJSON_AddItemToArray(old, cJSON_CreateString(value));
}

void model_json_declared(cJSON *object, const Model *m) {
  cJSON *declared = cJSON_AddObjectToObject(object, "declared");
  cJSON *labels = cJSON_AddObjectToObject(object, "labels");
  cJSON *problems = cJSON_CreateArray();
  /* What the folder says stands; a file's own word on the split is for models that moved. */
  const char *split = model_split(m);
  if (split) add_value(declared, "split", split);
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (is_answer(f->key)) continue;
    if (strcmp(f->key, "problem") == 0) {
      g_autofree char *text = g_strdup_printf("%s: %s", f->source, f->value);
      cJSON_AddItemToArray(problems, cJSON_CreateString(text));
    } else if (is_general(f->key)) {
      if (!split || strcmp(f->key, "split") != 0) add_value(declared, f->key, f->value);
    } else if (strcmp(f->source, "metadata") == 0) {
      add_value(labels, f->key, f->value);
    } else if (!is_of_place(f)) {
      add_value(declared, f->key, f->value);
    }
  }
  if (cJSON_GetArraySize(problems)) cJSON_AddItemToObject(object, "problems", problems);
  else cJSON_Delete(problems);
}

void model_json_place(cJSON *object, const Model *m) {
  cJSON *place = cJSON_AddObjectToObject(object, "place");
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (is_of_place(f) && !is_answer(f->key) && !is_general(f->key) && strcmp(f->key, "problem") != 0)
      add_value(place, f->key, f->value);
  }
}

void model_json_facts(cJSON *object, const Model *m) {
  cJSON *facts = cJSON_AddArrayToObject(object, "facts");
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    cJSON *fact = cJSON_CreateObject();
    cJSON_AddStringToObject(fact, "key", f->key);
    cJSON_AddStringToObject(fact, "value", f->value);
    cJSON_AddStringToObject(fact, "source", f->source);
    cJSON_AddItemToArray(facts, fact);
  }
}
