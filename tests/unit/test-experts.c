/* SPDX-License-Identifier: Apache-2.0 */
/* ProbeX against plain loops, finite differences, and itself in the other layer form. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "experts/probex/align.h"
#include "experts/probex/classify.h"
#include "experts/probex/compress.h"
#include "experts/expert.h"
#include "experts/probex/layer_set.h"
#include "experts/probex/probex_pass.h"

enum { D_OUT = 13, D_IN = 11, N = 5, CLASSES = 4, D_TEXT = 6, R_T = 5 };

static const ProbexShape shape = {.d_out = D_OUT, .d_in = D_IN, .r_u = 4, .r_v = 3, .r_t = R_T, .d_text = D_TEXT};

static Layer random_low_rank(Rng *rng, size_t rank) {
  Layer l = {.form = LAYER_LOW_RANK, .d_out = D_OUT, .d_in = D_IN, .rank = rank, .scale = 0.7f};
  l.a = g_new(float, (rank * D_IN));
  l.b = g_new(float, (rank * D_OUT));
  rng_fill_normal(rng, l.a, rank * D_IN, 1);
  rng_fill_normal(rng, l.b, rank * D_OUT, 1);
  return l;
}

/* The test multiplies out; the engine never does. */
static Layer dense_of(const Layer *l) {
  Layer x = {.form = LAYER_DENSE, .d_out = D_OUT, .d_in = D_IN, .scale = 1};
  x.x = g_new0(float, (D_OUT * D_IN));
  for (size_t i = 0; i < D_OUT; i++)
    for (size_t j = 0; j < D_IN; j++)
      for (size_t k = 0; k < l->rank; k++) x.x[i * D_IN + j] += l->scale * l->b[i * l->rank + k] * l->a[k * D_IN + j];
  return x;
}

/* One problem in both forms. */
typedef struct {
  Layer low[N], dense[N];
  LayerSet *low_set, *dense_set;
  Probex *p, *grad;
  size_t members[N], target[N];
  float text[CLASSES * D_TEXT], e[N * R_T], de[N * R_T];
} Problem;

static void problem_init(Problem *q) {
  Rng rng;
  rng_init(&rng, 11, 0);
  for (size_t i = 0; i < N; i++) {
    q->low[i] = random_low_rank(&rng, 1 + i % 3); /* ranks differ inside one batch */
    q->dense[i] = dense_of(&q->low[i]);
    q->members[i] = N - 1 - i;
    q->target[i] = i % CLASSES;
  }
  q->low_set = layer_set_from_layers(q->low, N, NULL);
  q->dense_set = layer_set_from_layers(q->dense, N, NULL);
  q->p = probex_new(&shape, NULL);
  q->grad = probex_new(&shape, NULL);
  probex_init(q->p, &rng);
  *q->p->tau = 1.5f;
  rng_fill_normal(&rng, q->text, CLASSES * D_TEXT, 1);
}

static void problem_clear(Problem *q) {
  for (size_t i = 0; i < N; i++) {
    layer_clear(&q->low[i]);
    layer_clear(&q->dense[i]);
  }
  layer_set_free(q->low_set);
  layer_set_free(q->dense_set);
  probex_free(q->p);
  probex_free(q->grad);
}

/* Loss of the batch, and with `want_gradient` its gradient in q->grad. */
static double loss(Problem *q, const LayerSet *set, bool want_gradient) {
  g_autoptr(ProbexPass) pass = probex_pass_new(q->p, set, N, NULL);
  g_autoptr(AlignPass) align = align_pass_new(q->p, N, CLASSES, NULL);
  probex_forward(pass, q->p, set, q->members, N, q->e);
  memset(q->grad->block, 0, q->grad->n * sizeof(float));
  double value = align_loss(align, q->p, q->text, CLASSES, q->e, q->target, N, q->de, want_gradient ? q->grad : NULL);
  if (want_gradient) probex_backward(pass, q->p, set, q->de, q->grad);
  return value;
}

