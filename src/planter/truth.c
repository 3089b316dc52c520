/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/truth.h"

#include <string.h>

#include "core/files.h"
#include "core/json.h"

struct Truth {
  GArray *entries; /* of TruthEntry */
};

TruthParent *truth_parent_new(char *path, double weight) {
  TruthParent *p = g_new(TruthParent, 1);
  *p = (TruthParent){path, weight};
  return p;
}

void truth_parent_free(void *parent) {
  g_free(((TruthParent *)parent)->path);
  g_free(parent);
}

static void entry_clear(void *data) {
  TruthEntry *entry = data;
  g_free(entry->path);
  g_free(entry->parent);
  g_free(entry->concept);
  g_strfreev(entry->targets);
  g_free(entry->grove);
  if (entry->parents) g_ptr_array_unref(entry->parents);
}

Truth *truth_new(void) {
  Truth *truth = g_new0(Truth, 1);
  truth->entries = g_array_new(FALSE, FALSE, sizeof(TruthEntry));
  g_array_set_clear_func(truth->entries, entry_clear);
  return truth;
}

void truth_free(Truth *truth) {
  if (!truth) return;
  g_array_unref(truth->entries);
  g_free(truth);
}

void truth_add(Truth *truth, TruthEntry entry) { g_array_append_val(truth->entries, entry); }

unsigned truth_count(const Truth *truth) { return truth->entries->len; }

static const TruthEntry *truth_entry(const Truth *truth, unsigned i) {
  return &g_array_index(truth->entries, TruthEntry, i);
}

/* What woods alone have. */
static void add_wood_facts(cJSON *object, const TruthEntry *entry) {
  json_add_string(object, "tree", entry->grove);
  cJSON_AddBoolToObject(object, "wrong_card", entry->wrong_card);
  if (!entry->parents) return;
  cJSON *list = cJSON_AddArrayToObject(object, "parents");
  for (guint i = 0; i < entry->parents->len; i++) {
    const TruthParent *p = entry->parents->pdata[i];
    cJSON *item = cJSON_CreateObject();
    json_add_string(item, "path", p->path);
    json_add_number(item, "weight", p->weight);
    cJSON_AddItemToArray(list, item);
  }
}

static cJSON *entry_json(const TruthEntry *entry) {
  cJSON *object = cJSON_CreateObject();
  json_add_string(object, "path", entry->path);
  json_add_string(object, "parent", entry->parent);
  json_add_string(object, "kind", entry->edge);
  json_add_string(object, "concept", entry->concept);
  if (entry->targets) {
    cJSON *list = cJSON_AddArrayToObject(object, "targets");
    for (char **t = entry->targets; *t; t++) cJSON_AddItemToArray(list, cJSON_CreateString(*t));
  }
  json_add_string(object, "split", entry->split);
  cJSON_AddBoolToObject(object, "declared", entry->declared);
  if (entry->grove) add_wood_facts(object, entry);
  return object;
}

bool truth_write(const Truth *truth, const char *path, const char *kind, uint64_t seed, GError **error) {
  g_autoptr(cJSON) document = cJSON_CreateObject();
  json_add_string(document, "format", "copse-truth");
  cJSON_AddNumberToObject(document, "version", 1);
  json_add_string(document, "kind", kind);
  json_add_u64(document, "seed", seed);
  cJSON *models = cJSON_AddArrayToObject(document, "models");
  for (unsigned i = 0; i < truth_count(truth); i++) cJSON_AddItemToArray(models, entry_json(truth_entry(truth, i)));
  char *text = cJSON_Print(document);
  bool ok = file_write_bytes(path, text, strlen(text), error);
  cJSON_free(text);
  return ok;
}
