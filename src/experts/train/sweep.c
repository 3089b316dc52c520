/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/sweep.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/train/trainable_layers.h"
#include "experts/task/task.h"

/* A model of the architecture that the options would train on; *kin gets who belongs together, which is the same for
 * all layers. */
static Model *example_model(Collection *collection, const GPtrArray *models, const TrainOptions *o,
                            const Progress *progress, GHashTable **kin, GError **error) {
  bool align = o->task == EXPERT_ALIGN;
  g_autoptr(TextEncoder) encoder = align ? train_open_encoder(o, error) : NULL;
  if (align && !encoder) return NULL;
  g_autoptr(Task) task = train_task(collection, models, o, encoder, progress, error);
  *kin = task ? g_hash_table_ref(task->kin) : NULL;
  return task ? model_ref(task->models->pdata[0]) : NULL;
}

static int best_validation_first(gconstpointer a, gconstpointer b) {
  const Expert *x = *(Expert *const *)a, *y = *(Expert *const *)b;
  double sx = score_merit(&x->val), sy = score_merit(&y->val);
  if (sx != sy && !(isnan(sx) && isnan(sy))) return isnan(sx) || sx < sy ? 1 : -1;
  return strcmp(x->layer, y->layer);
}

/* The expert of one layer: kept from earlier, or trained now. NULL with an error. */
static Expert *one_layer(Collection *collection, const GPtrArray *models, const TrainOptions *o,
                         const Progress *progress, bool *again, GError **error) {
  Expert *x = expert_trained_before(collection, models, o);
  *again = x != NULL;
  if (x) return x;
  g_autoptr(TrainResult) r = expert_train(collection, models, o, progress, error);
  return r ? g_steal_pointer(&r->expert) : NULL;
}

GPtrArray *sweep_run(Collection *collection, const GPtrArray *models, const TrainOptions *options, const char *pattern,
                     SweepRow row, void *user, GPtrArray *warnings, const Progress *progress, GError **error) {
  g_autoptr(GHashTable) kin = NULL;
  g_autoptr(Model) example = example_model(collection, models, options, progress, &kin, error);
  if (!example) return NULL;
  g_autoptr(GPtrArray) names = trainable_layers(collection, example, pattern, error);
  if (!names) return NULL;
  g_autoptr(GPtrArray) experts = g_ptr_array_new_with_free_func((GDestroyNotify)expert_free);
  for (guint i = 0; i < names->len; i++) {
    TrainOptions o = *options;
    g_autoptr(GError) problem = NULL;
    bool again;
    o.kin = kin;
    o.kin_only = true;
    o.layer = names->pdata[i];
    Expert *x = one_layer(collection, models, &o, progress, &again, &problem);
    if (g_error_matches(problem, COPSE_ERROR, COPSE_ERROR_CANCELLED)) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return NULL;
    }
    if (problem && warnings) g_ptr_array_add(warnings, g_strdup(problem->message));
    if (!x) continue;
    g_ptr_array_add(experts, x);
    if (row) row(user, x, again, i + 1, names->len);
  }
  g_ptr_array_sort(experts, best_validation_first);
  return g_steal_pointer(&experts);
}