static void assert_close(const float *x, const float *y, size_t n, double tolerance) {
  double top = 1e-12, diff = 0;
  for (size_t i = 0; i < n; i++) {
    top = fmax(top, fabs((double)y[i]));
    diff = fmax(diff, fabs((double)x[i] - (double)y[i]));
  }
  g_assert_cmpfloat(diff / top, <, tolerance);
}

static void test_reference(void) {
  Problem q;
  problem_init(&q);
  float want[N * R_T];
  for (size_t i = 0; i < N; i++) probex_reference(q.p, &q.low[q.members[i]], want + i * R_T);
  loss(&q, q.low_set, false);
  assert_close(q.e, want, N * R_T, 1e-5);
  for (size_t i = 0; i < N; i++) probex_reference(q.p, &q.dense[q.members[i]], want + i * R_T);
  loss(&q, q.dense_set, false);
  assert_close(q.e, want, N * R_T, 1e-5);
  problem_clear(&q);
}

/* Low-rank and dense agree to 1e-4 relative: outputs, loss and every gradient. */
static void test_forms_agree(void) {
  Problem q;
  problem_init(&q);
  double low = loss(&q, q.low_set, true);
  g_autofree float *gradient = g_memdup2(q.grad->block, q.grad->n * sizeof(float));
  double dense = loss(&q, q.dense_set, true);
  g_assert_cmpfloat(fabs(low - dense), <, 1e-5);
  assert_close(gradient, q.grad->block, q.grad->n, 1e-4);
  problem_clear(&q);
}

/* Every parameter's derivative against a central difference. */
static void test_gradient(const void *user) {
  bool low = GPOINTER_TO_INT(user);
  Problem q;
  problem_init(&q);
  const LayerSet *set = low ? q.low_set : q.dense_set;
  loss(&q, set, true);
  g_autofree float *gradient = g_memdup2(q.grad->block, q.grad->n * sizeof(float));
  unsigned wrong = 0;
  for (size_t i = 0; i < q.p->n; i++) {
    const float h = 1e-2f, keep = q.p->block[i];
    q.p->block[i] = keep + h;
    double up = loss(&q, set, false);
    q.p->block[i] = keep - h;
    double down = loss(&q, set, false);
    q.p->block[i] = keep;
    double slope = (up - down) / (2 * (double)h);
    wrong += fabs(slope - (double)gradient[i]) > 2e-3 + 2e-2 * fabs(slope);
  }
  /* A relu that opens or closes inside the step bends a few of the differences. */
  g_assert_cmpuint(wrong, <=, q.p->n / 50);
  problem_clear(&q);
}

/* The head's and e's gradients of the class loss against central differences. */
static void test_classify_gradient(void) {
  const ProbexShape s = {.d_out = 2, .d_in = 2, .r_u = 1, .r_v = 1, .r_t = R_T, .n_classes = 3};
  static const unsigned char has[N * 3] = {1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 0};
  static const size_t models[N] = {4, 2, 0, 1, 3};
  g_autoptr(Probex) p = probex_new(&s, NULL), grad = probex_new(&s, NULL);
  float e[N * R_T], de[N * R_T], scratch[N * R_T], y[N * 3];
  Rng rng;
  rng_init(&rng, 2, 0);
  probex_init(p, &rng);
  rng_fill_normal(&rng, e, N * R_T, 1);
  classify_loss(p, e, has, models, N, y, de, grad);
  float *const parameters[] = {e, p->head, p->head_b}, *const slopes[] = {de, grad->head, grad->head_b};
  const size_t counts[] = {N * R_T, 3 * R_T, 3};
  for (int part = 0; part < 3; part++)
    for (size_t i = 0; i < counts[part]; i++) {
      const float h = 1e-2f, keep = parameters[part][i];
      parameters[part][i] = keep + h;
      double up = classify_loss(p, e, has, models, N, y, scratch, NULL);
      parameters[part][i] = keep - h;
      double down = classify_loss(p, e, has, models, N, y, scratch, NULL);
      parameters[part][i] = keep;
      g_assert_cmpfloat(fabs((up - down) / (2 * (double)h) - (double)slopes[part][i]), <, 1e-4);
    }
}

