/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/train_kernel.h"

#include <string.h>

#include "core/error.h"
#include "experts/measure/evaluation_bench.h"
#include "experts/train/trainable_layers.h"
#include "weights/layers/learnable.h"

/* Dense layers beyond are tables of words, or cost more than they tell: numbers a layer, and of all models together. */
enum { WIDEST = 4 << 20 };
static const double most_numbers = 6e8;

/* The layers to look at (char*); those that are too large are told of in *skipped. */
static GPtrArray *layers_to_read(const Collection *collection, const Task *task, const char *layer, char **skipped,
                                 GError **error) {
  const Model *any = task->models->pdata[0];
  g_autoptr(WeightFile) file = collection_open_weights(collection, any, error);
  if (!file) return NULL;
  g_autoptr(GArray) infos = learnable_list(file, NULL);
  g_autoptr(GPtrArray) all =
      layer ? g_ptr_array_new_with_free_func(g_free) : trainable_layers(collection, any, NULL, error);
  if (layer) g_ptr_array_add(all, g_strdup(layer));
  if (!all) return NULL;
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  guint large = 0;
  const char *first = NULL;
  for (guint i = 0; i < all->len; i++) {
    const LayerInfo *l = layer_find(infos, all->pdata[i]);
    double size = l && l->form == LAYER_DENSE ? (double)l->d_out * (double)l->d_in : 0;
    bool narrow = l && !learnable_is_beside(l) && (l->d_out < 2 || l->d_in < 2);
    bool wanted = layer || (!narrow && size <= WIDEST && size * (double)task->models->len <= most_numbers);
    if (wanted) g_ptr_array_add(names, g_strdup(all->pdata[i]));
    else if (!narrow && !large++) first = all->pdata[i];
  }
  if (large)
    *skipped = g_strdup_printf("%u layer%s too large to compare all models in: %s%s; --layer NAME takes one", large,
                               large == 1 ? "" : "s", first, large == 1 ? "" : ", …");
  if (names->len) return names;
  g_ptr_array_unref(names);
  g_set_error_literal(
      error, COPSE_ERROR, COPSE_ERROR_TOO_FEW,
      "every layer is too large to compare all models at once: name one with --layer, with --expert probex");
  return NULL;
}

/* The layer that weighs most, which the expert goes by. */
static const char *main_layer(const Kernel *k) {
  const KernelTerm *best = NULL;
  for (guint t = 0; t < k->terms->len; t++) {
    const KernelTerm *at = &g_array_index(k->terms, KernelTerm, t);
    if (!best || at->weight[0] + at->weight[1] > best->weight[0] + best->weight[1]) best = at;
  }
  return k->layers->pdata[best->layer];
}

/* Training models that the kernel could not use are on no side. */
static void drop_models(Task *task, TrainResult *result) {
  const GArray *dropped = result->kernel->dropped;
  result->left_out = dropped->len;
  for (guint i = 0; i < dropped->len; i++) {
    const KernelDropped *d = &g_array_index(dropped, KernelDropped, i);
    const Model *m = task->models->pdata[d->model];
    const char *why = d->broken ? "not all its numbers are numbers" : "it changes nothing: all zeros";
    left_out_add(task->left_out, why, m->shown);
    task->split[d->model] = SPLIT_COUNT;
    task->counts[SPLIT_TRAIN]--;
    if (!result->left_out_first) result->left_out_first = g_strdup(m->shown);
  }
}

Expert *train_kernel(const Collection *collection, const GPtrArray *models, Task *task, const char *layer,
                     const TrainOptions *o, const Progress *progress, TrainResult *result, GError **error) {
  (void)models;
  g_autofree char *skipped = NULL;
  g_autoptr(GPtrArray) layers = layers_to_read(collection, task, layer, &skipped, error);
  if (!layers) return NULL;
  DenseStoreOptions store = {.half = o->half, .memory = 0, .folder = NULL};
  g_autoptr(Expert) x = expert_new();
  x->kernel = kernel_train(collection, task, layers, &store, o->seed, 0, progress, &result->kernel, error);
  if (!x->kernel) return NULL;
  if (skipped) g_ptr_array_add(result->kernel->warnings, g_steal_pointer(&skipped));
  const Model *any = task->models->pdata[0];
  x->task = o->task;
  x->layer = g_strdup(main_layer(x->kernel));
  x->shapes = g_strdup(any->shapes);
  x->tree = o->tree;
  x->label_key = g_strdup(task->key);
  x->seed = o->seed;
  for (size_t i = 0; i < task->seen; i++) g_ptr_array_add(x->labels, g_strdup(task->labels->pdata[i]));
  x->text_mean = task->d_text ? g_memdup2(task->text_mean, task->d_text * sizeof(float)) : NULL;
  x->probex = kernel_shell(x->kernel, task->d_text, task->has ? task->seen : 0, error);
  if (!x->probex) return NULL;
  drop_models(task, result);
  result->energy = 1;
  result->trained_out = x->probex->shape.d_out;
  result->trained_in = x->probex->shape.d_in;
  return g_steal_pointer(&x);
}

/* How each test model was judged. */
static void judge(const EvaluationPanel *p, bool classes, Judged *j) {
  double *right = j->right = g_new0(double, p->n + 1);
  j->n = p->n;
  j->label = g_new(size_t, p->n + 1);
  for (size_t i = 0; i < p->n; i++) {
    const float *y = p->logits + i * p->classes;
    if (!classes) right[i] = score_rank(y, p->classes, p->target[i]) == 0;
    for (size_t c = 0; classes && c < p->classes; c++)
      right[i] += ((y[c] > 0) == (p->has[i * p->classes + c] != 0)) / (double)p->classes;
    j->label[i] = classes ? i : p->target[i];
  }
}

bool train_kernel_measure(Collection *collection, const GPtrArray *models, Expert *x, const Progress *progress,
                          TrainResult *result, GError **error) {
  g_autoptr(EvaluationBench) bench = evaluation_bench_new(collection, models, x, false, progress, error);
  if (!bench) return false;
  bool classes = x->task == EXPERT_CLASSIFY;
  static const TaskSplit splits[] = {SPLIT_VAL, SPLIT_TEST, SPLIT_HOLDOUT};
  Score *scores[] = {&x->val, &x->test, &x->test_holdout};
  for (int s = 0; s < 3; s++) {
    if (classes && splits[s] == SPLIT_HOLDOUT) continue;
    EvaluationPanel p = evaluation_panel(bench, splits[s]);
    *scores[s] = evaluation_panel_score(&p, classes);
    if (s > 0) judge(&p, classes, &result->judged[s - 1]);
    evaluation_panel_clear(&p);
  }
  return true;
}
