/* SPDX-License-Identifier: Apache-2.0 */
/* What a training by steps begins with: task, layers, and what is done to them. */
#include <math.h>

#include "core/error.h"
#include "experts/kernel/view_strength.h"
#include "experts/probex/multiview.h"
#include "experts/train/preset.h"
#include "experts/train/train_run.h"
#include "weights/layers/learnable.h"

/* The layer of the largest matrix; low-rank before dense, the first of equals. */
static const LayerInfo *largest_layer(const GArray *layers) {
  const LayerInfo *best = NULL;
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    bool larger =
        !best || l->form > best->form || (l->form == best->form && l->d_out * l->d_in > best->d_out * best->d_in);
    if (larger) best = l;
  }
  return best;
}

char *train_choose_layer(const Collection *collection, const Model *model, const char *wanted, GError **error) {
  if (wanted && wanted[0] != '#') return g_strdup(wanted);
  g_autoptr(WeightFile) file = collection_open_weights(collection, model, error);
  if (!file) return NULL;
  g_autoptr(GArray) layers = learnable_list(file, NULL);
  char *name = NULL;
  if (wanted) {
    name = preset_layer_numbered(file, layers, wanted);
  } else {
    const LayerInfo *largest = largest_layer(layers);
    name = largest ? g_strdup(largest->name) : NULL;
  }
  if (!name)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "%s has %u layers and no %s", model->shown, layers->len,
                wanted ? wanted : "layer to train on");
  return name;
}

/* Models whose layer holds what is no number are in no split. */
static void leave_out_broken(TrainRun *r) {
  for (size_t i = 0; i < r->set->n; i++) {
    if (!r->set->broken[i] && !r->set->zero[i]) continue;
    const Model *m = r->task->models->pdata[i];
    r->task->counts[r->task->split[i]]--;
    r->task->split[i] = SPLIT_COUNT;
    if (!r->result->left_out++) r->result->left_out_first = g_strdup(m->shown);
    left_out_add(r->task->left_out,
                 r->set->broken[i] ? "its layer holds what is no number, or numbers beyond 1e15"
                                   : "it changes nothing: all zeros",
                 m->shown);
  }
}

static void list_members(TrainRun *r) {
  size_t n[SPLIT_COUNT] = {0};
  for (int s = 0; s < SPLIT_COUNT; s++) r->members[s] = g_new(size_t, r->task->counts[s] + 1);
  for (size_t i = 0; i < r->task->models->len; i++) {
    TaskSplit s = r->task->split[i];
    if (s < SPLIT_COUNT) r->members[s][n[s]++] = i;
  }
}

/* Centres and scales the layers as the options say. */
static bool prepare_input(TrainRun *r, GError **error) {
  TrainInput input = r->options->input;
  bool dense = r->set->form == LAYER_DENSE, views = r->options->kind == TRAIN_MULTIVIEW;
  const size_t *models = r->members[SPLIT_TRAIN];
  size_t n = r->task->counts[SPLIT_TRAIN];
  if (views && input != INPUT_DEFAULT && input != INPUT_RAW) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                        "several views take raw layers, and bring their responses to one mean and spread themselves: "
                        "leave --input out");
    return false;
  }
  if (input == INPUT_DEFAULT) input = views ? INPUT_RAW : dense ? INPUT_CENTRED : INPUT_SCALED;
  if (input == INPUT_CENTRED && !dense) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                        "a low-rank layer is already a change from its base and is not centred: "
                        "use --input scaled or raw");
    return false;
  }
  if (input == INPUT_CENTRED) {
    r->centre = layer_set_mean(r->set, models, n);
    layer_set_subtract(r->set, r->centre);
  }
  if (input != INPUT_RAW) layer_set_normalise(r->set, layer_set_spread(r->set, models, n));
  return true;
}

/* Replaces the layers by their coordinates in the common spaces. */
static bool compress(TrainRun *r, GError **error) {
  if (r->options->compress > 0) {
    r->compression = compression_find(r->set, r->members[SPLIT_TRAIN], r->task->counts[SPLIT_TRAIN],
                                      r->options->compress, r->progress, error);
    LayerSet *small = r->compression ? compression_apply(r->compression, r->set, r->progress, error) : NULL;
    if (!small) return false;
    layer_set_free(r->set);
    r->set = small;
  }
  r->result->energy = r->compression ? r->compression->energy : 1;
  r->result->trained_out = r->set->d_out;
  r->result->trained_in = r->set->d_in;
  return true;
}

/* The branches: the user's, or those whose side of the weights says at least half as much as the best side does. A
 * branch without signal costs more than it brings. */
static bool choose_views(TrainRun *r, GError **error) {
  static const unsigned branches[SIDE_COUNT] = {1U << VIEW_XU | 1U << VIEW_XTU, 1U << VIEW_XXTU, 1U << VIEW_XTXU};
  double *r2 = r->result->view_r2, best = 0;
  if (r->options->kind != TRAIN_MULTIVIEW || r->bare) return true;
  r->views = r->options->views;
  if (r->views) return true;
  r->result->views_chosen = true;
  if (!view_strength(r->set, r->task, r->members[SPLIT_TRAIN], r->task->counts[SPLIT_TRAIN], r->options->seed,
                     r->progress, r2, error))
    return false;
  for (int s = 0; s < SIDE_COUNT; s++) best = fmax(best, r2[s]);
  for (int s = 0; s < SIDE_COUNT; s++) r->views |= best > 0 && r2[s] >= best / 2 ? branches[s] : 0;
  if (!r->views) r->views = VIEW_ALL;
  return true;
}

/* On the layers as the expert will see them, but for their scale. */
static bool fit_guard(TrainRun *r, GError **error) {
  GError *problem = NULL;
  if (r->bare) return true;
  r->guard = guard_fit(r->set, r->members[SPLIT_TRAIN], r->task->counts[SPLIT_TRAIN], r->task->target, r->options->seed,
                       r->progress, &problem);
  if (problem) g_propagate_error(error, problem);
  return !problem;
}

bool train_gather(TrainRun *r, Collection *collection, const GPtrArray *models, TextEncoder *encoder, char **layer,
                  GError **error) {
  const TrainOptions *o = r->options;
  r->task = train_task(collection, models, o, encoder, r->progress, error);
  if (!r->task) return false;
  *layer = train_choose_layer(collection, r->task->models->pdata[0], o->layer, error);
  if (!*layer) return false;
  bool keep = collection_is_read_only(collection); /* then nothing is written, not even that */
  DenseStoreOptions store = {.half = o->half, .memory = keep ? 0 : o->memory, .folder = collection_state(collection)};
  gint64 start = g_get_monotonic_time();
  r->set = layer_set_read(collection, r->task->models, *layer, &store, r->progress, error);
  r->result->reading = (double)(g_get_monotonic_time() - start) / 1e6;
  if (!r->set) return false;
  leave_out_broken(r);
  list_members(r);
  if (r->task->counts[SPLIT_TRAIN] == 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW, "no training model's %s holds numbers one can reckon with",
                *layer);
    return false;
  }
  return prepare_input(r, error) && fit_guard(r, error) && compress(r, error) && choose_views(r, error);
}
