/* SPDX-License-Identifier: Apache-2.0 */
/* Guards: models of the training models' kind pass, others do not, in either form; and an expert is silent then. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/guard/guard.h"
#include "experts/representation.h"
#include "experts/train/train.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "search/query.h"
#include "tests/unit/expert_fixture.h"
#include "weights/weight_open.h"

enum { D = 24, RANK = 3, MODELS = 160, TRAINED = 120, CONCEPTS = 8 };

/* B lies in the span of the concept's columns, A is each model's own: so adapters are. */
static Layer adapter(Rng *rng, const float *columns, bool own) {
  Layer l = {.form = LAYER_LOW_RANK, .d_out = D, .d_in = D, .rank = RANK, .scale = 1};
  l.a = g_new(float, RANK *D), l.b = g_new(float, D *RANK);
  rng_fill_normal(rng, l.a, RANK * D, 1);
  rng_fill_normal(rng, l.b, D * RANK, own ? 0.15f : 1);
  for (int i = 0; own && i < D * RANK; i++) l.b[i] += columns[i];
  return l;
}

/* The same as a change of a base that all share. */
static Layer dense_of(const Layer *l, const float *base) {
  Layer x = {.form = LAYER_DENSE, .d_out = D, .d_in = D, .scale = 1};
  x.x = g_memdup2(base, D * D * sizeof(float));
  for (int i = 0; i < D; i++)
    for (int j = 0; j < D; j++)
      for (int k = 0; k < RANK; k++) x.x[i * D + j] += 0.1f * l->b[i * RANK + k] * l->a[k * D + j];
  return x;
}

typedef struct {
  LayerSet *own, *foreign; /* foreign: half random, half of another base */
} Sets;

static Sets sets_new(LayerForm form) {
  Rng rng;
  rng_init(&rng, 5, 0);
  float columns[CONCEPTS][D * RANK], base[2][D * D];
  Layer own[MODELS], foreign[MODELS];
  rng_fill_normal(&rng, columns[0], CONCEPTS * D * RANK, 1);
  rng_fill_normal(&rng, base[0], 2 * D * D, 1);
  for (int i = 0; i < MODELS; i++) {
    own[i] = adapter(&rng, columns[i % CONCEPTS], true);
    foreign[i] = adapter(&rng, NULL, false);
    if (form == LAYER_LOW_RANK) continue;
    Layer x = dense_of(&own[i], base[0]), y = dense_of(&foreign[i], base[i % 2]);
    layer_clear(&own[i]), layer_clear(&foreign[i]);
    own[i] = x, foreign[i] = y;
  }
  Sets s = {layer_set_from_layers(own, MODELS, NULL), layer_set_from_layers(foreign, MODELS, NULL)};
  for (int i = 0; i < MODELS; i++) layer_clear(&own[i]), layer_clear(&foreign[i]);
  return s;
}

static unsigned passing(const Guard *g, const LayerSet *set, size_t from) {
  g_autofree double *score = g_new(double, set->n);
  unsigned n = 0;
  guard_scores(g, set, score);
  for (size_t i = from; i < set->n; i++) n += score[i] >= g->threshold;
  return n;
}

