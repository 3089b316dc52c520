/* SPDX-License-Identifier: Apache-2.0 */
/* The k nearest by codes and bounds are those of comparing everything, on vectors made to be hard for it too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/coarse.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"

static int best_first(const void *a, const void *b) {
  const CoarseBest *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

static CoarseBest *all_compared(const float *rows, size_t n, size_t d, const float *q) {
  CoarseBest *all = g_new(CoarseBest, n);
  for (size_t i = 0; i < n; i++) {
    const float *x = rows + i * d;
    double both = sqrt((double)dot(x, x, d)) * sqrt((double)dot(q, q, d));
    all[i] = (CoarseBest){i, both > 0 ? (double)dot(x, q, d) / both : 0};
  }
  qsort(all, n, sizeof *all, best_first);
  return all;
}

/* The same rows, whatever k, one thread or several. Returns the share that was compared by floats. */
static double check(const float *rows, size_t n, size_t d, const float *q, size_t k) {
  g_autoptr(CoarseRows) c = coarse_rows_new(rows, n, d, 2, NULL);
  g_autofree CoarseBest *expected = all_compared(rows, n, d, q), *found = g_new(CoarseBest, k + 1);
  size_t compared = 0;
  for (unsigned threads = 1; threads <= 3; threads++) {
    size_t got = coarse_rows_best(c, q, k, threads, found, &compared);
    g_assert_cmpuint(got, ==, MIN(k, n));
    for (size_t i = 0; i < got; i++) {
      g_assert_cmpuint(found[i].row, ==, expected[i].row);
      g_assert_cmpfloat(found[i].score, ==, expected[i].score);
    }
  }
  return (double)compared / (double)n;
}

static float *normal(size_t n, size_t d, uint64_t seed) {
  Rng rng;
  rng_init(&rng, seed, 0);
  float *rows = g_new(float, n *d);
  rng_fill_normal(&rng, rows, n * d, 1);
  return rows;
}

static void test_random(void) {
  static const size_t sizes[][2] = {{1, 1}, {5, 3}, {100, 64}, {20000, 128}, {9000, 512}};
  for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
    size_t n = sizes[s][0], d = sizes[s][1];
    g_autofree float *rows = normal(n, d, 3 + s), *q = normal(1, d, 90 + s);
    for (size_t k = 1; k <= 1000; k *= 10) check(rows, n, d, q, k);
    check(rows, n, d, q, n);
    check(rows, n, d, rows, 3); /* a row of its own */
  }
}

static void test_few_are_compared(void) {
  enum { N = 20000, D = 256 };
  g_autofree float *rows = normal(N, D, 5), *q = normal(1, D, 6);
  g_assert_cmpfloat(check(rows, N, D, q, 10), <, 0.05);
}

/* Near-equal rows, where codes cannot decide; lengths of all sizes; zeros; one number that dwarfs the others. */
static void test_hard(void) {
  enum { N = 3000, D = 96 };
  g_autofree float *rows = normal(N, D, 7), *q = normal(1, D, 8), *noise = normal(N, D, 9);
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < D; j++) {
      float *x = &rows[i * D + j];
      if (i % 4 == 0) *x = q[j] + 1e-4f * noise[i * D + j];
      if (i % 4 == 1) *x *= (float)pow(10, (double)(i % 60) - 30);
      if (i % 4 == 2 && j == i % D) *x = 1e6f;
      if (i % 40 == 3) *x = 0;
    }
  for (size_t k = 1; k <= N; k *= 7) check(rows, N, D, q, k);
  memset(q, 0, D * sizeof *q);
  check(rows, N, D, q, 5);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/coarse/random", test_random);
  g_test_add_func("/coarse/few-are-compared", test_few_are_compared);
  g_test_add_func("/coarse/hard", test_hard);
  return g_test_run();
}