static void test_label_scores(void) {
  /* Two labels, four models: the first is ranked perfectly, the second upside down. */
  static const float logits[] = {2, -1, 1, -1, -1, 1, -2, 1};
  static const unsigned char has[] = {1, 1, 1, 1, 0, 0, 0, 0};
  Score s = score_from_logits(logits, has, 4, 2);
  g_assert_cmpfloat(s.accuracy, ==, 0.5);
  g_assert_cmpfloat(s.f1, ==, 0.5);
  g_assert_cmpfloat(fabs(s.ap - (1 + (1.0 / 3 + 2.0 / 4) / 2) / 2), <, 1e-9);
  g_assert_cmpfloat(s.chance, ==, 0.5);
  g_assert_true(isnan(s.top1) && score_headline(&s) == 0.5);
  g_assert_true(s.low <= 0.5 && s.high >= 0.5);
}

static void test_above(void) {
  g_assert_cmpfloat(score_above(0.25, 0.25), ==, 0);
  g_assert_cmpfloat(score_above(0.1, 0.25), ==, 0);
  g_assert_cmpfloat(score_above(0.625, 0.25), ==, 0.5);
  g_assert_cmpfloat(score_above(1, 0.25), ==, 1);
  g_assert_cmpfloat(score_above(1, 1), ==, 0); /* one choice alone shows nothing */
  g_assert_cmpfloat(score_above(0.4, NAN), ==, 0.4);
  g_assert_true(isnan(score_above(NAN, 0.25)));
}

static void test_spread(void) {
  Problem q;
  problem_init(&q);
  float low = layer_set_spread(q.low_set, q.members, N);
  float dense = layer_set_spread(q.dense_set, q.members, N);
  g_assert_cmpfloat(fabsf(low / dense - 1), <, 1e-4f);
  layer_set_normalise(q.low_set, low);
  g_assert_cmpfloat(fabsf(layer_set_spread(q.low_set, q.members, N) - 1), <, 1e-4f);
  problem_clear(&q);
}

/* Layers that share a row space of 4 and a column space of 3 lose nothing in these coordinates, and the
 * lifted expert says of X what the small one says of C. */
static void test_compression(void) {
  enum { P = 3, Q = 4 };
  Layer x[N];
  float left[D_OUT * P], right[Q * D_IN], core[P * Q], t[D_OUT * Q];
  Rng rng;
  rng_init(&rng, 21, 0);
  rng_fill_normal(&rng, left, D_OUT * P, 1);
  rng_fill_normal(&rng, right, Q * D_IN, 1);
  for (size_t i = 0; i < N; i++) {
    x[i] = (Layer){.form = LAYER_DENSE, .d_out = D_OUT, .d_in = D_IN, .scale = 1, .x = g_new(float, (D_OUT * D_IN))};
    rng_fill_normal(&rng, core, P * Q, 1);
    gemm(false, false, D_OUT, Q, P, 1, left, P, core, Q, 0, t, Q);
    gemm(false, false, D_OUT, D_IN, Q, 1, t, Q, right, D_IN, 0, x[i].x, D_IN);
  }
  g_autoptr(LayerSet) set = layer_set_from_layers(x, N, NULL);
  size_t all[N] = {0, 1, 2, 3, 4};
  g_autoptr(Compression) c = compression_find(set, all, N, 0.999999, NULL, NULL);
  g_assert_true(c->p == P && c->q == Q);
  g_assert_cmpfloat(c->energy, >, 0.9999);
  g_autoptr(LayerSet) small = compression_apply(c, set, NULL, NULL);
  ProbexShape s = shape;
  s.d_out = P;
  s.d_in = Q;
  g_autoptr(Probex) p = probex_new(&s, NULL);
  probex_init(p, &rng);
  g_autoptr(Probex) full = compression_lift(c, p, NULL);
  float e[N * R_T], lifted[N * R_T];
  g_assert_true(probex_represent(p, small, e, NULL, NULL));
  g_assert_true(probex_represent(full, set, lifted, NULL, NULL));
  assert_close(lifted, e, N * R_T, 1e-4);
  g_assert_cmpfloat(*full->tau, ==, *p->tau);
  for (size_t i = 0; i < N; i++) layer_clear(&x[i]);
}

