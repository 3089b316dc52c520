/* SPDX-License-Identifier: Apache-2.0 */
/* bench-nearest [ROWS [WIDTH]]: the exact 100 nearest of a million representations, beside the time that it takes to read
 * the float matrix once, in the same run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/parallel.h"
#include "numerics/coarse.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"

enum { TURNS = 7, BEST = 100, STEP = 4096 };

typedef struct {
  float *rows;
  size_t n, d;
  const float *query;
  double sums[256];
} Matrix;

static double since(gint64 start) { return (double)(g_get_monotonic_time() - start) / 1e3; }

static bool fill(void *user, size_t item, unsigned thread) {
  (void)thread;
  Matrix *m = user;
  Rng rng;
  rng_init(&rng, 1, item);
  size_t first = item * STEP, last = MIN(first + STEP, m->n);
  rng_fill_normal(&rng, m->rows + first * m->d, (last - first) * m->d, 1);
  return true;
}

static bool stream(void *user, size_t item, unsigned thread) {
  Matrix *m = user;
  size_t first = item * STEP, last = MIN(first + STEP, m->n);
  for (size_t i = first; i < last; i++) m->sums[thread] += (double)dot(m->rows + i * m->d, m->query, m->d);
  return true;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Every row compared by its floats: the same rows? */
static bool is_exact(const Matrix *m, const CoarseBest *best) {
  double worst = best[BEST - 1].score, length = sqrt((double)dot(m->query, m->query, m->d));
  size_t better = 0;
  for (size_t i = 0; i < m->n; i++) {
    const float *x = m->rows + i * m->d;
    better += (double)dot(x, m->query, m->d) / (length * sqrt((double)dot(x, x, m->d))) > worst;
  }
  return better == BEST - 1;
}

int main(int argc, char **argv) {
  Matrix m = {.n = argc > 1 ? (size_t)atol(argv[1]) : 1000000, .d = argc > 2 ? (size_t)atol(argv[2]) : 512};
  unsigned threads = parallel_processors();
  size_t steps = (m.n + STEP - 1) / STEP, compared = 0;
  g_autofree float *query = g_new(float, m.d);
  double read[TURNS], look[TURNS];
  CoarseBest best[BEST];
  linalg_set_threads(1); /* the rows are shared out here */
  m.rows = big_alloc(m.n * m.d, NULL);
  if (!m.rows || m.n < BEST) return fprintf(stderr, "bench-nearest: no memory, or too few rows\n"), EXIT_FAILURE;
  parallel_for(steps, threads, fill, &m, NULL);
  for (size_t i = 0; i < m.d; i++) query[i] = m.rows[i] + m.rows[m.d + i];
  m.query = query;
  gint64 start = g_get_monotonic_time();
  g_autoptr(CoarseRows) c = coarse_rows_new(m.rows, m.n, m.d, threads, NULL);
  if (!c) return fprintf(stderr, "bench-nearest: no memory\n"), EXIT_FAILURE;
  printf("%zu x %zu: codes made in %.0f ms\n", m.n, m.d, since(start));
  for (int t = 0; t < TURNS; t++) {
    start = g_get_monotonic_time();
    parallel_for(steps, threads, stream, &m, NULL);
    read[t] = since(start);
    start = g_get_monotonic_time();
    coarse_rows_best(c, query, BEST, threads, best, &compared);
    look[t] = since(start);
  }
  qsort(read, TURNS, sizeof *read, by_size);
  qsort(look, TURNS, sizeof *look, by_size);
  printf("floats streamed once %.1f ms; exact best %d in %.1f ms, ratio %.3f; %zu rows compared by floats; exact: %s\n",
         read[TURNS / 2], BEST, look[TURNS / 2], look[TURNS / 2] / read[TURNS / 2], compared,
         is_exact(&m, best) ? "yes" : "NO");
  big_free(m.rows, m.n * m.d);
  return EXIT_SUCCESS;
}
