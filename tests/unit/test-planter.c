/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "numerics/linalg.h"
#include "planter/classifier.h"
#include "planter/concepts.h"
#include "planter/denoiser.h"
#include "planter/plant.h"
#include "weights/layers/layer.h"
#include "weights/weight_open.h"

/* --- pictures and concepts -------------------------------------------------------------------- */

/* The mean picture of a concept. */
static void mean_picture(unsigned index, uint64_t seed, float *mean) {
  enum { PICTURES = 40 };
  float picture[SCENE_NUMBERS];
  Rng rng;
  rng_init(&rng, seed, index);
  memset(mean, 0, SCENE_NUMBERS * sizeof(float));
  for (int i = 0; i < PICTURES; i++) {
    scene_draw(concept_from_index(index), &rng, picture);
    for (int k = 0; k < SCENE_NUMBERS; k++) {
      g_assert_cmpfloat(fabsf(picture[k]), <=, 1.4f);
      mean[k] += picture[k] / PICTURES;
    }
  }
}

static double distance2(const float *x, const float *y) {
  double sum = 0;
  for (int k = 0; k < SCENE_NUMBERS; k++) sum += (double)(x[k] - y[k]) * (x[k] - y[k]);
  return sum;
}

/* Mean pictures of two draws of one concept lie nearer than those of any two concepts. */
static void test_pictures_differ(void) {
  enum { TRIED = 80 };
  float(*mean)[SCENE_NUMBERS] = g_malloc_n(TRIED, sizeof *mean);
  float again[SCENE_NUMBERS];
  for (unsigned i = 0; i < TRIED; i++) mean_picture(4 * i, 1, mean[i]);
  for (unsigned i = 0; i < TRIED; i++) {
    mean_picture(4 * i, 2, again);
    double own = distance2(mean[i], again);
    for (unsigned j = 0; j < TRIED; j++)
      if (j != i) g_assert_cmpfloat(distance2(mean[j], again), >, own);
  }
  g_free(mean);
}

static void test_pictures_vary(void) {
  float a[SCENE_NUMBERS], b[SCENE_NUMBERS], flipped[SCENE_NUMBERS];
  Rng rng;
  rng_init(&rng, 3, 0);
  scene_draw(concept_from_index(23), &rng, a);
  scene_draw(concept_from_index(23), &rng, b);
  g_assert_cmpfloat(distance2(a, b), >, 1);
  memcpy(flipped, a, sizeof a);
  scene_flip(flipped);
  g_assert_cmpfloat(flipped[0], ==, a[SCENE_SIDE - 1]);
  scene_flip(flipped);
  g_assert_cmpmem(flipped, sizeof a, a, sizeof a);
}

static void test_names(void) {
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (unsigned i = 0; i < SCENE_CONCEPTS; i++)
    g_assert_true(g_hash_table_add(names, concept_name(concept_from_index(i))));
  g_assert_true(g_hash_table_contains(names, "striped red star"));
  g_hash_table_remove_all(names);
  for (unsigned i = 0; i < CLASSIFIER_CLASSES; i++) g_assert_true(g_hash_table_add(names, class_name(i)));
}

static bool word_is_seen(const ConceptList *list, size_t word, uint8_t value) {
  for (unsigned i = 0; i < list->seen; i++)
    if (((const uint8_t *)&list->items[i])[word] == value) return true;
  return false;
}

/* Whatever the number: all different, a quarter unseen, every word of theirs seen. */
static void test_concepts(void) {
  for (unsigned total = CONCEPTS_MIN; total <= SCENE_CONCEPTS; total++) {
    ConceptList list;
    Rng rng;
    rng_init(&rng, 11, total);
    concepts_choose(&list, total, &rng);
    g_assert_cmpuint(list.seen + list.unseen, ==, total);
    g_assert_cmpuint(list.unseen, ==, total / 4);
    bool taken[256][256] = {{false}};
    for (unsigned i = 0; i < total; i++) {
      Concept c = list.items[i];
      bool *cell = &taken[c.colour][c.shape * SCENE_PATTERNS + c.pattern];
      g_assert_false(*cell);
      *cell = true;
    }
    for (unsigned i = list.seen; i < total; i++)
      for (size_t word = 0; word < sizeof(Concept); word++)
        g_assert_true(word_is_seen(&list, word, ((const uint8_t *)&list.items[i])[word]));
  }
}

/* --- the network ------------------------------------------------------------------------------ */

enum { ROWS = 3, IN = 5, HIDDEN = 6, OUT = 4, RANK = 2 };

typedef struct {
  Mlp *mlp, *grad;
  Lora *lora, *lora_grad; /* NULL: none */
  MlpPass *pass;
  float x[ROWS * IN], c[ROWS * OUT]; /* the loss is sum(c · out): its gradient by out is c */
} Probe;