static void test_checkpoint(void) {
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp("copse-expert-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(dir, "x.safetensors", NULL);
  g_autoptr(Expert) x = expert_new();
  Rng rng;
  rng_init(&rng, 4, 0);
  x->probex = probex_new(&shape, NULL);
  probex_init(x->probex, &rng);
  x->layer = g_strdup("mid.0");
  x->shapes = g_strdup("abc");
  x->encoder = g_strdup("words");
  x->label_key = g_strdup("concept");
  x->text_mean = g_new0(float, D_TEXT);
  x->seed = 9;
  g_ptr_array_add(x->labels, g_strdup("red star"));
  size_t ranks[4] = {0, 0, 3, 7};
  x->test = score_from_ranks(ranks, NULL, 4, 10);
  g_assert_true(expert_save(x, path, &error));
  g_autoptr(Expert) y = expert_load(path, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(x->probex->block, x->probex->n * 4, y->probex->block, y->probex->n * 4);
  g_assert_cmpstr(y->name, ==, "x");
  g_assert_cmpstr(y->layer, ==, "mid.0");
  g_assert_cmpstr(y->labels->pdata[0], ==, "red star");
  g_assert_cmpfloat(y->test.top1, ==, 0.5);
  g_assert_cmpfloat(y->test.top5, ==, 0.75);
  g_assert_true(isnan(y->test_holdout.top1));
  g_assert_cmpuint(y->seed, ==, 9);
  g_unlink(path);
  g_rmdir(dir);
}

static void test_score(void) {
  static const float scores[] = {0.5f, 0.9f, 0.5f, 0.1f};
  g_assert_cmpuint(score_rank(scores, 4, 1), ==, 0);
  g_assert_cmpuint(score_rank(scores, 4, 0), ==, 1);
  g_assert_cmpuint(score_rank(scores, 4, 2), ==, 2); /* a tie with an earlier one counts against */
  double low, high;
  score_wilson(8, 10, &low, &high);
  g_assert_cmpfloat(fabs(low - 0.490162), <, 1e-4);
  g_assert_cmpfloat(fabs(high - 0.943318), <, 1e-4);
}

static void test_impossible_shapes(void) {
  g_autoptr(GError) error = NULL;
  ProbexShape s = shape;
  s.d_in = 0;
  g_assert_null(probex_new(&s, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED);
  g_clear_error(&error);
  s = shape;
  s.r_u = s.r_v = (size_t)1 << 33;
  g_assert_null(probex_new(&s, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/probex/reference", test_reference);
  g_test_add_func("/probex/forms-agree", test_forms_agree);
  g_test_add_data_func("/probex/gradient/low-rank", GINT_TO_POINTER(1), test_gradient);
  g_test_add_data_func("/probex/gradient/dense", GINT_TO_POINTER(0), test_gradient);
  g_test_add_func("/probex/impossible", test_impossible_shapes);
  g_test_add_func("/classify/gradient", test_classify_gradient);
  g_test_add_func("/classify/scores", test_label_scores);
  g_test_add_func("/classify/above-chance", test_above);
  g_test_add_func("/experts/spread", test_spread);
  g_test_add_func("/experts/compression", test_compression);
  g_test_add_func("/experts/checkpoint", test_checkpoint);
  g_test_add_func("/experts/score", test_score);
  return g_test_run();
}
