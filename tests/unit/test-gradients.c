/* SPDX-License-Identifier: Apache-2.0 */
/* Losses and gradients of every kind of trained expert against values that PyTorch computed once in double precision,
 * from the published equations, on numbers that both make of sines. */
#include <math.h>

#include "experts/probex/align.h"
#include "experts/probex/classify.h"
#include "experts/probex/multiview.h"
#include "experts/probex/probex_pass.h"

enum { D_OUT = 7, D_IN = 6, RANK = 2, N = 4, R_U = 3, R_V = 4, R_T = 5, D_TEXT = 6, LABELS = 3, MOST = 28 };

/* The loss, a nought, and of each parameter in the order of fill_parameters() the gradient's product with a row of
 * cosines and its length. */
static const double recorded[4][MOST] = {
    /* ProbeX, alignment */ {1.03816009, 0, 0.710846772, 1.43360685, 0.00320427525, 0.674272333, 0.261755241,
                             1.13316246, 0.767200554, 4.13190185, -0.00273016626, 0.47491137, -0.0466174735,
                             0.0632477206, 0.114355874, 0.119099576},
    /* ProbeX, classes */
    {0.69382875, 0, 0.00210020103, 0.00854355406, -0.000295121579, 0.00232433458, 0.00591734513, 0.0190344126,
     -0.00423950978, 0.00897091484, -0.000499791939, 0.00180113683, 0.00684130143, 0.00851273861},
    /* several views, alignment */ {1.91204397,   0,           3.58261947,   2.96517726, -0.437457092, 3.05610275,
                                    2.68895875,   8.22467005,  -0.781196495, 4.11575794, -0.238351706, 31.6141325,
                                    -1.95138219,  3.2330096,   -3.08493236,  14.4822935, 2.44665763,   2.05610018,
                                    -7.27544451,  25.0213732,  -5.47191896,  5.68058898, -1.40799654,  1.15409432,
                                    0.0152429603, 0.351103454, 1.26413186,   1.49804578},
    /* several views, classes */ {0.699614293,    0,
                                  -0.0231026164,  0.0737044174,
                                  -0.00413164622, 0.0416372415,
                                  -0.00584795697, 0.0389009237,
                                  0.00113439882,  0.0047827083,
                                  0.00356507131,  0.136870489,
                                  0.0895784214,   0.0590231902,
                                  -0.0160502312,  0.0565012399,
                                  0.0138035386,   0.0104933235,
                                  -0.0737973552,  0.48508004,
                                  -0.00337628311, 0.00276618589,
                                  0.0010444707,   0.0267958221,
                                  0.00375474047,  0.00596101346},
};

static void fill(float *x, size_t n, double seed, double scale) {
  for (size_t i = 0; i < n; i++) x[i] = (float)(sin(0.7 * (double)i + seed) * scale);
}

/* The part of a block that a parameter is. */
typedef struct {
  float *at;
  size_t n;
} Part;

static size_t parts_of(const Probex *p, Part out[16]) {
  const ProbexShape *s = &p->shape;
  size_t n = 0, head = s->d_text ? s->r_t * s->d_text : s->n_classes * s->r_t;
  if (!s->views) {
    out[n++] = (Part){p->u, s->d_in * s->r_u};
    out[n++] = (Part){p->v, s->r_v * s->d_out};
  }
  for (int b = 0; b < VIEW_BRANCHES; b++) {
    if (!p->views_u[b]) continue;
    out[n++] = (Part){p->views_u[b], probex_probe_rows(s, (ViewBranch)b) * s->r_u};
    out[n++] = (Part){p->views_v[b], probex_response_rows(s, (ViewBranch)b) * s->r_v};
  }
  out[n++] = (Part){p->m, s->r_t * probex_hidden(s)};
  out[n++] = (Part){p->b, s->r_t};
  out[n++] = (Part){p->head, head};
  out[n++] = (Part){p->head_b, s->d_text ? s->r_t : s->n_classes};
  if (s->d_text) out[n++] = (Part){p->tau, 1};
  return n;
}

static void fill_parameters(Probex *p) {
  Part all[16];
  size_t n = parts_of(p, all), at = 0;
  if (!p->shape.views)
    for (; at < 2; at++) fill(all[at].at, all[at].n, (double)at + 1, 0.5);
  for (int b = 0; b < VIEW_BRANCHES && p->shape.views; b++, at += 2) {
    fill(all[at].at, all[at].n, 10 + b, 0.5);
    fill(all[at + 1].at, all[at + 1].n, 20 + b, 0.5);
  }
  static const double scale[] = {0.3, 0.1, 0.5, 0.1};
  for (int k = 0; k < 4; k++, at++) fill(all[at].at, all[at].n, 3 + k, scale[k]);
  if (at < n) *p->tau = 1.25f;
}

