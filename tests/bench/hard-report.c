/* SPDX-License-Identifier: Apache-2.0 */
/* `make hard-report`: does the hard wood separate methods? Plants it (CONCEPTS, SEED), and measures views of single
 * layers in closed form, the default expert and ProbeX as published. Ends with status 1 when the wood is not what it
 * is meant to be:
 *
 *   two models of one concept     X alike by at most .25, U S^.5 U' by at least .5 in some layer
 *   a label a number on x,1       at most half of what the best view of u answers, in the best layer
 *   the best view of u            at least 80 %
 *   the default                   at least 90 % of seen and 75 % of unseen concepts, and not all of both
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/parallel.h"
#include "experts/kernel/kernel_gram.h"
#include "experts/kernel/kernel_scale.h"
#include "experts/kernel/kernel_target.h"
#include "experts/train/train.h"
#include "experts/train/trainable_layers.h"
#include "numerics/linalg.h"
#include "planter/plant.h"
#include "tests/bench/processor_time.h"

enum { VIEWS = 3 };
static const KernelView views[VIEWS] = {{SIDE_X, 1}, {SIDE_U, 2}, {SIDE_U, 0.5f}};

typedef struct {
  Collection *collection;
  GPtrArray *models;
  Task *task;
  size_t *train, *test; /* members of the task */
  size_t n_train, n_test;
  double best[VIEWS], alike[VIEWS];
} Report;

/* --- one view of one layer --------------------------------------------------------------------------- */

/* The mean of k over pairs of training models of one concept, before it is centred. */
static double likeness(const Report *r, const float *k) {
  double sum = 0;
  size_t pairs = 0;
  for (size_t i = 0; i < r->n_train; i++)
    for (size_t j = 0; j < i; j++) {
      if (r->task->target[r->train[i]] != r->task->target[r->train[j]]) continue;
      sum += (double)k[i * r->n_train + j];
      pairs++;
    }
  return pairs ? sum / (double)pairs : NAN;
}

/* The share of test models whose own label's number is largest. k (test, train) is scaled. */
static double share_right(const Report *r, const float *k, const KernelLambda *l) {
  size_t width = r->task->seen, right = 0;
  for (size_t i = 0; i < r->n_test; i++) {
    g_autofree double *y = g_memdup2(l->fit->b, width * sizeof *y);
    for (size_t j = 0; j < r->n_train; j++)
      for (size_t c = 0; c < width; c++) y[c] += (double)k[i * r->n_train + j] * l->fit->a[j * width + c];
    size_t best = 0;
    for (size_t c = 1; c < width; c++)
      if (y[c] > y[best]) best = c;
    right += best == r->task->target[r->test[i]];
  }
  return (double)right / (double)r->n_test;
}

/* Ridge of a number a label on one kernel, its lambda by exact errors of the training models. */
static bool try_view(Report *r, size_t view, float *train, float *test, GError **error) {
  g_autofree float *self = g_new(float, r->n_test);
  for (size_t i = 0; i < r->n_test; i++) self[i] = 1;
  double alike = likeness(r, train);
  KernelScale *scale = kernel_scale_fit(train, r->n_train);
  kernel_scale_apply(scale, test, r->n_test, self);
  kernel_scale_free(scale);
  g_autoptr(KernelTarget) target = kernel_target_new(r->task, r->train, r->n_train, true);
  g_autoptr(KernelEigen) eigen = kernel_eigen_new(train, r->n_train, error);
  KernelLambda l;
  if (!eigen || !kernel_target_fit(target, eigen, false, true, &l, error)) return false;
  double right = share_right(r, test, &l);
  kernel_fit_free(l.fit);
  g_free(l.p);
  r->best[view] = fmax(r->best[view], right);
  r->alike[view] = fmax(r->alike[view], alike);
  printf(" %.2f | %.1f |", alike, 100 * right);
  fflush(stdout);
  return true;
}

static bool try_layer(Report *r, const char *layer, GError **error) {
  g_autoptr(LayerSet) set = layer_set_read(r->collection, r->task->models, layer, NULL, NULL, error);
  g_autoptr(KernelRows) train = set ? kernel_rows_new(set, r->train, r->n_train, error) : NULL;
  g_autoptr(KernelRows) test = train ? kernel_rows_new(set, r->test, r->n_test, error) : NULL;
  float *own[VIEWS], *other[VIEWS];
  bool ok = test != NULL;
  for (int v = 0; v < VIEWS; v++) {
    own[v] = g_new0(float, r->n_train * r->n_train);
    other[v] = g_new0(float, r->n_test * r->n_train);
  }
  ok = ok && kernel_gram(train, train, views, VIEWS, own, NULL, error) &&
       kernel_gram(test, train, views, VIEWS, other, NULL, error);
  printf("| %s |", layer);
  for (size_t v = 0; v < VIEWS; v++) {
    ok = ok && try_view(r, v, own[v], other[v], error);
    g_free(own[v]);
    g_free(other[v]);
  }
  putchar('\n');
  return ok;
}

/* --- whole experts ----------------------------------------------------------------------------------- */

static bool try_expert(const Report *r, const char *name, const TrainOptions *o, Score scores[2], GError **error) {
  double processor = processor_seconds();
  gint64 started = g_get_monotonic_time();
  g_autoptr(TrainResult) t = expert_train(r->collection, r->models, o, NULL, error);
  if (!t) return false;
  const Score *all[] = {&t->expert->test, &t->expert->test_holdout};
  printf("| %s |", name);
  for (int k = 0; k < 2; k++) {
    scores[k] = *all[k];
    printf(" %.1f | %.1f – %.1f |", 100 * scores[k].top1, 100 * scores[k].low, 100 * scores[k].high);
  }
  printf(" %.0f | %.0f |\n", (double)(g_get_monotonic_time() - started) / 1e6, processor_seconds() - processor);
  fflush(stdout);
  return true;
}

