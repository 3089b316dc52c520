/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "experts/kernel/kernel_choose.h"
#include "experts/train/trainable_layers.h"
#include "experts/task/task.h"

/* A model of the architecture that the options would train on; *kin gets who belongs together, which is the same for
 * all layers. */
static Model *example_model(Collection *collection, const GPtrArray *models, const TrainOptions *o,
                            const Progress *progress, Task **of, GHashTable **kin, GError **error) {
  bool align = o->task == EXPERT_ALIGN;
  g_autoptr(TextEncoder) encoder = align ? train_open_encoder(o, error) : NULL;
  if (align && !encoder) return NULL;
  g_autoptr(Task) task = train_task(collection, models, o, encoder, progress, error);
  *kin = task ? g_hash_table_ref(task->kin) : NULL;
  Model *any = task ? model_ref(task->models->pdata[0]) : NULL;
  *of = g_steal_pointer(&task);
  return any;
}

/* What a kernel on the layer explains of models or labels left out. */
static double explained(const KernelChoice *c, const char *layer) {
  double best = -INFINITY;
  for (guint i = 0; i < c->candidates->len; i++) {
    const KernelCandidate *at = &g_array_index(c->candidates, KernelCandidate, i);
    if (strcmp(at->layer, layer) == 0) best = fmax(best, fmax(at->r2[0], isnan(at->r2[1]) ? -1 : at->r2[1]));
  }
  return best;
}

typedef struct {
  char *name;
  double r2;
} Ranked;

static int most_explained_first(const void *a, const void *b) {
  const Ranked *x = a, *y = b;
  if (x->r2 != y->r2) return x->r2 > y->r2 ? -1 : 1;
  return strcmp(x->name, y->name);
}

/* Brings the layers into the order of their exact errors, in seconds, before anything is trained on them. Trouble is no
 * error: they stay as they are. False when cancelled. */
static bool rank_layers(const Collection *collection, const Task *task, GPtrArray *names, uint64_t seed,
                        const Progress *progress, GError **error) {
  enum { MOST_MODELS = 400 };
  g_autoptr(GPtrArray) models = g_ptr_array_new();
  g_autofree size_t *members = g_new(size_t, task->models->len + 1);
  for (guint i = 0; i < task->models->len && models->len < MOST_MODELS; i++) {
    if (task->split[i] != SPLIT_TRAIN) continue;
    members[models->len] = i;
    g_ptr_array_add(models, task->models->pdata[i]);
  }
  g_autoptr(KernelTarget) target = kernel_target_new(task, members, models->len, false);
  KernelChoice *choice = kernel_choose(collection, models, names, target, NULL, seed, NULL, progress, NULL);
  if (!choice) return progress_check(progress, error);
  Ranked *all = g_new(Ranked, names->len + 1);
  for (guint i = 0; i < names->len; i++) all[i] = (Ranked){names->pdata[i], explained(choice, names->pdata[i])};
  qsort(all, names->len, sizeof *all, most_explained_first);
  for (guint i = 0; i < names->len; i++) names->pdata[i] = all[i].name;
  g_free(all);
  kernel_choice_free(choice);
  return true;
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
  g_autoptr(Task) task = NULL;
  g_autoptr(Model) example = example_model(collection, models, options, progress, &task, &kin, error);
  if (!example) return NULL;
  g_autoptr(GPtrArray) names = trainable_layers(collection, example, pattern, error);
  if (!names || !rank_layers(collection, task, names, options->seed, progress, error)) return NULL;
  g_autoptr(GPtrArray) experts = g_ptr_array_new_with_free_func((GDestroyNotify)expert_free);
  for (guint i = 0; i < names->len; i++) {
    TrainOptions o = *options;
    if (o.kind == TRAIN_AUTO) o.kind = TRAIN_KERNEL; /* forms are compared on the layer that is chosen, not on each */
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
