/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/outside.h"

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