/* Raw products, a constant step, no scale. */
static TrainOptions as_published(const char *layer, uint64_t seed) {
  TrainOptions o = TRAIN_DEFAULTS;
  o.kind = TRAIN_PROBEX, o.layer = layer, o.seed = seed, o.baselines = false;
  o.input = INPUT_RAW, o.schedule = SCHEDULE_CONSTANT, o.lr = 1e-3f, o.epochs = 60;
  o.probes = o.proj = 128;
  return o;
}

/* --- all of it --------------------------------------------------------------------------------------- */

static void take_sides(Report *r) {
  r->train = g_new(size_t, r->task->models->len);
  r->test = g_new(size_t, r->task->models->len);
  for (guint i = 0; i < r->task->models->len; i++) {
    if (r->task->split[i] == SPLIT_TRAIN) r->train[r->n_train++] = i;
    if (r->task->split[i] == SPLIT_TEST) r->test[r->n_test++] = i;
  }
}

static bool open_wood(Report *r, const char *folder, unsigned concepts, uint64_t seed, GError **error) {
  g_autofree char *truth = g_strconcat(folder, ".truth.json", NULL), *state = g_strconcat(folder, ".state", NULL);
  PlantOptions o = {.kind = PLANT_HARD, .concepts = concepts, .seed = seed, .truth = truth};
  PlantSummary summary = {0};
  linalg_set_threads(1);
  if (!g_file_test(truth, G_FILE_TEST_EXISTS) && !plant(folder, &o, NULL, &summary, error)) return false;
  linalg_set_threads(parallel_processors());
  g_free(summary.truth);
  CollectionOptions c = {.state = state};
  r->collection = collection_open(folder, &c, error);
  if (!r->collection || !collection_scan(r->collection, NULL, NULL, error)) return false;
  if (!(r->models = collection_models(r->collection, error))) return false;
  g_autoptr(TextEncoder) encoder = text_encoder_open("words", error);
  TaskOptions t = {.tree = -1, .encoder = encoder, .seed = seed, .kin_only = true};
  if (encoder) r->task = task_new(r->models, &t, error);
  if (r->task) take_sides(r);
  return r->task != NULL;
}

static bool judge(const char *what, bool good) {
  printf("- %s: %s\n", what, good ? "yes" : "NO");
  return good;
}

static bool judge_all(const Report *r, const Score kernel[2]) {
  printf("\n## Does it separate?\n\n");
  bool ok = judge("products of one concept's models are alike by at most .25", r->alike[0] <= 0.25);
  ok &= judge("their U S^.5 U' by at least .5 in some layer", r->alike[2] >= 0.5);
  ok &= judge("x,1 answers at most half of what u does", r->best[0] <= fmax(r->best[1], r->best[2]) / 2);
  ok &= judge("u answers at least 80 %", fmax(r->best[1], r->best[2]) >= 0.8);
  ok &= judge("the default answers >= 90 % seen, >= 75 % unseen", kernel[0].top1 >= 0.9 && kernel[1].top1 >= 0.75);
  return judge("and not everything", kernel[0].top1 + kernel[1].top1 < 1.99) && ok;
}

static bool run(const char *folder, unsigned concepts, uint64_t seed, bool *good, GError **error) {
  Report r = {0};
  Score kernel[2], probex[2];
  if (!open_wood(&r, folder, concepts, seed, error)) return false;
  g_autoptr(GPtrArray) layers = trainable_layers(r.collection, r.task->models->pdata[0], NULL, error);
  if (!layers) return false;
  printf(
      "# The hard wood: %u concepts, seed %d\n\n"
      "Ridge of a number a label on one view of one layer: how alike two models of one concept are, and seen "
      "concepts answered, in %%.\n\n"
      "| layer | x,1 alike | right | u,2 alike | right | u,0.5 alike | right |\n|---|---|---|---|---|---|---|\n",
      concepts, (int)seed);
  for (guint i = 0; i < layers->len; i++)
    if (!try_layer(&r, layers->pdata[i], error)) return false;
  TrainOptions o = TRAIN_DEFAULTS;
  o.kind = TRAIN_AUTO, o.seed = seed;
  printf(
      "\n| expert | seen | interval | unseen | interval | seconds | of processor |\n|---|---|---|---|---|---|---|\n");
  if (!try_expert(&r, "the default", &o, kernel, error)) return false;
  for (guint i = 0; i < layers->len; i++) {
    if (!strstr(layers->pdata[i], "attn2.to_q")) continue;
    g_autofree char *name = g_strdup_printf("ProbeX as published, %s", (char *)layers->pdata[i]);
    TrainOptions p = as_published(layers->pdata[i], seed);
    if (!try_expert(&r, name, &p, probex, error)) return false;
  }
  *good = judge_all(&r, kernel);
  return true;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  const char *folder = argc > 1 ? argv[1] : "hard-data";
  unsigned concepts = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
  bool good = false;
  if (!run(folder, concepts, argc > 3 ? strtoull(argv[3], NULL, 10) : 0, &good, &error)) {
    fprintf(stderr, "hard-report: %s\n", error->message);
    return 2;
  }
  return good ? 0 : 1;
}
