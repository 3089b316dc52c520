/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/logistic_fit.h"

#include <math.h>
#include <string.h>

/* Solves A s = g in place by Cholesky's method; A (n, n) is positive definite. */
static void solve(double a[LOGISTIC_MOST][LOGISTIC_MOST], double *g, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    for (unsigned k = 0; k <= i; k++) {
      double sum = a[i][k];
      for (unsigned j = 0; j < k; j++) sum -= a[i][j] * a[k][j];
      a[i][k] = i == k ? sqrt(fmax(sum, 1e-12)) : sum / a[k][k];
    }
  for (unsigned i = 0; i < n; i++) {
    for (unsigned j = 0; j < i; j++) g[i] -= a[i][j] * g[j];
    g[i] /= a[i][i];
  }
  for (unsigned i = n; i-- > 0;) {
    for (unsigned j = i + 1; j < n; j++) g[i] -= a[j][i] * g[j];
    g[i] /= a[i][i];
  }
}

static double probability(const LogisticRow *r, const double *w, unsigned n) {
  double sum = 0;
  for (unsigned i = 0; i < n; i++) sum += w[i] * r->x[i];
  return 1 / (1 + exp(-sum));
}

/* One step; its length. */
static double step(const GArray *rows, unsigned n, double ridge, double *w) {
  double a[LOGISTIC_MOST][LOGISTIC_MOST] = {{0}}, g[LOGISTIC_MOST] = {0}, length = 0;
  for (unsigned i = 0; i < n; i++) {
    a[i][i] = i ? ridge : 1e-9;
    g[i] = i ? -ridge * w[i] : 0;
  }
  for (guint r = 0; r < rows->len; r++) {
    const LogisticRow *row = &g_array_index(rows, LogisticRow, r);
    double p = probability(row, w, n), curve = row->share * fmax(p * (1 - p), 1e-6);
    for (unsigned i = 0; i < n; i++) {
      g[i] += row->share * (row->y - p) * row->x[i];
      for (unsigned k = 0; k <= i; k++) a[i][k] += curve * row->x[i] * row->x[k];
    }
  }
  solve(a, g, n);
  for (unsigned i = 0; i < n; i++) length += g[i] * g[i];
  double most = fmax(sqrt(length) / 4, 1); /* steps no longer than 4 */
  for (unsigned i = 0; i < n; i++) w[i] += g[i] / most;
  return sqrt(length);
}

void logistic_fit(const GArray *rows, unsigned n, double ridge, double *w) {
  enum { MOST_STEPS = 200 };
  memset(w, 0, n * sizeof *w);
  for (unsigned i = 0; i < MOST_STEPS && step(rows, n, ridge, w) > 1e-8; i++) {
  }
}
