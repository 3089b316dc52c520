/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/lineage_truth.h"

#include "collection/model.h"
#include "core/error.h"
#include "core/json.h"

bool true_model_is(const TrueModel *m, const char *kind) { return g_strcmp0(m->kind, kind) == 0; }

bool true_model_is_copy(const TrueModel *m) { return true_model_is(m, "copy") || true_model_is(m, "recast"); }

bool true_model_is_trained(const TrueModel *m) {
  return !m->kind || true_model_is(m, "fine-tune") || true_model_is(m, "continued") || true_model_is(m, "checkpoint") ||
         true_model_is(m, "lora-merged");
}

int lineage_truth_original(const LineageTruth *t, int i) {
  while (i >= 0 && true_model_is_copy(&t->models[i]) && t->models[i].parent >= 0) i = t->models[i].parent;
  return i;
}

bool lineage_truth_is_edge(const LineageTruth *t, int parent, int child) {
  return child >= 0 && parent >= 0 && t->models[child].parent == parent;
}

static int index_of(GHashTable *by_path, const char *path) {
  return path ? (int)GPOINTER_TO_UINT(g_hash_table_lookup(by_path, path)) - 1 : -1;
}

/* Woods of one tree do not number it. */
static const char *grove_of(const cJSON *item) {
  const char *tree = cJSON_GetStringValue(cJSON_GetObjectItem(item, "tree"));
  return tree ? tree : "";
}

static void read_one(const cJSON *item, GHashTable *by_path, TrueModel *m) {
  const char *parent = cJSON_GetStringValue(cJSON_GetObjectItem(item, "parent"));
  *m = (TrueModel){.path = cJSON_GetStringValue(cJSON_GetObjectItem(item, "path")),
                   .kind = cJSON_GetStringValue(cJSON_GetObjectItem(item, "kind")),
                   .grove = grove_of(item),
                   .node = -1};
  m->parent = parent && g_str_has_prefix(parent, "ghost:") ? TRUE_ABSENT : index_of(by_path, parent);
  m->wrong_card = cJSON_IsTrue(cJSON_GetObjectItem(item, "wrong_card"));
  const cJSON *p;
  cJSON_ArrayForEach(p, cJSON_GetObjectItem(item, "parents")) if (m->n_parents < 3) m->parents[m->n_parents++] =
      index_of(by_path, cJSON_GetStringValue(cJSON_GetObjectItem(p, "path")));
}

static void read_all(LineageTruth *t, const GPtrArray *models) {
  const cJSON *list = cJSON_GetObjectItem(t->document, "models"), *item;
  g_autoptr(GHashTable) by_path = g_hash_table_new(g_str_hash, g_str_equal);
  t->models = g_new0(TrueModel, (gsize)cJSON_GetArraySize(list) + 1);
  cJSON_ArrayForEach(item, list) {
    char *path = cJSON_GetStringValue(cJSON_GetObjectItem(item, "path"));
    if (path) g_hash_table_insert(by_path, path, GUINT_TO_POINTER(++t->n));
  }
  unsigned i = 0;
  cJSON_ArrayForEach(item, list) read_one(item, by_path, &t->models[i++]);
  t->of_node = g_new(int, models->len + 1);
  for (unsigned v = 0; v < models->len; v++) {
    const Model *model = models->pdata[v];
    int at = model ? index_of(by_path, model->path) : -1;
    if (model && at < 0) at = index_of(by_path, model->file);
    t->of_node[v] = at;
    if (at >= 0) t->models[at].node = (int)v;
  }
}

LineageTruth *lineage_truth_read(const char *file, const GPtrArray *models, GError **error) {
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents(file, &text, &length, error)) return NULL;
  g_autoptr(LineageTruth) t = g_new0(LineageTruth, 1);
  t->document = json_parse(text, length);
  if (!cJSON_IsArray(cJSON_GetObjectItem(t->document, "models"))) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s tells no truth", file);
    return NULL;
  }
  read_all(t, models);
  return g_steal_pointer(&t);
}

void lineage_truth_free(LineageTruth *t) {
  if (!t) return;
  cJSON_Delete(t->document);
  g_free(t->models);
  g_free(t->of_node);
  g_free(t);
}
