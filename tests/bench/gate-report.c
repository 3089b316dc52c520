/* SPDX-License-Identifier: Apache-2.0 */
/* `make gate-report`: on which models does an expert in closed form stay silent? Of planted woods: its own test models, those
 * of labels never trained on, and weights that do not belong there: random ones, its own models in another basis, one of
 * their factors with noise for the other, the layers of a model in each other's place, and models of another tree of the
 * same shapes.
 *
 *   gate-report ROOT SEED [WOOD] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "experts/kernel/kernel.h"
#include "experts/measure/evaluation.h"
#include "experts/train/train.h"
#include "numerics/linalg.h"
#include "numerics/sorted.h"
#include "planter/plant.h"

enum { FOREIGN_MOST = 150 };

typedef struct {
  const char *name, *title;
  PlantOptions plant;
  ExpertTask task;
} Sort;

static const Sort sorts[] = {
    {"hard", "hard wood, 60 concepts", {.kind = PLANT_HARD, .concepts = 60}, EXPERT_ALIGN},
    {"scenes", "scenes", {.kind = PLANT_SCENES, .concepts = 64, .adapters = 3}, EXPERT_ALIGN},
    {"classes", "classes", {.kind = PLANT_CLASSES, .fine_tunes = 200}, EXPERT_CLASSIFY},
};

typedef enum { RANDOM, TURNED, NOISE_OUT, NOISE_IN, SWAPPED, OTHER_TREE, FOREIGN } Foreign;
static const char *const foreign_names[FOREIGN] = {
    "random weights",           "own models in another basis",  "noise for the output side",
    "noise for the input side", "layers in each other's place", "another tree"};

typedef struct {
  Collection *collection;
  GPtrArray *models;
} Wood;

/* few: enough to be strangers. */
static bool wood_open(Wood *w, const char *root, const Sort *sort, uint64_t seed, bool few, GError **error) {
  g_autofree char *folder = g_strdup_printf("%s/gate-%s-%d", root, sort->name, (int)seed);
  g_autofree char *state = g_strconcat(folder, ".state", NULL), *truth = g_strconcat(folder, ".truth.json", NULL);
  PlantOptions o = sort->plant;
  PlantSummary summary = {0};
  o.seed = seed, o.truth = truth;
  if (few) o.concepts = o.concepts ? 20 : 0, o.fine_tunes = o.fine_tunes ? 60 : 0, o.adapters = o.adapters ? 1 : 0;
  bool ok = g_file_test(truth, G_FILE_TEST_EXISTS) || plant(folder, &o, NULL, &summary, error);
  g_free(summary.truth);
  CollectionOptions c = {.state = state};
  w->collection = ok ? collection_open(folder, &c, error) : NULL;
  if (!w->collection || !collection_scan(w->collection, NULL, NULL, error)) return false;
  return (w->models = collection_models(w->collection, error)) != NULL;
}

static void wood_clear(Wood *w) {
  g_clear_pointer(&w->models, g_ptr_array_unref);
  g_clear_pointer(&w->collection, collection_free);
}

/* --- weights that do not belong here ---------------------------------------------------------------------- */

static GPtrArray *read_layers(const Wood *w, const Kernel *k, GPtrArray *models, GError **error) {
  GPtrArray *sets = g_ptr_array_new_with_free_func((GDestroyNotify)layer_set_free);
  for (guint l = 0; l < k->layers->len; l++) {
    LayerSet *set = layer_set_read(w->collection, models, k->layers->pdata[l], NULL, NULL, error);
    if (!set) {
      g_ptr_array_unref(sets);
      return NULL;
    }
    g_ptr_array_add(sets, set);
  }
  return sets;
}

/* Noise of the length that x (n) has. */
static void make_noise(float *x, size_t n, Rng *rng) {
  float length = sqrtf(dot(x, x, n) / (float)MAX(n, 1));
  for (size_t i = 0; i < n; i++) x[i] = length * rng_normal(rng);
}

/* A random orthogonal matrix (d, d), by Gram and Schmidt. */
static float *random_basis(size_t d, Rng *rng) {
  float *q = g_new(float, d *d + 1);
  rng_fill_normal(rng, q, d * d, 1);
  for (size_t i = 0; i < d; i++) {
    for (int twice = 0; twice < 2; twice++)
      for (size_t j = 0; j < i; j++) axpy(-dot(q + i * d, q + j * d, d), q + j * d, q + i * d, d);
    float length = sqrtf(dot(q + i * d, q + i * d, d));
    for (size_t c = 0; c < d; c++) q[i * d + c] /= length;
  }
  return q;
}

