/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels: inner products against their definition, errors left out against refits, and pure noise. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "experts/kernel/kernel_choose.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"

enum { N = 24, D = 10, W = 3 };

/* K = F F' + small, targets of noise. */
static void noise(float *k, float *y, size_t n, size_t w, uint64_t seed) {
  Rng rng;
  rng_init(&rng, seed, 0);
  g_autofree float *f = g_new(float, n *D);
  rng_fill_normal(&rng, f, n * D, 0.3f);
  rng_fill_normal(&rng, y, n * w, 1);
  gemm(false, true, n, n, D, 1, f, D, f, D, 0, k, n);
}

/* The prediction at `members` by all others, K as it is. */
static void refit(const float *k, const float *y, const bool *out, double lambda, float *p) {
  size_t in[N], m = 0;
  for (size_t i = 0; i < N; i++)
    if (!out[i]) in[m++] = i;
  g_autofree float *kk = g_new(float, m *m), *yy = g_new(float, m *W);
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < m; j++) kk[i * m + j] = k[in[i] * N + in[j]];
    memcpy(yy + i * W, y + in[i] * W, W * sizeof *y);
  }
  g_autoptr(KernelEigen) e = kernel_eigen_new(kk, m, NULL);
  g_autofree double *turned = kernel_eigen_turn(e, yy, W);
  g_autoptr(KernelFit) f = kernel_fit_new(e, turned, W, lambda);
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; out[i] && j < W; j++) {
      double sum = f->b[j];
      for (size_t r = 0; r < m; r++) sum += (double)k[i * N + in[r]] * f->a[r * W + j];
      p[i * W + j] = (float)sum;
    }
}

static void test_left_out(void) {
  static const double lambdas[] = {1e-2, 0.3, 5};
  float k[N * N], y[N * W], one[N * W], groups[N * W], wanted[N * W];
  size_t group[N];
  noise(k, y, N, W, 1);
  for (size_t i = 0; i < N; i++) group[i] = i * 7 % 5;
  g_autoptr(KernelEigen) e = kernel_eigen_new(k, N, NULL);
  g_autofree double *turned = kernel_eigen_turn(e, y, W);
  for (size_t l = 0; l < G_N_ELEMENTS(lambdas); l++) {
    g_autoptr(KernelFit) f = kernel_fit_new(e, turned, W, lambdas[l]);
    kernel_fit_leave_one_out(f, y, one);
    g_assert_true(kernel_fit_leave_group_out(e, f, y, group, 5, groups, NULL));
    for (size_t i = 0; i < N; i++) {
      bool out[N] = {false};
      out[i] = true;
      refit(k, y, out, lambdas[l], wanted);
      for (size_t j = 0; j < W; j++) g_assert_cmpfloat_with_epsilon(one[i * W + j], wanted[i * W + j], 2e-5);
    }
    for (size_t g = 0; g < 5; g++) {
      bool out[N];
      for (size_t i = 0; i < N; i++) out[i] = group[i] == g;
      refit(k, y, out, lambdas[l], wanted);
      for (size_t i = 0; i < N; i++)
        for (size_t j = 0; out[i] && j < W; j++)
          g_assert_cmpfloat_with_epsilon(groups[i * W + j], wanted[i * W + j], 5e-5);
    }
  }
}

/* Of noise nothing can be told, at the smallest lambda either: the intercept counts. */
static void test_noise(void) {
  enum { M = 200, LABELS = 10 };
  g_autofree float *k = g_new(float, M *M), *y = g_new(float, M *LABELS), *p = g_new(float, M *LABELS);
  noise(k, y, M, LABELS, 2);
  kernel_scale_free(kernel_scale_fit(k, M));
  memset(y, 0, M * LABELS * sizeof *y);
  Rng rng;
  rng_init(&rng, 3, 0);
  size_t label[M], right = 0;
  for (size_t i = 0; i < M; i++) y[i * LABELS + (label[i] = rng_below(&rng, LABELS))] = 1;
  g_autoptr(KernelEigen) e = kernel_eigen_new(k, M, NULL);
  g_autofree double *turned = kernel_eigen_turn(e, y, LABELS);
  g_autoptr(KernelFit) f = kernel_fit_new(e, turned, LABELS, 1e-3);
  kernel_fit_leave_one_out(f, y, p);
  for (size_t i = 0; i < M; i++) {
    size_t best = 0;
    for (size_t c = 1; c < LABELS; c++)
      if (p[i * LABELS + c] > p[i * LABELS + best]) best = c;
    right += best == label[i];
  }
  g_assert_cmpuint(right, <, M / 5); /* chance is a tenth */
}

