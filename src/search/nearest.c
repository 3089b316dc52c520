/* SPDX-License-Identifier: Apache-2.0 */
#include "search/nearest.h"

#include <lapacke.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "numerics/linalg.h"

static int best_first(gconstpointer a, gconstpointer b) {
  const Nearest *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

/* The codes, from the second question on: making them costs as much as one answer without. NULL: not worth it. */
static const CoarseRows *codes_of(const Representations *r, size_t limit) {
  enum { MANY = 65536 };
  Representations *own = (Representations *)(uintptr_t)r; /* what is kept in it changes no answer */
  if (r->models->len < MANY || limit == 0) return NULL;
  g_mutex_lock(&own->coarse_lock);
  if (++own->asked == 2) own->coarse = coarse_rows_new(r->rows, r->models->len, r->width, linalg_threads(), NULL);
  const CoarseRows *codes = own->coarse;
  g_mutex_unlock(&own->coarse_lock);
  return codes;
}

/* The same answer by codes. One more is asked for, since the row is the nearest to itself. */
static GArray *nearest_by_codes(const CoarseRows *codes, const Representations *r, size_t row, size_t limit) {
  g_autofree CoarseBest *best = g_new(CoarseBest, limit + 2);
  size_t n = coarse_rows_best(codes, r->rows + row * r->width, limit + 1, MAX(linalg_threads(), 1), best, NULL);
  GArray *near = g_array_new(FALSE, FALSE, sizeof(Nearest));
  for (size_t i = 0; i < n && near->len < limit; i++) {
    Nearest one = {best[i].row, best[i].score};
    if (one.row != row) g_array_append_val(near, one);
  }
  return near;
}

GArray *nearest_to(const Representations *r, size_t row, size_t limit) {
  const CoarseRows *codes = codes_of(r, limit);
  if (codes) return nearest_by_codes(codes, r, row, limit);
  size_t n = r->models->len, d = r->width;
  g_autofree float *scores = g_new(float, n + 1);
  const float *x = r->rows + row * d;
  double length = sqrt((double)dot(x, x, d));
  gemm(false, true, n, 1, d, 1, r->rows, d, x, d, 0, scores, 1);
  GArray *all = g_array_sized_new(FALSE, FALSE, sizeof(Nearest), (guint)n);
  for (size_t i = 0; i < n; i++) {
    const float *y = r->rows + i * d;
    double both = length * sqrt((double)dot(y, y, d));
    Nearest one = {i, both > 0 ? (double)scores[i] / both : 0};
    if (i != row) g_array_append_val(all, one);
  }
  g_array_sort(all, best_first);
  if (limit && all->len > limit) g_array_set_size(all, (guint)limit);
  return all;
}

gssize nearest_row(const Representations *r, const Model *model) {
  for (guint i = 0; i < r->models->len; i++)
    if (strcmp(((Model *)r->models->pdata[i])->path, model->path) == 0) return i;
  return -1;
}

/* Covariance (d, d) in double precision around `mean`. */
static double *covariance(const Representations *r, double *mean) {
  size_t n = r->models->len, d = r->width;
  g_autofree float *c = g_new(float, (n * d) + 1), *s = g_new0(float, (d * d));
  for (size_t i = 0; i < n * d; i++) mean[i % d] += (double)r->rows[i] / (double)n;
  for (size_t i = 0; i < n * d; i++) c[i] = (float)((double)r->rows[i] - mean[i % d]);
  gemm(true, false, d, d, n, 1.0f / (float)n, c, d, c, d, 0, s, d);
  double *out = g_new(double, (d * d));
  for (size_t i = 0; i < d * d; i++) out[i] = (double)s[i];
  return out;
}

/* Coordinates along one axis (d), its sign fixed. */
static void project(const Representations *r, const double *mean, const double *axis, float *xy) {
  size_t n = r->models->len, d = r->width, top = 0;
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t j = 0; j < d; j++) sum += ((double)r->rows[i * d + j] - mean[j]) * axis[j];
    xy[2 * i] = (float)sum;
    if (fabsf(xy[2 * i]) > fabsf(xy[2 * top])) top = i;
  }
  if (n && xy[2 * top] < 0)
    for (size_t i = 0; i < n; i++) xy[2 * i] = -xy[2 * i];
}

float *nearest_map(const Representations *r, double shares[2]) {
  size_t n = r->models->len, d = r->width;
  float *xy = g_new0(float, 2 * n + 2);
  shares[0] = shares[1] = 0;
  if (n < 2) return xy;
  g_autofree double *mean = g_new0(double, d), *spread = g_new0(double, d);
  g_autofree double *s = covariance(r, mean), *axis = g_new(double, d);
  lapack_int m = (lapack_int)d;
  if (LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'U', m, s, m, spread) != 0) return xy;
  double total = 0;
  for (size_t j = 0; j < d; j++) total += fmax(spread[j], 0);
  for (size_t k = 0; k < 2 && k < d; k++) { /* the largest come last, as columns */
    for (size_t j = 0; j < d; j++) axis[j] = s[j * d + d - 1 - k];
    project(r, mean, axis, xy + k);
    shares[k] = total > 0 ? fmax(spread[d - 1 - k], 0) / total : 0;
  }
  return xy;
}
