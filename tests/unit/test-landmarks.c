/* SPDX-License-Identifier: Apache-2.0 */
/* Landmarks against the whole solution, and errors left out against those of the kernel written down. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "experts/kernel/landmarks.h"
#include "experts/kernel/leave_out.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"

enum { N = 160, M = 40, D = 6, W = 3 };

static const double lambdas[] = {0.01, 0.3, 5};

static void points(float *x, float *y) {
  Rng rng;
  rng_init(&rng, 11, 0);
  rng_fill_normal(&rng, x, N * D, 0.5f);
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < W; j++) y[i * W + j] = sinf(2 * x[i * D + j]) + 0.3f * rng_normal(&rng) + 1;
}

static float near(const float *x, size_t i, size_t j) {
  float sum = 0;
  for (size_t k = 0; k < D; k++) sum += (x[i * D + k] - x[j * D + k]) * (x[i * D + k] - x[j * D + k]);
  return expf(-sum / 4);
}

static void compare(const KernelEigen *a, const KernelEigen *b, const float *y) {
  float one[2][N * W], group[2][N * W];
  size_t of[N];
  for (size_t i = 0; i < N; i++) of[i] = i * 5 % 23;
  for (size_t l = 0; l < G_N_ELEMENTS(lambdas); l++) {
    const KernelEigen *e[] = {a, b};
    KernelFit *fit[2];
    for (int k = 0; k < 2; k++) {
      g_autofree double *turned = kernel_eigen_turn(e[k], y, W);
      fit[k] = kernel_fit_new(e[k], turned, W, lambdas[l]);
      kernel_fit_leave_one_out(fit[k], y, one[k]);
      g_assert_true(kernel_fit_leave_group_out(e[k], fit[k], y, of, 23, group[k], NULL));
    }
    for (size_t j = 0; j < W; j++) g_assert_cmpfloat_with_epsilon(fit[0]->b[j], fit[1]->b[j], 2e-3);
    for (size_t i = 0; i < N * W; i++) {
      g_assert_cmpfloat_with_epsilon(one[0][i], one[1][i], 2e-3);
      g_assert_cmpfloat_with_epsilon(group[0][i], group[1][i], 2e-3);
    }
    kernel_fit_free(fit[0]);
    kernel_fit_free(fit[1]);
  }
}

/* F F' written down, and F alone. */
static void test_features(void) {
  g_autofree float *f = g_new(float, N *D), *y = g_new(float, N *W), *k = g_new(float, N *N);
  points(f, y);
  gemm(false, true, N, N, D, 1, f, D, f, D, 0, k, N);
  g_autoptr(KernelEigen) whole = kernel_eigen_new(k, N, NULL);
  g_autoptr(KernelEigen) few = kernel_eigen_of_features(f, N, D, NULL);
  g_assert_cmpuint(few->rank, ==, D);
  compare(whole, few, y);
}

/* What the first m models as landmarks miss; *off: the root mean square distance of left-out answers from the whole
 * solution's. */
static double miss(const float *x, const float *y, size_t m, double *off) {
  g_autofree float *k = g_new(float, N *N), *c = g_new(float, N *m), *mm = g_new(float, m *m);
  float exact[N * W], approximate[N * W];
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < N; j++) k[i * N + j] = near(x, i, j);
  for (size_t i = 0; i < N; i++) memcpy(c + i * m, k + i * N, m * sizeof *c);
  memcpy(mm, c, m * m * sizeof *c);
  g_autoptr(Landmarks) marks = landmarks_new(mm, m, NULL);
  float *f = landmarks_features(marks, c, N, NULL);
  g_autoptr(KernelEigen) whole = kernel_eigen_new(k, N, NULL);
  g_autoptr(KernelEigen) few = kernel_eigen_of_features(f, N, marks->rank, NULL);
  g_autofree double *t = kernel_eigen_turn(whole, y, W), *s = kernel_eigen_turn(few, y, W);
  g_autoptr(KernelFit) a = kernel_fit_new(whole, t, W, 0.3);
  g_autoptr(KernelFit) b = kernel_fit_new(few, s, W, 0.3);
  kernel_fit_leave_one_out(a, y, exact);
  kernel_fit_leave_one_out(b, y, approximate);
  /* the answer by landmarks is that of F */
  g_autofree float *beta = landmarks_weights(marks, f, N, b->a, W);
  for (size_t i = 0; i < N; i += 7)
    for (size_t j = 0; j < W; j++) {
      double by_marks = 0, by_all = 0;
      for (size_t l = 0; l < m; l++) by_marks += (double)c[i * m + l] * (double)beta[l * W + j];
      for (size_t l = 0; l < N; l++)
        by_all += (double)dot(f + i * marks->rank, f + l * marks->rank, marks->rank) * b->a[l * W + j];
      g_assert_cmpfloat_with_epsilon(by_marks, by_all, 5e-3);
    }
  *off = 0;
  for (size_t i = 0; i < N * W; i++) *off += pow((double)(exact[i] - approximate[i]), 2) / (N * W);
  *off = sqrt(*off);
  double missed = landmarks_missed(marks, f, N);
  big_free(f, N * marks->rank);
  return missed;
}

static void test_landmarks(void) {
  g_autofree float *x = g_new(float, N *D), *y = g_new(float, N *W);
  double few_off, more_off, all_off;
  points(x, y);
  double few = miss(x, y, M / 4, &few_off), more = miss(x, y, 2 * M, &more_off), all = miss(x, y, N, &all_off);
  g_assert_cmpfloat(few, >, more);
  g_assert_cmpfloat(few_off, >, more_off);
  g_assert_cmpfloat(all, <, 1e-3);
  g_assert_cmpfloat(all_off, <, 5e-3);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/landmarks/features", test_features);
  g_test_add_func("/landmarks/landmarks", test_landmarks);
  return g_test_run();
}
