/* SPDX-License-Identifier: Apache-2.0 */
/* Calibration and one-class distances against plain computations. */
#include <glib.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "numerics/rng.h"
#include "numerics/calibration.h"
#include "numerics/oneclass.h"

/* Logits drawn so that softmax(logits) are the true probabilities, then made twice too sharp: the
 * temperature that undoes it is 2. */
static void test_temperature(void) {
  enum { N = 4000, C = 4 };
  g_autofree float *logits = g_new(float, (N * C));
  g_autofree size_t *target = g_new(size_t, N);
  Rng rng;
  rng_init(&rng, 1, 0);
  for (size_t i = 0; i < N; i++) {
    float p[C], u = rng_uniform(&rng), sum = 0;
    rng_fill_normal(&rng, logits + i * C, C, 1);
    memcpy(p, logits + i * C, sizeof p);
    softmax_row(p, C, 1);
    for (target[i] = 0; target[i] < C - 1 && (sum += p[target[i]]) < u;) target[i]++;
    for (size_t c = 0; c < C; c++) logits[i * C + c] *= 2;
  }
  double t = calibrate_softmax(logits, target, N, C);
  g_assert_cmpfloat(fabs(t - 2), <, 0.2);
  g_assert_cmpfloat(calibrate_softmax(logits, target, 0, C), ==, 1);
}

/* Odds of e to 1, and of the root of it once they are twice as warm. */
static void test_softmax(void) {
  float x[2] = {1, 0}, warm[2] = {1, 0};
  softmax_row(x, 2, 1);
  softmax_row(warm, 2, 2);
  g_assert_cmpfloat(fabs((double)(x[0] / x[1]) - exp(1)), <, 1e-5);
  g_assert_cmpfloat(fabs((double)(warm[0] / warm[1]) - exp(0.5)), <, 1e-5);
  g_assert_cmpfloat(fabs((double)(warm[0] + warm[1]) - 1), <, 1e-6);
}

static void test_calibration_error(void) {
  static const Answer a[] = {{0.9, true}, {0.9, true}, {0.9, false}, {0.9, true}, {0.1, false}};
  g_assert_cmpfloat(fabs(calibration_error(a, 5) - (4 * 0.15 + 0.1) / 5), <, 1e-9);
  g_assert_true(isnan(calibration_error(a, 0)));
}

static void test_threshold(void) {
  static const Answer a[] = {{0.9, true}, {0.8, true}, {0.7, false}, {0.6, true}, {0.5, false}};
  double answered, right;
  g_assert_cmpfloat(answer_threshold(a, 5, 1.0), ==, 0.8);
  g_assert_cmpfloat(answer_threshold(a, 5, 0.75), ==, 0.6);
  g_assert_cmpfloat(answer_threshold(a + 4, 1, 0.5), >, 1); /* nothing is sure enough */
  answer_rates(a, 5, 0.6, &answered, &right);
  g_assert_cmpfloat(answered, ==, 0.8);
  g_assert_cmpfloat(right, ==, 0.75);
}

static void test_auc(void) {
  static const double d[] = {1, 2, 3, 4, 5, 3};
  static const unsigned char positive[] = {1, 1, 0, 1, 0, 0};
  /* Pairs where the positive is nearer: 1 and 2 beat all three, 4 beats one. */
  g_assert_cmpfloat(fabs(oneclass_auc(d, positive, 6) - 7.0 / 9), <, 1e-12);
  g_assert_true(isnan(oneclass_auc(d, positive, 2)));
}

/* Sigma formed in full and inverted, against the m x m route. */
static void test_ledoit_wolf(void) {
  enum { M = 6, D = 9, N = 4 };
  float members[M * D], points[N * D];
  double got[N], mean[D] = {0}, s[D * D] = {0}, mu = 0, norm = 0, fourth = 0;
  Rng rng;
  rng_init(&rng, 5, 0);
  rng_fill_normal(&rng, members, M * D, 1);
  rng_fill_normal(&rng, points, N * D, 1);
  for (int i = 0; i < M; i++) members[i * D] *= 5; /* one long axis */
  oneclass_ledoit_wolf(members, M, D, points, N, got);
  for (int i = 0; i < M * D; i++) mean[i % D] += (double)members[i] / M;
  for (int k = 0; k < M; k++) {
    double length = 0;
    for (int i = 0; i < D; i++) {
      double ci = (double)members[k * D + i] - mean[i];
      length += ci * ci;
      for (int j = 0; j < D; j++) s[i * D + j] += ci * ((double)members[k * D + j] - mean[j]) / M;
    }
    fourth += length * length / M;
  }
  for (int i = 0; i < D; i++) mu += s[i * D + i] / D;
  for (int i = 0; i < D * D; i++) norm += s[i] * s[i];
  double rho = fmin(1, (fourth - norm) / M / (norm - D * mu * mu));
  for (int i = 0; i < D * D; i++) s[i] = (1 - rho) * s[i] + (i % (D + 1) == 0 ? rho * mu : 0);
  g_assert_cmpint(LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', D, s, D), ==, 0);
  for (int n = 0; n < N; n++) {
    double z[D], y[D], want = 0;
    for (int i = 0; i < D; i++) y[i] = z[i] = (double)points[n * D + i] - mean[i];
    LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', D, 1, s, D, y, 1);
    for (int i = 0; i < D; i++) want += z[i] * y[i];
    g_assert_cmpfloat(fabs(got[n] / want - 1), <, 1e-6);
  }
}

static void test_neighbours(void) {
  static const float members[] = {0, 0, 3, 4, 6, 8};
  static const float x[] = {0, 0};
  g_assert_cmpfloat(oneclass_knn(members, 3, 2, x, 2), ==, 2.5);
  g_assert_cmpfloat(oneclass_knn(members, 3, 2, x, 9), ==, 5);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/calibration/softmax", test_softmax);
  g_test_add_func("/calibration/temperature", test_temperature);
  g_test_add_func("/calibration/error", test_calibration_error);
  g_test_add_func("/calibration/threshold", test_threshold);
  g_test_add_func("/oneclass/auc", test_auc);
  g_test_add_func("/oneclass/ledoit-wolf", test_ledoit_wolf);
  g_test_add_func("/oneclass/neighbours", test_neighbours);
  return g_test_run();
}