static void test_tells(const void *user) {
  Sets s = sets_new((LayerForm)GPOINTER_TO_INT(user));
  size_t train[TRAINED];
  for (size_t i = 0; i < TRAINED; i++) train[i] = i;
  if (s.own->form == LAYER_DENSE) { /* as an expert sees them */
    g_autofree float *mean = layer_set_mean(s.own, train, TRAINED);
    layer_set_subtract(s.own, mean);
    layer_set_subtract(s.foreign, mean);
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(Guard) g = guard_fit(s.own, train, TRAINED, NULL, 3, NULL, &error);
  g_assert_no_error(error);
  g_assert_nonnull(g);
  g_assert_cmpfloat(g->passed, <, 0.1);
  g_assert_cmpuint(passing(g, s.own, TRAINED), >=, 36); /* of 40 that were not looked at */
  g_assert_cmpuint(passing(g, s.foreign, 0), <=, MODELS / 10);
  g_assert_null(guard_fit(s.own, train, GUARD_LEAST - 1, NULL, 3, NULL, &error)); /* too few to say */
  g_assert_no_error(error);
  layer_set_free(s.own);
  layer_set_free(s.foreign);
}

/* Noise has no kind: nothing to tell it by, and nobody is refused. */
static void test_noise(void) {
  Sets s = sets_new(LAYER_LOW_RANK);
  size_t train[TRAINED];
  for (size_t i = 0; i < TRAINED; i++) train[i] = i;
  g_autoptr(GError) error = NULL;
  g_assert_null(guard_fit(s.foreign, train, TRAINED, NULL, 3, NULL, &error));
  g_assert_no_error(error);
  layer_set_free(s.own);
  layer_set_free(s.foreign);
}

static void put_adapter(const Fixture *f, const char *path, const Layer *l, const char *concept) {
  const TensorOut tensors[] = {{"base_model.model.mid.lora_A.weight", DTYPE_F32, 2, {RANK, D}, l->a},
                               {"base_model.model.mid.lora_B.weight", DTYPE_F32, 2, {D, RANK}, l->b}};
  const char *const metadata[] = {"concept", concept, NULL};
  put_tensors(f, path, tensors, 2, metadata);
}

/* ProbeX, several views and the closed form say nothing of foreign models, in queries as in answers, stored and read again. */
static void test_silent(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const char *const names[] = {"fox", "cat", "owl", "oak"};
  Rng rng;
  rng_init(&rng, 6, 0);
  float columns[4][D * RANK];
  rng_fill_normal(&rng, columns[0], 4 * D * RANK, 1);
  for (int i = 0; i < 100; i++) {
    Layer l = adapter(&rng, columns[i % 4], true);
    g_autofree char *path = g_strdup_printf("%s/m%d.safetensors", i < 80 ? "train" : i < 90 ? "val" : "test", i);
    put_adapter(f, path, &l, names[i % 4]);
    layer_clear(&l);
  }
  for (int i = 0; i < 20; i++) {
    Layer l = adapter(&rng, NULL, false);
    g_autofree char *path = g_strdup_printf("foreign/x%d.safetensors", i);
    put_adapter(f, path, &l, "thing");
    layer_clear(&l);
  }
  scan(f);
  g_autofree char *encoder = put_texts(f);
  static const TrainKind kinds[] = {TRAIN_PROBEX, TRAIN_MULTIVIEW, TRAIN_KERNEL};
  for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
    TrainOptions o = TRAIN_DEFAULTS;
    o.encoder = encoder, o.kind = kinds[kind], o.baselines = false;
    o.epochs = 20, o.probes = o.proj = o.rep = 8;
    g_autoptr(GError) error = NULL;
    g_autoptr(TrainResult) r = expert_train(f->collection, f->models, &o, NULL, &error);
    g_assert_no_error(error);
    bool closed = kinds[kind] == TRAIN_KERNEL;
    g_assert_nonnull(closed ? (void *)r->expert->kernel->gate : (void *)r->expert->guard);
    g_autoptr(Expert) x = expert_load(r->expert->path, &error);
    g_assert_no_error(error);
    if (closed) { /* what is known of questions about other labels is kept too */
      g_assert_true(expert_knows_unseen(x) && expert_temperature(x, false) == x->temperature);
      g_assert_cmpfloat_with_epsilon(expert_threshold(x, true), r->expert->kernel->unseen_threshold, 1e-9);
    }
    g_autoptr(Representations) rep = representations_open(f->collection, x, f->models, NULL, NULL, &error);
    unsigned silent[2] = {0};
    for (guint i = 0; i < rep->models->len; i++) {
      bool foreign = g_str_has_prefix(((Model *)rep->models->pdata[i])->path, "foreign");
      silent[foreign] += representations_is_silent(rep, i);
    }
    g_assert_cmpuint(silent[0], <=, 4);
    g_assert_cmpuint(silent[1], >=, 14); /* a half of all directions belongs to some concept here */
    g_autoptr(QueryIndex) index = query_index_open(f->collection, f->models, NULL, &error);
    g_autoptr(QueryAnswer) a = query_run(index, "fox", 10, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < a->hits->len; i++) {
      const QueryHit *h = &g_array_index(a->hits, QueryHit, i);
      g_assert_false(g_str_has_prefix(h->model->path, "foreign") && isfinite(h->score));
    }
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(2);
  g_test_add_data_func("/guard/low-rank", GINT_TO_POINTER(LAYER_LOW_RANK), test_tells);
  g_test_add_data_func("/guard/dense", GINT_TO_POINTER(LAYER_DENSE), test_tells);
  g_test_add_func("/guard/noise", test_noise);
  add_test("/guard", "silent", test_silent);
  return g_test_run();
}
