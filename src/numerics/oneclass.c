/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/oneclass.h"

#include <glib.h>
#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/sorted.h"

static double distance(const float *x, const float *y, size_t d) {
  double sum = 0;
  for (size_t i = 0; i < d; i++) sum += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
  return sqrt(sum);
}

double oneclass_knn(const float *members, size_t m, size_t d, const float *x, size_t k) {
  g_autofree double *all = g_new(double, m + 1);
  for (size_t i = 0; i < m; i++) all[i] = distance(members + i * d, x, d);
  sort_doubles(all, m);
  double sum = 0;
  k = MIN(k, m);
  for (size_t i = 0; i < k; i++) sum += all[i] / (double)k;
  return k ? sum : NAN;
}

/* Members minus their mean, in double precision (m, d); mean (d). */
static double *centred(const float *members, size_t m, size_t d, double *mean) {
  double *c = g_new(double, (m * d));
  memset(mean, 0, d * sizeof *mean);
  for (size_t i = 0; i < m * d; i++) mean[i % d] += (double)members[i] / (double)m;
  for (size_t i = 0; i < m * d; i++) c[i] = (double)members[i] - mean[i % d];
  return c;
}

static double dot_double(const double *x, const double *y, size_t d) {
  double sum = 0;
  for (size_t i = 0; i < d; i++) sum += x[i] * y[i];
  return sum;
}

/* rho and mu from the Gram matrix g (m, m) of the centred members: with S = C'C / m,
 * mu = tr S / d, delta^2 = |S|^2 - d mu^2, beta^2 = (sum_k |c_k|^4 / m - |S|^2) / m, both over d,
 * and rho = min(beta^2, delta^2) / delta^2. */
static double shrinkage(const double *g, size_t m, size_t d, double *mu) {
  double trace = 0, square = 0, fourth = 0, dm = (double)m, dd = (double)d;
  for (size_t i = 0; i < m; i++) {
    trace += g[i * m + i] / dm;
    fourth += g[i * m + i] * g[i * m + i] / dm;
    for (size_t j = 0; j < m; j++) square += g[i * m + j] * g[i * m + j] / (dm * dm);
  }
  *mu = trace / dd;
  double delta2 = square - dd * *mu * *mu, beta2 = (fourth - square) / dm;
  if (!(delta2 > 0)) return 1;
  return CLAMP(beta2 / delta2, 0, 1);
}

/* (x - mean)' Sigma^-1 (x - mean) = (|z|^2 - w' A^-1 w) / s with z = x - mean, w = C z, s = rho mu and
 * A = s m / (1 - rho) I + C C'. */
static double mahalanobis(const double *c, const double *chol, const double *mean, const float *x, size_t m, size_t d,
                          double s, bool spherical) {
  g_autofree double *z = g_new(double, d), *w = g_new(double, m);
  for (size_t i = 0; i < d; i++) z[i] = (double)x[i] - mean[i];
  double norm = dot_double(z, z, d);
  if (spherical) return norm / s;
  g_autofree double *solved = g_new(double, m);
  for (size_t k = 0; k < m; k++) solved[k] = w[k] = dot_double(c + k * d, z, d);
  LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', (lapack_int)m, 1, chol, (lapack_int)m, solved, 1);
  return fmax(0, norm - dot_double(w, solved, m)) / s;
}

void oneclass_ledoit_wolf(const float *members, size_t m, size_t d, const float *points, size_t n, double *out) {
  g_autofree double *mean = g_new0(double, d);
  g_autofree double *c = centred(members, m, d, mean);
  g_autofree double *g = g_new(double, (m * m));
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) g[i * m + j] = dot_double(c + i * d, c + j * d, d);
  double mu, rho = shrinkage(g, m, d, &mu), s = fmax(fmax(rho, 1e-6) * mu, 1e-300);
  bool spherical = rho >= 1 - 1e-9;
  for (size_t i = 0; i < m && !spherical; i++) g[i * m + i] += s * (double)m / (1 - rho);
  if (!spherical && LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (lapack_int)m, g, (lapack_int)m) != 0) spherical = true;
  for (size_t i = 0; i < n; i++) out[i] = mahalanobis(c, g, mean, points + i * d, m, d, s, spherical);
}

typedef struct {
  double distance;
  unsigned char positive;
} Ranked;

static int nearest_first(const void *a, const void *b) {
  double x = ((const Ranked *)a)->distance, y = ((const Ranked *)b)->distance;
  return (x > y) - (x < y);
}

double oneclass_auc(const double *distances, const unsigned char *positive, size_t n) {
  g_autofree Ranked *r = g_new(Ranked, n + 1);
  double ranks = 0;
  size_t positives = 0;
  for (size_t i = 0; i < n; i++) {
    r[i] = (Ranked){distances[i], positive[i]};
    positives += positive[i] != 0;
  }
  if (positives == 0 || positives == n) return NAN;
  qsort(r, n, sizeof *r, nearest_first);
  for (size_t i = 0; i < n;) { /* ties share the mean of their ranks */
    size_t end = i;
    while (end < n && r[end].distance == r[i].distance) end++;
    for (size_t k = i; k < end; k++)
      if (r[k].positive) ranks += ((double)i + (double)end + 1) / 2;
    i = end;
  }
  double p = (double)positives, q = (double)(n - positives);
  return 1 - (ranks - p * (p + 1) / 2) / (p * q);
}