/* Many models are decomposed in single precision: what is left out is predicted as by a system solved in double. */
static void test_many(void) {
  enum { M = 600, WIDTH = 2 };
  g_autofree float *f = g_new(float, M *D), *k = g_new(float, M *M), *y = g_new(float, M *WIDTH),
                   *out = g_new(float, M *WIDTH);
  Rng rng;
  rng_init(&rng, 8, 0);
  rng_fill_normal(&rng, f, M * D, 0.3f);
  gemm(false, true, M, M, D, 1, f, D, f, D, 0, k, M);
  for (size_t i = 0; i < M; i++)
    for (size_t j = 0; j < WIDTH; j++) y[i * WIDTH + j] = sinf(3 * f[i * D + j]);
  g_autoptr(KernelEigen) e = kernel_eigen_new(k, M, NULL);
  g_autofree double *turned = kernel_eigen_turn(e, y, WIDTH);
  g_autoptr(KernelFit) fit = kernel_fit_new(e, turned, WIDTH, 0.003);
  kernel_fit_leave_one_out(fit, y, out);
  /* (K + l I) a = y - b, to be checked without any decomposition */
  for (size_t i = 0; i < M; i += 37)
    for (size_t j = 0; j < WIDTH; j++) {
      double sum = 0.003 * fit->a[i * WIDTH + j] + fit->b[j];
      for (size_t r = 0; r < M; r++) sum += (double)k[i * M + r] * fit->a[r * WIDTH + j];
      g_assert_cmpfloat_with_epsilon(sum, (double)y[i * WIDTH + j], 2e-3);
    }
  enum { LESS = M - 1 }; /* the last model left out by fitting the others anew */
  g_autofree float *rest = g_new(float, LESS *LESS);
  for (size_t i = 0; i < LESS; i++) memcpy(rest + i * LESS, k + i * M, LESS * sizeof *rest);
  g_autoptr(KernelEigen) less = kernel_eigen_new(rest, LESS, NULL);
  g_autofree double *again = kernel_eigen_turn(less, y, WIDTH);
  g_autoptr(KernelFit) refit = kernel_fit_new(less, again, WIDTH, 0.003);
  for (size_t j = 0; j < WIDTH; j++) {
    double sum = refit->b[j];
    for (size_t r = 0; r < LESS; r++) sum += (double)k[LESS * M + r] * refit->a[r * WIDTH + j];
    g_assert_cmpfloat_with_epsilon((double)out[LESS * WIDTH + j], sum, 2e-3);
  }
}

static Layer layer_of(Rng *rng, size_t d_out, size_t d_in, size_t rank) {
  Layer l = {.form = LAYER_LOW_RANK, .d_out = d_out, .d_in = d_in, .rank = rank, .scale = 0.7f};
  l.a = g_new(float, rank *d_in);
  l.b = g_new(float, d_out *rank);
  rng_fill_normal(rng, l.a, rank * d_in, 1);
  rng_fill_normal(rng, l.b, d_out * rank, 1);
  return l;
}

static void test_gram(void) {
  enum { M = 6 };
  static const size_t ranks[M] = {1, 3, 2, 9, 4, 3}; /* one above a size of the matrix */
  Layer layers[M];
  Rng rng;
  rng_init(&rng, 4, 0);
  for (size_t i = 0; i < M; i++) layers[i] = layer_of(&rng, 7, 11, ranks[i]);
  g_autoptr(LayerSet) set = layer_set_from_layers(layers, M, NULL);
  g_autoptr(KernelRows) rows = kernel_rows_new(set, NULL, M, NULL);
  KernelView views[8];
  size_t n = kernel_views(LAYER_LOW_RANK, 7, 11, views);
  g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(g_free);
  for (size_t v = 0; v < n; v++) g_ptr_array_add(out, g_new0(float, M *M));
  g_assert_true(kernel_gram(rows, rows, views, n, (float *const *)out->pdata, NULL, NULL));
  for (size_t v = 0; v < n; v++)
    for (size_t i = 0; i < M; i++)
      for (size_t j = 0; j < M; j++)
        g_assert_cmpfloat_with_epsilon(((float *)out->pdata[v])[i * M + j],
                                       kernel_pair_reference(rows, i, rows, j, views[v]), 2e-5);
  for (size_t i = 0; i < M; i++) layer_clear(&layers[i]);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/kernel/left-out", test_left_out);
  g_test_add_func("/kernel/noise", test_noise);
  g_test_add_func("/kernel/gram", test_gram);
  g_test_add_func("/kernel/many", test_many);
  return g_test_run();
}
