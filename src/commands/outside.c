/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/outside.h"

#include <string.h>

#include "collection/adapter_facts.h"
#include "collection/collection.h"
#include "core/error.h"
#include "weights/weight_open.h"

static WeightFile *open_folder(const char *path, AdapterConfig **config, GError **error) {
  CollectionOptions options = {.read_only = true};
  ScanSummary summary;
  g_autoptr(Collection) c = collection_open(path, &options, error);
  if (!c || !collection_scan(c, NULL, &summary, error)) return NULL;
  g_autoptr(GPtrArray) models = collection_models(c, error);
  if (!models) return NULL;
  if (models->len == 1) {
    if (config) *config = model_adapter_config(models->pdata[0]);
    return collection_open_weights(c, models->pdata[0], error);
  }
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "%s holds %u models: name one of their files", path, models->len);
  return NULL;
}

WeightFile *outside_open(const char *path, AdapterConfig **config, GError **error) {
  if (config) *config = NULL;
  return g_file_test(path, G_FILE_TEST_IS_DIR) ? open_folder(path, config, error) : weight_file_open(path, error);
}

/* Every model of a folder that can be opened. */
static bool each_in_folder(const char *path, OutsideVisit visit, void *user, GError **error) {
  CollectionOptions options = {.read_only = true};
  ScanSummary summary;
  g_autoptr(Collection) c = collection_open(path, &options, error);
  if (!c || !collection_scan(c, NULL, &summary, error)) return false;
  g_autoptr(GPtrArray) models = collection_models(c, error);
  for (guint i = 0; models && i < models->len; i++) {
    const Model *m = models->pdata[i];
    g_autofree char *label = g_build_filename(path, strcmp(m->path, ".") == 0 ? NULL : m->path, NULL);
    g_autoptr(WeightFile) file = collection_open_weights(c, m, error);
    if (!file || !visit(user, label, file, error)) return false;
  }
  return models != NULL;
}

bool outside_each(const char *path, OutsideVisit visit, void *user, GError **error) {
  if (g_file_test(path, G_FILE_TEST_IS_DIR)) return each_in_folder(path, visit, user, error);
  g_autoptr(WeightFile) file = weight_file_open(path, error);
  return file && visit(user, path, file, error);
}
