/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers at random places: the same places whatever the pieces, prefixes of one another, and the mean of the
 * largest differences as a plain sort has it. */
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/rng.h"
#include "numerics/tail.h"

enum { LONG = 5000 };

static void fill(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = (float)i;
}

static void take_all(const float *x, size_t count, size_t step, size_t width, float *out) {
  TailWalk w;
  tail_walk_init(&w, 7, count, width);
  for (size_t at = 0; at < count; at += step) tail_walk_take(&w, x + at, at, MIN(step, count - at), out);
  g_assert_cmpuint(w.at, ==, width);
}

static void test_places(void) {
  float x[LONG], whole[TAIL_PLACES], pieces[TAIL_PLACES], fewer[TAIL_PLACES];
  fill(x, LONG);
  static const size_t counts[] = {1, 100, 1024, 1025, LONG};
  for (size_t c = 0; c < G_N_ELEMENTS(counts); c++) {
    size_t n = counts[c], width = tail_width(n, TAIL_PLACES), less = (width + 1) / 2;
    take_all(x, n, n, width, whole);
    take_all(x, n, 97, width, pieces);
    take_all(x, n, 97, less, fewer);
    g_assert_cmpmem(whole, width * sizeof *whole, pieces, width * sizeof *pieces);
    g_assert_cmpmem(whole, less * sizeof *whole, fewer, less * sizeof *fewer);
    double sum = 0;
    for (size_t i = 0; i < width; i++) sum += (double)whole[i];
    if (n <= TAIL_PLACES) g_assert_cmpfloat(sum, ==, (double)n * ((double)n - 1) / 2); /* each once */
  }
  g_assert_cmpuint(tail_width(LONG, 128), ==, 128);
  g_assert_cmpuint(tail_width(LONG, 100000), ==, TAIL_PLACES);
}

static int falling(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x < y) - (x > y);
}

static void test_distance(void) {
  Rng rng;
  rng_init(&rng, 3, 0);
  float a[TAIL_PLACES], b[TAIL_PLACES], d[TAIL_PLACES];
  static const struct {
    size_t n;
    uint64_t count;
    size_t most; /* differences that count */
  } rows[] = {{1, 1, 1}, {40, 40, 1}, {300, 300, 3}, {300, 9000, 9}, {1024, 1 << 20, 30}};
  for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
    double want = 0;
    for (size_t i = 0; i < rows[r].n; i++) {
      a[i] = rng_normal(&rng), b[i] = rng_normal(&rng);
      d[i] = fabsf(a[i] - b[i]);
    }
    qsort(d, rows[r].n, sizeof *d, falling);
    for (size_t i = 0; i < rows[r].most; i++) want += (double)d[i] / (double)rows[r].most;
    g_assert_cmpfloat_with_epsilon(tail_distance(a, b, rows[r].n, rows[r].count, 1), want, 1e-6);
  }
  b[0] = NAN;
  g_assert_true(isfinite(tail_distance(a, b, TAIL_PLACES, LONG, 1)));
  g_assert_cmpfloat(tail_distance(a, a, TAIL_PLACES, LONG, 1), ==, 0);
}

/* Many equal ones, of which some count; and one that is far above twice the mean, alone. */
static void test_equal_sizes(void) {
  float a[TAIL_PLACES] = {0}, b[TAIL_PLACES] = {0};
  for (size_t i = 0; i < 40; i++) b[i * 7] = i < 10 ? 5 : 2;
  g_assert_cmpfloat_with_epsilon(tail_distance(a, b, TAIL_PLACES, 1 << 20, 1), (10 * 5 + 20 * 2) / 30.0, 1e-6);
  for (size_t i = 0; i < TAIL_PLACES; i++) b[i] = i == 99 ? -900 : 1;
  g_assert_cmpfloat_with_epsilon(tail_distance(a, b, TAIL_PLACES, 1 << 20, 1), (900 + 29) / 30.0, 1e-4);
  memset(b, 0, sizeof b);
  b[3] = 6;
  g_assert_cmpfloat_with_epsilon(tail_distance(a, b, TAIL_PLACES, 1 << 20, 1), 6 / 30.0, 1e-6);
}

/* What only shrank is where it was; what moved besides is as far off from either side. */
static void test_shrunk(void) {
  enum { N = 400 };
  Rng rng;
  rng_init(&rng, 4, 0);
  float a[N], b[N], far[N];
  for (size_t i = 0; i < N; i++) a[i] = rng_normal(&rng), b[i] = a[i] / 4, far[i] = b[i] + (i == 7 ? 3 : 0);
  g_assert_cmpfloat(tail_distance(a, b, N, N, 0.25), <, 1e-6);
  g_assert_cmpfloat(tail_distance(a, b, N, N, 1), >, 1);
  double there = tail_distance(a, far, N, N, 0.25), back = tail_distance(far, a, N, N, 4);
  g_assert_cmpfloat_with_epsilon(there, 6.0 / 4, 1e-5); /* of four that count, one moved: 3 over the root of 1/4 */
  g_assert_cmpfloat_with_epsilon(there, back, 1e-6);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tail/places", test_places);
  g_test_add_func("/tail/distance", test_distance);
  g_test_add_func("/tail/equal-sizes", test_equal_sizes);
  g_test_add_func("/tail/shrunk", test_shrunk);
  return g_test_run();
}
