/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/superseded.h"

#include <string.h>

#include "collection/walk/training_run.h"

/* The run of a model that lies on the disk, and its step. The caller frees *run. */
static bool step_of(const Model *m, char **run, uint64_t *step) {
  return !model_value(m, "archive") && training_run_pattern(m->path, run, step);
}

GPtrArray *superseded_models(const GPtrArray *models) {
  g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  GPtrArray *out = g_ptr_array_new();
  for (guint i = 0; i < models->len; i++) {
    char *run;
    uint64_t step;
    if (!step_of(models->pdata[i], &run, &step)) continue;
    uint64_t *known = g_hash_table_lookup(last, run);
    if (!known) g_hash_table_insert(last, g_strdup(run), g_memdup2(&step, sizeof step));
    else *known = MAX(*known, step);
    g_free(run);
  }
  for (guint i = 0; i < models->len; i++) {
    g_autofree char *run = NULL;
    uint64_t step;
    if (step_of(models->pdata[i], &run, &step) && step < *(uint64_t *)g_hash_table_lookup(last, run))
      g_ptr_array_add(out, models->pdata[i]);
  }
  return out;
}
