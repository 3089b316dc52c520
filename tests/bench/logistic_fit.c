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

/* w . x of each, less the largest, in z; the sum of their exponentials. */
static double score_all(const ChoiceRow *row, unsigned k, const double *w, double *z) {
  double top = -INFINITY, sum = 0;
  for (unsigned i = 0; i < row->n; i++) {
    z[i] = 0;
    for (unsigned e = 0; e < k; e++) z[i] += w[e] * row->x[(size_t)i * k + e];
    top = fmax(top, z[i]);
  }
  for (unsigned i = 0; i < row->n; i++) sum += z[i] = exp(z[i] - top);
  return sum;
}

double choice_probability(const ChoiceRow *row, unsigned k, const double *w) {
  g_autofree double *z = g_new(double, row->n);
  double sum = score_all(row, k, w, z);
  return z[row->right] / sum;
}

/* Adds the gradient and the curvature of one. */
static void add_choice(const ChoiceRow *row, unsigned k, const double *w, double a[LOGISTIC_MOST][LOGISTIC_MOST],
                       double *g) {
  g_autofree double *z = g_new(double, row->n);
  double sum = score_all(row, k, w, z), mean[LOGISTIC_MOST] = {0};
  for (unsigned i = 0; i < row->n; i++)
    for (unsigned e = 0; e < k; e++) mean[e] += z[i] / sum * row->x[(size_t)i * k + e];
  for (unsigned e = 0; e < k; e++) g[e] += row->x[(size_t)row->right * k + e] - mean[e];
  for (unsigned i = 0; i < row->n; i++) {
    const double *x = row->x + (size_t)i * k;
    for (unsigned e = 0; e < k; e++)
      for (unsigned f = 0; f <= e; f++) a[e][f] += z[i] / sum * (x[e] - mean[e]) * (x[f] - mean[f]);
  }
}

void choice_fit(const GArray *rows, unsigned k, const double *prior, double ridge, double *w) {
  enum { MOST_STEPS = 200 };
  memcpy(w, prior, k * sizeof *w);
  for (unsigned steps = 0; steps < MOST_STEPS; steps++) {
    double a[LOGISTIC_MOST][LOGISTIC_MOST] = {{0}}, g[LOGISTIC_MOST] = {0}, length = 0;
    for (unsigned e = 0; e < k; e++) a[e][e] = ridge, g[e] = ridge * (prior[e] - w[e]);
    for (guint i = 0; i < rows->len; i++) add_choice(&g_array_index(rows, ChoiceRow, i), k, w, a, g);
    solve(a, g, k);
    for (unsigned e = 0; e < k; e++) length += g[e] * g[e];
    length = sqrt(length);
    for (unsigned e = 0; e < k; e++) w[e] += g[e] / fmax(length, 1);
    if (length < 1e-8) return;
  }
}
