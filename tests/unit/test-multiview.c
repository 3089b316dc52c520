/* SPDX-License-Identifier: Apache-2.0 */
/* The form of several views against plain loops, finite differences, itself in the other layer form and compressed. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/probex/align.h"
#include "experts/probex/classify.h"
#include "experts/probex/compress.h"
#include "experts/probex/multiview.h"
#include "experts/probex/probex_pass.h"
#include "numerics/linalg.h"

enum { D_OUT = 13, D_IN = 10, N = 5, CLASSES = 4, D_TEXT = 6, R_T = 5 };

static Layer random_low_rank(Rng *rng, size_t rank) {
  Layer l = {.form = LAYER_LOW_RANK, .d_out = D_OUT, .d_in = D_IN, .rank = rank, .scale = 0.7f};
  l.a = g_new(float, (rank * D_IN));
  l.b = g_new(float, (rank * D_OUT));
  rng_fill_normal(rng, l.a, rank * D_IN, 1);
  rng_fill_normal(rng, l.b, rank * D_OUT, 1);
  for (size_t i = 0; i < rank * D_IN; i++) l.a[i] += 0.3f; /* so that means matter */
  return l;
}

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
  bool classes;
  size_t members[N], target[N];
  unsigned char has[N * CLASSES];
  float text[CLASSES * D_TEXT], e[N * R_T], de[N * R_T], y[N * CLASSES];
} Problem;