/* The same layers in either form. */
static LayerSet *layers(LayerForm form) {
  Layer all[N];
  for (int m = 0; m < N; m++) {
    Layer *l = &all[m];
    *l = (Layer){.form = form, .d_out = D_OUT, .d_in = D_IN, .rank = RANK, .scale = 0.5f};
    l->a = g_new(float, RANK *D_IN), l->b = g_new(float, D_OUT *RANK);
    fill(l->a, RANK * D_IN, 100 + m, 1);
    fill(l->b, D_OUT * RANK, 200 + m, 1);
    if (form == LAYER_LOW_RANK) continue;
    l->x = g_new0(float, D_OUT *D_IN);
    for (int i = 0; i < D_OUT * D_IN; i++)
      for (int k = 0; k < RANK; k++) l->x[i] += 0.5f * l->b[i / D_IN * RANK + k] * l->a[k * D_IN + i % D_IN];
  }
  LayerSet *set = layer_set_from_layers(all, N, NULL);
  for (int m = 0; m < N; m++) layer_clear(&all[m]);
  return set;
}

static double step(const LayerSet *set, const Probex *p, Probex *grad) {
  static const size_t members[N] = {0, 1, 2, 3}, target[N] = {0, 1, 2, 1};
  float e[N * R_T], de[N * R_T], y[N * LABELS], text[LABELS * D_TEXT];
  unsigned char has[N * LABELS];
  g_autoptr(ProbexPass) pass = probex_pass_new(p, set, N, NULL);
  probex_forward(pass, p, set, members, N, e);
  fill(text, LABELS * D_TEXT, 300, 1);
  for (int i = 0; i < N * LABELS; i++) has[i] = (i / LABELS + i % LABELS) % 2 == 0;
  double loss;
  if (p->shape.n_classes) {
    loss = classify_loss(p, e, has, members, N, y, de, grad);
  } else {
    g_autoptr(AlignPass) align = align_pass_new(p, N, LABELS, NULL);
    loss = align_loss(align, p, text, LABELS, e, target, N, de, grad);
  }
  probex_backward(pass, p, set, de, grad);
  return loss;
}

static void expect_near(double got, double wanted) {
  g_assert_cmpfloat(fabs(got - wanted), <, 2e-5 + 2e-4 * fabs(wanted));
}

static void test_recorded(const void *user) {
  unsigned row = GPOINTER_TO_UINT(user);
  ProbexShape shape = {.d_out = D_OUT,
                       .d_in = D_IN,
                       .r_u = R_U,
                       .r_v = R_V,
                       .r_t = R_T,
                       .views = row & 2 ? VIEW_ALL : 0,
                       .n_classes = row & 1 ? LABELS : 0,
                       .d_text = row & 1 ? 0 : D_TEXT};
  for (int form = 0; form < 2; form++) {
    g_autoptr(Probex) p = probex_new(&shape, NULL), grad = probex_new(&shape, NULL);
    g_autoptr(LayerSet) set = layers(form ? LAYER_LOW_RANK : LAYER_DENSE);
    fill_parameters(p);
    expect_near(step(set, p, grad), recorded[row][0]);
    Part all[16];
    size_t n = parts_of(grad, all);
    for (size_t k = 0; k < n; k++) {
      double along = 0, square = 0;
      for (size_t i = 0; i < all[k].n; i++) {
        along += (double)all[k].at[i] * cos(0.3 * (double)i + (double)k);
        square += (double)all[k].at[i] * (double)all[k].at[i];
      }
      expect_near(along, recorded[row][2 + 2 * k]);
      expect_near(sqrt(square), recorded[row][3 + 2 * k]);
    }
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/gradients/probex-align", GUINT_TO_POINTER(0), test_recorded);
  g_test_add_data_func("/gradients/probex-classes", GUINT_TO_POINTER(1), test_recorded);
  g_test_add_data_func("/gradients/multiview-align", GUINT_TO_POINTER(2), test_recorded);
  g_test_add_data_func("/gradients/multiview-classes", GUINT_TO_POINTER(3), test_recorded);
  return g_test_run();
}
