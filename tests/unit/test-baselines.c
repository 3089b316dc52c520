/* SPDX-License-Identifier: Apache-2.0 */
/* The linear and the statistical baseline: their parts against plain computations. */
#include <math.h>
#include <string.h>

#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "experts/measure/gram.h"
#include "numerics/ridge.h"
#include "experts/measure/statistics.h"

enum { N = 7, D_OUT = 9, D_IN = 5 };

/* The same random layers in both forms. */
static void random_sets(LayerSet **low, LayerSet **dense) {
  Layer l[N], x[N];
  Rng rng;
  rng_init(&rng, 8, 0);
  for (size_t i = 0; i < N; i++) {
    size_t r = 1 + i % 3;
    l[i] = (Layer){.form = LAYER_LOW_RANK,
                   .d_out = D_OUT,
                   .d_in = D_IN,
                   .rank = r,
                   .scale = 0.5f,
                   .a = g_new(float, (r * D_IN)),
                   .b = g_new(float, (r * D_OUT))};
    rng_fill_normal(&rng, l[i].a, r * D_IN, 1);
    rng_fill_normal(&rng, l[i].b, r * D_OUT, 1);
    x[i] = (Layer){.form = LAYER_DENSE, .d_out = D_OUT, .d_in = D_IN, .scale = 1, .x = g_new(float, (D_OUT * D_IN))};
    gemm(false, false, D_OUT, D_IN, r, 0.5f, l[i].b, r, l[i].a, D_IN, 0, x[i].x, D_IN);
  }
  *low = layer_set_from_layers(l, N, NULL);
  *dense = layer_set_from_layers(x, N, NULL);
  for (size_t i = 0; i < N; i++) {
    layer_clear(&l[i]);
    layer_clear(&x[i]);
  }
}

/* Layers are the same wherever they are kept, and to eight bits when kept as bfloat16. */
static void test_dense_store(void) {
  enum { EACH = 1000 };
  float x[EACH], scratch[EACH];
  Rng rng;
  rng_init(&rng, 6, 0);
  for (int on_disk = 0; on_disk < 2; on_disk++)
    for (int half = 0; half < 2; half++) {
      DenseStoreOptions o = {.half = half, .memory = on_disk ? 100 : 0};
      g_autoptr(DenseStore) s = dense_store_new(N, EACH, &o, NULL);
      g_assert_true(dense_store_is_on_disk(s) == on_disk);
      g_assert_true((dense_store_all(s) == NULL) == half);
      g_assert_true(dense_store_get(s, 3, scratch)[7] == 0);
      rng_fill_normal(&rng, x, EACH, 1);
      dense_store_put(s, N - 1, x);
      const float *y = dense_store_get(s, N - 1, scratch);
      for (size_t i = 0; i < EACH; i++) g_assert_cmpfloat(fabsf(y[i] - x[i]), <=, half ? fabsf(x[i]) / 256 : 0);
    }
  g_assert_null(dense_store_new(SIZE_MAX / 2, 8, NULL, NULL));
}

/* The blocks of widened layers give the Gram matrix of the float32 ones. */
static void test_gram_half(void) {
  g_autoptr(LayerSet) low = NULL, dense = NULL;
  random_sets(&low, &dense);
  DenseStoreOptions o = {.half = true};
  g_autoptr(LayerSet) half = layer_set_dense(N, D_OUT, D_IN, &o, NULL);
  for (size_t i = 0; i < N; i++) dense_store_put(half->x, i, layer_set_get(dense, i, NULL));
  float *a = gram_of_layers(half, NULL, NULL), *b = gram_of_layers(dense, NULL, NULL);
  for (size_t i = 0; i < N * N; i++) g_assert_cmpfloat(fabsf(a[i] - b[i]), <, 0.02f);
  big_free(a, N * N);
  big_free(b, N * N);
}

static void test_gram(void) {
  g_autoptr(LayerSet) low = NULL, dense = NULL;
  random_sets(&low, &dense);
  float *a = gram_of_layers(low, NULL, NULL), *b = gram_of_layers(dense, NULL, NULL);
  for (size_t i = 0; i < N * N; i++) g_assert_cmpfloat(fabsf(a[i] - b[i]), <, 1e-5f);
  double want = 0; /* one entry by hand */
  for (size_t k = 0; k < D_OUT * D_IN; k++)
    want +=
        (double)dense_store_get(dense->x, 0, NULL)[k] * (double)dense_store_get(dense->x, 1, NULL)[k] / (D_OUT * D_IN);
  g_assert_cmpfloat(fabs((double)b[1] - want), <, 1e-5);
  big_free(a, N * N);
  big_free(b, N * N);
}

/* y = 2 f + 1 is found exactly when the penalty is small, and shrinks to the mean when it is huge. */
static void test_ridge(void) {
  float f[N], y[N], p[N];
  size_t train[N - 2];
  for (size_t i = 0; i < N; i++) f[i] = (float)i - 2, y[i] = 2 * f[i] + 1;
  for (size_t i = 0; i < N - 2; i++) train[i] = i; /* f sums to 0 over these */
  float *k = gram_of_features(f, N, 1, NULL);
  RidgeProblem q = {.k = k, .n = N, .train = train, .m = N - 2, .y = y, .width = 1};
  g_autoptr(Ridge) r = ridge_solve(&q, 1e-7, NULL);
  ridge_predict(&q, r, p);
  for (size_t i = 0; i < N; i++) g_assert_cmpfloat(fabsf(p[i] - y[i]), <, 1e-3f);
  g_autoptr(Ridge) flat = ridge_solve(&q, 1e9, NULL);
  ridge_predict(&q, flat, p);
  for (size_t i = 0; i < N; i++) g_assert_cmpfloat(fabsf(p[i] - 1), <, 1e-3f);
  big_free(k, N * N);
}

/* Both forms give the same features, standardised over the training models. */
static void test_statistics(void) {
  g_autoptr(LayerSet) low = NULL, dense = NULL;
  random_sets(&low, &dense);
  size_t train[N], width, again;
  for (size_t i = 0; i < N; i++) train[i] = i;
  g_autofree float *a = statistics_features(low, train, N, 3, &width);
  g_autofree float *b = statistics_features(dense, train, N, 3, &again);
  g_assert_cmpuint(width, ==, again);
  for (size_t i = 0; i < N * width; i++) g_assert_cmpfloat(fabsf(a[i] - b[i]), <, 1e-2f);
  for (size_t c = 0; c < width; c++) {
    double mean = 0;
    for (size_t i = 0; i < N; i++) mean += (double)a[i * width + c] / N;
    g_assert_cmpfloat(fabs(mean), <, 1e-4);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/baselines/store", test_dense_store);
  g_test_add_func("/baselines/gram-half", test_gram_half);
  g_test_add_func("/baselines/gram", test_gram);
  g_test_add_func("/baselines/ridge", test_ridge);
  g_test_add_func("/baselines/statistics", test_statistics);
  return g_test_run();
}