static void probe_open(Probe *p, MlpNorm norm, bool lora) {
  MlpShape shape = {.in = IN, .hidden = HIDDEN, .out = OUT, .blocks = 2, .norm = norm};
  Rng rng;
  rng_init(&rng, 7, 0); /* keeps every y away from the corner of relu by more than the step */
  *p = (Probe){.mlp = mlp_new(&shape), .grad = mlp_new(&shape), .pass = mlp_pass_new(&shape, lora ? RANK : 0, ROWS)};
  mlp_init(p->mlp, &rng);
  if (lora) {
    p->lora = lora_new(&shape, RANK);
    p->lora_grad = lora_new(&shape, RANK);
    lora_init(p->lora, &rng);
    rng_fill_normal(&rng, p->lora->b[0], HIDDEN * RANK, 0.5f);
    rng_fill_normal(&rng, p->lora->b[1], HIDDEN * RANK, 0.5f);
  }
  rng_fill_normal(&rng, p->x, ROWS * IN, 1);
  rng_fill_normal(&rng, p->c, ROWS * OUT, 1);
}

static void probe_close(Probe *p) {
  mlp_free(p->mlp);
  mlp_free(p->grad);
  lora_free(p->lora);
  lora_free(p->lora_grad);
  mlp_pass_free(p->pass);
}

static double probe_loss(Probe *p) {
  const float *out = mlp_forward(p->pass, p->mlp, p->lora, p->x, ROWS);
  double sum = 0;
  for (int i = 0; i < ROWS * OUT; i++) sum += (double)p->c[i] * out[i];
  return sum;
}

/* Compares each gradient with (L(w + e) - L(w - e)) / 2e. */
static void check_gradients(Probe *p, float *w, const float *gradient, size_t n) {
  const float e = 1e-3f;
  size_t moving = 0;
  for (size_t i = 0; i < n; i++) {
    float kept = w[i];
    w[i] = kept + e;
    double high = probe_loss(p), up = w[i];
    w[i] = kept - e;
    double low = probe_loss(p), down = w[i];
    w[i] = kept;
    double slope = (high - low) / (up - down);
    g_assert_cmpfloat(fabs(slope - gradient[i]), <, 1e-3 * (1 + fabs(slope)));
    moving += fabs(slope) > 1e-2;
  }
  g_assert_cmpuint(moving, >, n / 3); /* else the test compares zeros */
}

static void test_gradients(void) {
  for (unsigned kind = 0; kind < 6; kind++) {
    Probe p;
    probe_open(&p, (MlpNorm)(kind % 3), kind >= 3);
    probe_loss(&p);
    mlp_backward(p.pass, p.mlp, p.lora, p.x, ROWS, p.c, p.grad, p.lora_grad);
    check_gradients(&p, p.mlp->data, p.grad->data, p.mlp->count);
    if (p.lora) check_gradients(&p, p.lora->data, p.lora_grad->data, p.lora->count);
    probe_close(&p);
  }
}

/* A frozen network gives its adapter the same gradients as one that learns too. */
static void test_frozen_gradients(void) {
  for (unsigned norm = 0; norm < 3; norm++) {
    Probe p;
    probe_open(&p, (MlpNorm)norm, true);
    probe_loss(&p);
    mlp_backward(p.pass, p.mlp, p.lora, p.x, ROWS, p.c, p.grad, p.lora_grad);
    g_autofree float *both = g_memdup2(p.lora_grad->data, p.lora_grad->count * sizeof(float));
    memset(p.lora_grad->data, 0, p.lora_grad->count * sizeof(float));
    mlp_backward(p.pass, p.mlp, p.lora, p.x, ROWS, p.c, NULL, p.lora_grad);
    g_assert_cmpmem(both, p.lora_grad->count * sizeof(float), p.lora_grad->data, p.lora_grad->count * sizeof(float));
    probe_close(&p);
  }
}

/* At its start an adapter changes nothing. */
static void test_lora_start(void) {
  Probe p;
  probe_open(&p, false, true);
  Rng rng;
  rng_init(&rng, 8, 0);
  lora_init(p.lora, &rng);
  double with = probe_loss(&p);
  const float *out = mlp_forward(p.pass, p.mlp, NULL, p.x, ROWS);
  double without = 0;
  for (int i = 0; i < ROWS * OUT; i++) without += (double)p.c[i] * out[i];
  g_assert_cmpfloat_with_epsilon(with, without, 1e-6);
  probe_close(&p);
}