/* Rows x (n, d) times q (d, d). */
static void turn(float *x, size_t n, size_t d, const float *q) {
  g_autofree float *was = g_memdup2(x, n * d * sizeof *x);
  gemm(false, false, n, d, d, 1, was, d, q, d, 0, x, d);
}

static void spoil_low(LayerSet *s, Foreign how, Rng *rng) {
  for (size_t i = 0; i < s->n; i++) {
    size_t from = s->first[i], k = s->first[i + 1] - from;
    float *a = s->a + from * s->d_in, *b = s->bt + from * s->d_out;
    if (how == RANDOM || how == NOISE_OUT) make_noise(b, k * s->d_out, rng);
    if (how == RANDOM || how == NOISE_IN) make_noise(a, k * s->d_in, rng);
    if (how != TURNED) continue;
    g_autofree float *p = random_basis(s->d_out, rng), *q = random_basis(s->d_in, rng);
    turn(b, k, s->d_out, p);
    turn(a, k, s->d_in, q);
  }
}

/* A dense layer is its base and what was trained; noise for one side is noise of that side of what was trained. */
static LayerSet *spoilt_dense(const LayerSet *s, Foreign how, Rng *rng) {
  size_t d = s->d_out, e = s->d_in;
  LayerSet *out = layer_set_dense(s->n, d, e, NULL, NULL);
  g_autofree float *scratch = g_new(float, d *e + 1), *x = g_new(float, d *e + 1), *t = g_new(float, d *e + 1);
  for (size_t i = 0; i < s->n; i++) {
    memcpy(x, layer_set_get(s, i, scratch), d * e * sizeof *x);
    if (how == RANDOM) make_noise(x, d * e, rng);
    if (how == TURNED || how == NOISE_OUT) {
      g_autofree float *p = random_basis(d, rng);
      gemm(false, false, d, e, d, 1, p, d, x, e, 0, t, e);
      memcpy(x, t, d * e * sizeof *x);
    }
    if (how == TURNED || how == NOISE_IN) {
      g_autofree float *q = random_basis(e, rng);
      turn(x, d, e, q);
    }
    dense_store_put(out->x, i, x);
  }
  return out;
}

/* Layers of one shape change places in a ring. */
static bool swap_layers(GPtrArray *sets) {
  bool moved = false;
  for (guint i = 0; i + 1 < sets->len; i++) {
    LayerSet *a = sets->pdata[i], *b = sets->pdata[i + 1];
    if (a->d_out != b->d_out || a->d_in != b->d_in || a->form != b->form) continue;
    sets->pdata[i] = b, sets->pdata[i + 1] = a;
    moved = true;
  }
  return moved;
}

static bool spoil(GPtrArray *sets, Foreign how, Rng *rng) {
  if (how == SWAPPED) return swap_layers(sets);
  for (guint l = 0; l < sets->len && how != OTHER_TREE; l++) {
    LayerSet *s = sets->pdata[l];
    if (s->form == LAYER_LOW_RANK) {
      spoil_low(s, how, rng);
      continue;
    }
    sets->pdata[l] = spoilt_dense(s, how, rng);
    layer_set_free(s);
  }
  return true;
}

/* --- who is silent ------------------------------------------------------------------------------------------ */

typedef struct {
  size_t n, silent, by_gate, by_norm;
} Silence;

static Silence listen(const Kernel *k, const GPtrArray *sets, GError **error) {
  Silence s = {((const LayerSet *)sets->pdata[0])->n, 0, 0, 0};
  size_t w = kernel_width(k);
  g_autofree float *e = g_new0(float, s.n *w + 1), *sum = g_new0(float, s.n * k->n + 1);
  g_autofree bool *there = g_new0(bool, s.n + 1);
  g_autofree double *score = g_new0(double, s.n + 1);
  float *sums[KERNEL_HEADS] = {NULL, NULL};
  if (!kernel_represent(k, sets, e, NULL, NULL, error)) return s;
  for (size_t i = 0; i < s.n; i++) s.silent += all_zero(e + i * w, w);
  sums[kernel_gate_head(k)] = sum;
  if (!k->gate || !kernel_likeness(k, sets, sums, there, NULL, NULL, error)) return s;
  kernel_gate_scores(k->gate, sum, s.n, k->n, score);
  for (size_t i = 0; i < s.n; i++) s.by_gate += score[i] < k->gate->threshold;
  const KernelHead *head = &k->head[kernel_gate_head(k)];
  g_autofree float *y = g_new0(float, s.n * head->width + 1);
  gemm(false, false, s.n, head->width, k->n, 1, sum, k->n, head->a, head->width, 0, y, head->width);
  for (size_t i = 0; i < s.n; i++)
    s.by_norm += sqrt((double)dot(y + i * head->width, y + i * head->width, head->width)) < k->least_norm;
  return s;
}