static void problem_init(Problem *q, unsigned views, bool classes) {
  Rng rng;
  rng_init(&rng, 12, 0);
  ProbexShape shape = {.d_out = D_OUT,
                       .d_in = D_IN,
                       .r_u = 4,
                       .r_v = 3,
                       .r_t = R_T,
                       .d_text = classes ? 0 : D_TEXT,
                       .n_classes = classes ? CLASSES : 0,
                       .views = views};
  q->classes = classes;
  for (size_t i = 0; i < N; i++) {
    q->low[i] = random_low_rank(&rng, 1 + i % 3); /* ranks differ inside one batch */
    q->dense[i] = dense_of(&q->low[i]);
    q->members[i] = N - 1 - i;
    q->target[i] = i % CLASSES;
    for (size_t c = 0; c < CLASSES; c++) q->has[i * CLASSES + c] = (i + c) % 3 == 0;
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
  Probex *grad = want_gradient ? q->grad : NULL;
  probex_forward(pass, q->p, set, q->members, N, q->e);
  memset(q->grad->block, 0, q->grad->n * sizeof(float));
  double value;
  if (q->classes) {
    value = classify_loss(q->p, q->e, q->has, q->members, N, q->y, q->de, grad);
  } else {
    g_autoptr(AlignPass) align = align_pass_new(q->p, N, CLASSES, NULL);
    value = align_loss(align, q->p, q->text, CLASSES, q->e, q->target, N, q->de, grad);
  }
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

/* Every set of branches, in both forms, against responses that are written down. */
static void test_reference(void) {
  for (unsigned views = 1; views <= VIEW_ALL; views++) {
    Problem q;
    float want[N * R_T];
    problem_init(&q, views, false);
    for (size_t i = 0; i < N; i++) multiview_reference(q.p, &q.low[q.members[i]], want + i * R_T);
    loss(&q, q.low_set, false);
    assert_close(q.e, want, N * R_T, 2e-5);
    for (size_t i = 0; i < N; i++) multiview_reference(q.p, &q.dense[q.members[i]], want + i * R_T);
    loss(&q, q.dense_set, false);
    assert_close(q.e, want, N * R_T, 2e-5);
    problem_clear(&q);
  }
}

/* Low-rank and dense agree: outputs, loss and every gradient. */
static void test_forms_agree(void) {
  Problem q;
  problem_init(&q, VIEW_ALL, false);
  double low = loss(&q, q.low_set, true);
  g_autofree float *gradient = g_memdup2(q.grad->block, q.grad->n * sizeof(float));
  double dense = loss(&q, q.dense_set, true);
  g_assert_cmpfloat(fabs(low - dense), <, 1e-5);
  assert_close(gradient, q.grad->block, q.grad->n, 1e-4);
  problem_clear(&q);
}

/* A layer of nothing and one of a single number answer with the bias, and train without a number that is none. */
static void test_nothing(void) {
  Problem q;
  problem_init(&q, VIEW_ALL, true);
  memset(q.low[0].a, 0, D_IN * sizeof(float));
  memset(q.dense[0].x, 0, D_OUT * D_IN * sizeof(float));
  const LayerSet *sets[] = {layer_set_from_layers(q.low, N, NULL), layer_set_from_layers(q.dense, N, NULL)};
  for (int k = 0; k < 2; k++) {
    loss(&q, sets[k], true);
    assert_close(q.e + (N - 1) * R_T, q.p->b, R_T, 1e-6); /* member 0 comes last */
    g_assert_cmpuint(first_not_finite(q.grad->block, q.grad->n), ==, q.grad->n);
    layer_set_free((LayerSet *)sets[k]);
  }
  problem_clear(&q);
}

/* Every parameter's derivative against a central difference. */
static void test_gradient(const void *user) {
  unsigned form = GPOINTER_TO_UINT(user);
  Problem q;
  problem_init(&q, VIEW_ALL, form & 2);
  q.p->shape.linear = form & 4; /* without kinks all must agree */
  const LayerSet *set = form & 1 ? q.low_set : q.dense_set;
  loss(&q, set, true);
  g_autofree float *gradient = g_memdup2(q.grad->block, q.grad->n * sizeof(float));
  unsigned wrong = 0;
  double all = 0;
  for (size_t i = 0; i < q.p->n; i++) {
    const float h = form & 4 ? 1e-2f : 3e-3f, keep = q.p->block[i];
    q.p->block[i] = keep + h;
    double up = loss(&q, set, false);
    q.p->block[i] = keep - h;
    double down = loss(&q, set, false);
    q.p->block[i] = keep;
    double slope = (up - down) / (2 * (double)h);
    all += fabs(slope);
    wrong += fabs(slope - (double)gradient[i]) > 1e-3 + 2e-2 * fabs(slope);
  }
  g_assert_cmpfloat(all / (double)q.p->n, >, 2e-3);
  g_assert_cmpuint(wrong, <=, form & 4 ? 0 : q.p->n / 100); /* kinks of the relu */
  problem_clear(&q);
}

/* On the whole common spaces nothing is lost, and the lifted expert answers the same on X itself. */
static void test_compression(void) {
  Problem q;
  problem_init(&q, VIEW_ALL, true);
  size_t all[N] = {0, 1, 2, 3, 4};
  g_autoptr(Compression) c = compression_find(q.dense_set, all, N, 1, NULL, NULL);
  g_autoptr(LayerSet) small = compression_apply(c, q.dense_set, NULL, NULL);
  ProbexShape shape = q.p->shape;
  shape.d_out = c->p, shape.d_in = c->q;
  g_autoptr(Probex) p = probex_new(&shape, NULL);
  Rng rng;
  rng_init(&rng, 4, 0);
  probex_init(p, &rng);
  g_autoptr(Probex) lifted = compression_lift(c, p, NULL);
  float e[N * R_T], full[N * R_T];
  g_assert_true(probex_represent(p, small, e, NULL, NULL));
  g_assert_true(probex_represent(lifted, q.dense_set, full, NULL, NULL));
  assert_close(e, full, N * R_T, 1e-4);
  g_assert_true(probex_represent(lifted, q.low_set, full, NULL, NULL));
  assert_close(e, full, N * R_T, 1e-4);
  problem_clear(&q);
}

static void test_names(void) {
  unsigned views;
  g_assert_true(views_parse("xxtu, XU", &views, NULL));
  g_assert_cmpuint(views, ==, 1U << VIEW_XU | 1U << VIEW_XXTU);
  g_autofree char *text = views_text(views);
  g_assert_cmpstr(text, ==, "xu,xxtu");
  g_assert_true(views_parse("all", &views, NULL));
  g_assert_cmpuint(views, ==, VIEW_ALL);
  static const char *const bad[] = {"", "xu,", "u", "xu,xx"};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(views_parse(bad[i], &views, &error));
    g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(2);
  g_test_add_func("/multiview/reference", test_reference);
  g_test_add_func("/multiview/forms-agree", test_forms_agree);
  g_test_add_func("/multiview/nothing", test_nothing);
  g_test_add_data_func("/multiview/gradient-dense", GUINT_TO_POINTER(0), test_gradient);
  g_test_add_data_func("/multiview/gradient-low-rank", GUINT_TO_POINTER(1), test_gradient);
  g_test_add_data_func("/multiview/gradient-classes-dense", GUINT_TO_POINTER(2), test_gradient);
  g_test_add_data_func("/multiview/gradient-classes-low-rank", GUINT_TO_POINTER(3), test_gradient);
  g_test_add_data_func("/multiview/gradient-linear-dense", GUINT_TO_POINTER(4), test_gradient);
  g_test_add_data_func("/multiview/gradient-linear-low-rank", GUINT_TO_POINTER(5), test_gradient);
  g_test_add_func("/multiview/compression", test_compression);
  g_test_add_func("/multiview/names", test_names);
  return g_test_run();
}
