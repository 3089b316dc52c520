/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/scenes.h"

#include <stdio.h>

#include "collection/model.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "numerics/interval.h"
#include "planter/plant.h"

enum { CONCEPTS = 96, ADAPTERS = 4 };

bool scenes_grow(const char *folder, const char *name, uint64_t seed, GError **error) {
  g_autofree char *inner = g_build_filename(folder, "woods", name, NULL);
  g_autofree char *truth = g_strdup_printf("%s/%s.truth.json", folder, name);
  const PlantOptions o = {
      .kind = PLANT_SCENES, .concepts = CONCEPTS, .adapters = ADAPTERS, .seed = seed, .truth = truth};
  PlantSummary summary = {0};
  linalg_set_threads(1);
  bool ok = g_file_test(truth, G_FILE_TEST_EXISTS) ||
            (g_mkdir_with_parents(inner, 0755) == 0 && plant(inner, &o, NULL, &summary, error));
  linalg_set_threads(parallel_processors());
  g_free(summary.truth);
  return ok;
}

GHashTable *scenes_held_out(const GPtrArray *models) {
  GHashTable *all = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < models->len; i++) {
    const char *split = model_split(models->pdata[i]);
    const char *concept = model_value(models->pdata[i], "concept");
    if (concept && split && g_str_has_suffix(split, "_holdout")) g_hash_table_add(all, (gpointer) concept);
  }
  return all;
}

void scenes_print_mean(const GArray *shares) {
  double sum = 0, low, high;
  for (guint i = 0; i < shares->len; i++) sum += g_array_index(shares, double, i);
  interval_of_share((const double *)(const void *)shares->data, NULL, shares->len, &low, &high);
  printf(" %.1f | %.1f – %.1f |", 100 * sum / shares->len, 100 * low, 100 * high);
}