static void print_silence(const char *title, const char *of, const Silence *s) {
  printf("| %s | %s | %zu | %zu | %.1f | %zu | %zu |\n", title, of, s->n, s->silent,
         100 * (double)s->silent / (double)MAX(s->n, 1u), s->by_gate, s->by_norm);
  fflush(stdout);
}

static GPtrArray *models_of(const Task *t, TaskSplit side) {
  GPtrArray *out = g_ptr_array_new();
  for (guint i = 0; i < t->models->len && out->len < FOREIGN_MOST; i++)
    if (t->split[i] == side) g_ptr_array_add(out, t->models->pdata[i]);
  return out;
}

static bool judge(const Sort *sort, const Wood *own, const Wood *other, const Expert *x, const Task *t,
                  GError **error) {
  Rng rng;
  rng_init(&rng, 17, 0);
  g_autoptr(GPtrArray) test = models_of(t, SPLIT_TEST), unseen = models_of(t, SPLIT_HOLDOUT),
                       train = models_of(t, SPLIT_TRAIN);
  GPtrArray *groups[] = {test, unseen};
  static const char *const names[] = {"test models", "models of labels never trained on"};
  for (int g = 0; g < 2; g++) {
    if (!groups[g]->len) continue;
    g_autoptr(GPtrArray) sets = read_layers(own, x->kernel, groups[g], error);
    if (!sets) return false;
    Silence s = listen(x->kernel, sets, error);
    print_silence(sort->title, names[g], &s);
  }
  g_autoptr(GPtrArray) others = g_ptr_array_new();
  for (guint i = 0; i < other->models->len && others->len < FOREIGN_MOST; i++) {
    const Model *m = other->models->pdata[i];
    if (g_strcmp0(m->shapes, x->shapes) == 0) g_ptr_array_add(others, (gpointer)m);
  }
  for (int how = 0; how < FOREIGN; how++) {
    const Wood *from = how == OTHER_TREE ? other : own;
    GPtrArray *models = how == OTHER_TREE ? others : train;
    if (!models->len) continue;
    g_autoptr(GPtrArray) sets = read_layers(from, x->kernel, models, error);
    if (!sets) return false;
    if (!spoil(sets, (Foreign)how, &rng)) continue;
    Silence s = listen(x->kernel, sets, error);
    print_silence(sort->title, foreign_names[how], &s);
  }
  return true;
}

static void print_answers(const char *title, const Evaluation *e) {
  printf(
      "| %s | answered, of those right: seen %.1f, %.1f; unseen %.1f, %.1f; refused when offered trained labels %.1f | "
      "| "
      "| | | |\n",
      title, 100 * e->seen.answered, 100 * e->seen.answered_right, 100 * e->unseen.answered,
      100 * e->unseen.answered_right, 100 * e->refused);
}

static bool run_sort(const Sort *sort, const char *root, uint64_t seed, GError **error) {
  Wood own = {0}, other = {0};
  bool ok = wood_open(&own, root, sort, seed, false, error) && wood_open(&other, root, sort, seed + 1000, true, error);
  g_autofree char *out = g_build_filename(root, "gate.safetensors", NULL);
  TrainOptions o = TRAIN_DEFAULTS;
  o.task = sort->task, o.kind = TRAIN_KERNEL, o.seed = seed, o.baselines = false, o.out = out;
  g_autoptr(TrainResult) r = ok ? expert_train(own.collection, own.models, &o, NULL, error) : NULL;
  g_autoptr(TextEncoder) encoder = r && o.task == EXPERT_ALIGN ? train_open_encoder(&o, error) : NULL;
  g_autoptr(Task) t = r ? train_task(own.collection, own.models, &o, encoder, NULL, error) : NULL;
  ok = t && judge(sort, &own, &other, r->expert, t, error);
  g_autoptr(Evaluation) e = ok ? evaluation_new(own.collection, own.models, r->expert, NULL, error) : NULL;
  if (e) print_answers(sort->title, e);
  wood_clear(&own);
  wood_clear(&other);
  return e != NULL;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  const char *root = argc > 1 ? argv[1] : "gate-data";
  uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 31;
  linalg_set_threads(1);
  puts(
      "| wood | models | of them | silent | % | by the gate | by the answer's length |\n|---|---|---|---|---|---|---|");
  bool ok = dir_make(root, &error);
  for (size_t i = 0; ok && i < G_N_ELEMENTS(sorts); i++)
    if (argc < 4 || strcmp(argv[3], sorts[i].name) == 0) ok = run_sort(&sorts[i], root, seed, &error);
  if (!ok) fprintf(stderr, "gate-report: %s\n", error->message);
  return ok ? 0 : 1;
}