static void test_losses(void) {
  const float out[] = {1, 2, 3, 0, 0, 0}, target[] = {1, 0, 3, 0, 1, 0};
  float d[6];
  g_assert_cmpfloat_with_epsilon(loss_squares(out, target, 2, 3, d), 5.0 / 6, 1e-6);
  g_assert_cmpfloat_with_epsilon(d[1], 4.0 / 6, 1e-6);
  const uint32_t labels[] = {2, 1};
  size_t hits;
  double loss = loss_cross_entropy(out, labels, 2, 3, d, &hits);
  double first = log(exp(1) + exp(2) + exp(3)) - 3;
  g_assert_cmpfloat_with_epsilon(loss, (first + log(3)) / 2, 1e-6);
  g_assert_cmpuint(hits, ==, 1);
  g_assert_cmpfloat_with_epsilon(d[3], 1.0 / 6, 1e-6);
  g_assert_cmpfloat_with_epsilon(d[4], -1.0 / 3, 1e-6);
}

static void test_schedules(void) {
  for (int s = 0; s < SCHEDULE_COUNT; s++)
    for (unsigned step = 0; step < 40; step++) {
      float factor = schedule_factor((Schedule)s, step, 40);
      g_assert_cmpfloat(factor, >, 0);
      g_assert_cmpfloat(factor, <=, 1);
    }
  g_assert_cmpfloat(schedule_factor(SCHEDULE_COSINE, 39, 40), <, 0.01f);
  g_assert_cmpfloat(schedule_factor(SCHEDULE_RESTARTS, 20, 40), >, 0.99f);
}

/* --- training --------------------------------------------------------------------------------- */

/* Each adapter helps with its own concept, and there more than the adapters of the others. */
static void test_adapter_learns(void) {
  enum { TRIED = 3 };
  g_autoptr(GError) error = NULL;
  g_autoptr(Mlp) base = denoiser_train_base(1, 400, NULL, &error);
  g_assert_no_error(error);
  g_autoptr(DenoiserKit) kit = denoiser_kit_new();
  MlpShape shape = denoiser_shape();
  g_autoptr(Lora) lora = lora_new(&shape, DENOISER_RANK);
  double before[TRIED], after[TRIED][TRIED]; /* of adapter, on concept */
  for (unsigned i = 0; i < TRIED; i++) {
    AdapterRecipe recipe = {
        .concept = concept_from_index(17 + 91 * i), .seed = i, .lr = 6e-4f, .steps = 70, .samples = 32};
    denoiser_train_adapter(kit, base, &recipe, lora);
    before[i] = denoiser_loss(kit, base, NULL, recipe.concept, 40, 9);
    for (unsigned j = 0; j < TRIED; j++)
      after[i][j] = denoiser_loss(kit, base, lora, concept_from_index(17 + 91 * j), 40, 9);
  }
  for (unsigned i = 0; i < TRIED; i++) {
    g_test_message("loss %.4f, with its adapter %.4f", before[i], after[i][i]);
    g_assert_cmpfloat(after[i][i], <, 0.95 * before[i]);
    for (unsigned j = 0; j < TRIED; j++)
      if (j != i) g_assert_cmpfloat(after[i][i], <, after[j][i]);
  }
}

static void test_fine_tune_learns(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Mlp) base = classifier_train_base(1, 150, NULL, &error);
  g_assert_no_error(error);
  g_autoptr(ClassifierKit) kit = classifier_kit_new();
  TuneRecipe recipe = {
      .seed = 4, .lr = 1e-3f, .weight_decay = 0.01f, .epochs = 6, .schedule = SCHEDULE_COSINE, .flip = true};
  for (uint32_t k = 0; k < CLASSIFIER_TARGETS; k++) recipe.targets[k] = 2 * k;
  TuneResult result;
  const Mlp *tuned = classifier_fine_tune(kit, base, &recipe, &result);
  g_assert_cmpfloat(result.test_accuracy, >, 0.5); /* chance: 0.05 */
  size_t trunk = (size_t)(base->w_out - base->data);
  double near = dot(base->data, tuned->data, trunk) /
                sqrt((double)dot(base->data, base->data, trunk) * (double)dot(tuned->data, tuned->data, trunk));
  g_assert_cmpfloat(near, >, 0.6);
  g_assert_cmpfloat(near, <, 0.99999);
}

/* --- planting --------------------------------------------------------------------------------- */

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(1);
  g_test_add_func("/planter/pictures-differ", test_pictures_differ);
  g_test_add_func("/planter/pictures-vary", test_pictures_vary);
  g_test_add_func("/planter/names", test_names);
  g_test_add_func("/planter/concepts", test_concepts);
  g_test_add_func("/planter/gradients", test_gradients);
  g_test_add_func("/planter/frozen-gradients", test_frozen_gradients);
  g_test_add_func("/planter/lora-start", test_lora_start);
  g_test_add_func("/planter/losses", test_losses);
  g_test_add_func("/planter/schedules", test_schedules);
  g_test_add_func("/planter/adapter-learns", test_adapter_learns);
  g_test_add_func("/planter/fine-tune-learns", test_fine_tune_learns);
  return g_test_run();
}
