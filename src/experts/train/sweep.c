/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collection/collection_team.h"
#include "core/error.h"
#include "experts/expert_file.h"
#include "experts/kernel/kernel_choose.h"
#include "experts/representation.h"
#include "experts/train/train_place.h"
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
  KernelChoice *choice = kernel_look(collection, models, names, target, seed, progress, NULL);
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

static gpointer copy_name(gconstpointer name, gpointer user) {
  (void)user;
  return g_strdup(name);
}

/* What every layer is trained with. */
typedef struct {
  Collection *collection;
  const GPtrArray *models, *names;
  const TrainOptions *options;
  GHashTable *kin;
  const Progress *progress;
  SweepRow row;
  void *user;
  GPtrArray *warnings, *experts;
  unsigned done;
} Sweep;

static Expert *train_layer(const Sweep *s, const char *layer, bool unplaced, bool *again, GError **error) {
  TrainOptions o = *s->options;
  o.unplaced = unplaced;
  if (o.kind == TRAIN_AUTO) o.kind = TRAIN_KERNEL; /* forms are compared on the layer that is chosen, not on each */
  o.kin = s->kin;
  o.kin_only = true;
  o.layer = layer;
  return one_layer(s->collection, s->models, &o, s->progress, again, error);
}

/* Takes the expert, or why there is none. False when cancelled. */
static bool take_layer(Sweep *s, Expert *x, bool again, GError *problem, GError **error) {
  s->done++;
  if (g_error_matches(problem, COPSE_ERROR, COPSE_ERROR_CANCELLED)) {
    g_propagate_error(error, problem);
    return false;
  }
  if (problem && s->warnings) g_ptr_array_add(s->warnings, g_strdup(problem->message));
  g_clear_error(&problem);
  if (x) g_ptr_array_add(s->experts, x);
  if (x && s->row) s->row(s->user, x, again, s->done, s->names->len);
  return true;
}

static bool sweep_alone(Sweep *s, GError **error) {
  for (guint i = 0; i < s->names->len; i++) {
    bool again;
    GError *problem = NULL;
    Expert *x = train_layer(s, s->names->pdata[i], false, &again, &problem);
    if (!take_layer(s, x, again, problem, error)) return false;
  }
  return true;
}

/* --- with other processes */

/* The layer's expert as a rank trained it: whether it was there already, why there is none, whether that is a stop; the
 * expert, or the path of the one that was there; its representations. */
static const char trained_type[] = "(baybayay)";

static GBytes *train_shared(void *user, size_t item, unsigned thread) {
  (void)thread;
  const Sweep *s = user;
  bool again = false;
  g_autoptr(GError) problem = NULL;
  g_autoptr(Expert) x = item < s->names->len ? train_layer(s, s->names->pdata[item], true, &again, &problem) : NULL;
  g_autoptr(GBytes) bytes = !x ? NULL : again ? g_bytes_new(x->path, strlen(x->path) + 1) : expert_pack(x, &problem);
  const char *word = problem ? problem->message : bytes ? "" : "it could not be trained";
  g_autoptr(GBytes) none = g_bytes_new(NULL, 0);
  bool cancelled = g_error_matches(problem, COPSE_ERROR, COPSE_ERROR_CANCELLED);
  g_autoptr(GVariant) v = g_variant_ref_sink(g_variant_new(
      "(b@ayb@ay@ay)", again, g_variant_new_bytestring(word), cancelled,
      g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, bytes ? bytes : none, TRUE),
      g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, x && x->rows->content ? x->rows->content : none, TRUE)));
  return g_variant_get_data_as_bytes(v);
}

static bool take_trained(void *user, size_t item, GBytes *result, GError **error) {
  Sweep *s = user;
  GError *problem = NULL;
  bool here = false;
  if (!result) { /* nobody else could even say why not */
    Expert *x = train_layer(s, s->names->pdata[item], false, &here, &problem);
    return take_layer(s, x, here, problem, error);
  }
  g_autoptr(GVariant) v = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(trained_type), result, FALSE));
  gboolean again, cancelled;
  g_autoptr(GVariant) word = NULL, bytes = NULL, rows = NULL;
  g_variant_get(v, "(b@ayb@ay@ay)", &again, &word, &cancelled, &bytes, &rows);
  const char *why = g_variant_get_bytestring(word);
  g_autoptr(GBytes) packed = g_variant_get_data_as_bytes(bytes);
  if (*why) problem = g_error_new_literal(COPSE_ERROR, cancelled ? COPSE_ERROR_CANCELLED : COPSE_ERROR_FORMAT, why);
  Expert *x = problem ? NULL
              : again ? expert_load(g_bytes_get_data(packed, NULL), &problem)
                      : expert_unpack(packed, &problem);
  TrainOptions o = *s->options;
  o.layer = s->names->pdata[item];
  if (x && !again && !train_keep(s->collection, &o, x, &problem)) g_clear_pointer(&x, expert_free);
  g_autoptr(GBytes) computed = g_variant_get_data_as_bytes(rows);
  if (x && !again) representations_take_over(s->collection, x, computed);
  return take_layer(s, x, again, problem, error);
}

/* Layers in the leader's order, each to whoever is free. Inside one nobody else is there to meet. */
static bool sweep_together(Sweep *s, Team *team, GPtrArray *all, GError **error) {
  const GPtrArray *ranked = s->names;
  g_autofree size_t *items = g_new(size_t, all->len + 1);
  for (guint i = 0; i < ranked->len; i++)
    for (guint k = 0; k < all->len; k++)
      if (strcmp(all->pdata[k], ranked->pdata[i]) == 0) items[i] = k;
  s->names = all;
  TeamWork work = {items, ranked->len, 1, train_shared, take_trained, s, s->progress ? s->progress->cancel : NULL};
  collection_set_team(s->collection, NULL);
  bool ok = team_work(team, &work, error) && team_leave(team, error);
  s->names = ranked;
  return ok;
}

GPtrArray *sweep_run(Collection *collection, const GPtrArray *models, const TrainOptions *options, const char *pattern,
                     SweepRow row, void *user, GPtrArray *warnings, const Progress *progress, GError **error) {
  g_autoptr(GHashTable) kin = NULL;
  g_autoptr(Task) task = NULL;
  Team *team = collection_team(collection);
  g_autoptr(Model) example = example_model(collection, models, options, progress, &task, &kin, error);
  if (!example) return NULL;
  g_autoptr(GPtrArray) names = trainable_layers(collection, example, pattern, error);
  g_autoptr(GPtrArray) unranked = names ? g_ptr_array_copy(names, copy_name, NULL) : NULL;
  if (!names) return NULL;
  g_ptr_array_set_free_func(unranked, g_free);
  if (!rank_layers(collection, task, names, options->seed, progress, error)) return NULL;
  g_autoptr(GPtrArray) experts = g_ptr_array_new_with_free_func((GDestroyNotify)expert_free);
  Sweep s = {collection, models, names, options, kin, progress, row, user, warnings, experts, 0};
  if (!(team_is_several(team) ? sweep_together(&s, team, unranked, error) : sweep_alone(&s, error))) return NULL;
  g_ptr_array_sort(experts, best_validation_first);
  return g_steal_pointer(&experts);
}
