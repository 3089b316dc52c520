/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/logistic_fit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Takes what is held out of the equations: its step is 0. */
static void hold(double a[LOGISTIC_MOST][LOGISTIC_MOST], double *g, unsigned n, const bool *held) {
  for (unsigned i = 0; i < n; i++) {
    if (!held[i]) continue;
    for (unsigned k = 0; k < n; k++) a[i][k] = a[k][i] = 0;
    a[i][i] = 1, g[i] = 0;
  }
}

/* Holds at 0 the weight that is most on the wrong side; false when none is. */
static bool hold_worst(double *w, unsigned n, const char *sign, bool *held) {
  unsigned worst = n;
  double most = 0;
  for (unsigned i = 0; i < n; i++) {
    double wrong = sign[i] == '+' ? -w[i] : sign[i] == '-' ? w[i] : 0;
    if (wrong > most) most = wrong, worst = i;
  }
  if (worst == n) return false;
  held[worst] = true, w[worst] = 0;
  return true;
}

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
static double step(const GArray *rows, unsigned n, double ridge, const bool *held, double *w) {
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
  hold(a, g, n, held);
  solve(a, g, n);
  for (unsigned i = 0; i < n; i++) length += g[i] * g[i];
  double most = fmax(sqrt(length) / 4, 1); /* steps no longer than 4 */
  for (unsigned i = 0; i < n; i++) w[i] += g[i] / most;
  return sqrt(length);
}

void logistic_fit(const GArray *rows, unsigned n, const char *sign, double ridge, double *w) {
  enum { MOST_STEPS = 200 };
  bool held[LOGISTIC_MOST] = {false};
  memset(w, 0, n * sizeof *w);
  do
    for (unsigned i = 0; i < MOST_STEPS && step(rows, n, ridge, held, w) > 1e-8; i++) {
    }
  while (hold_worst(w, n, sign, held));
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

/* One step; its length. */
static double choice_step(const GArray *rows, unsigned k, const double *prior, double ridge, const bool *held,
                          double *w) {
  double a[LOGISTIC_MOST][LOGISTIC_MOST] = {{0}}, g[LOGISTIC_MOST] = {0}, length = 0;
  for (unsigned e = 0; e < k; e++) a[e][e] = ridge, g[e] = ridge * (prior[e] - w[e]);
  for (guint i = 0; i < rows->len; i++) add_choice(&g_array_index(rows, ChoiceRow, i), k, w, a, g);
  hold(a, g, k, held);
  solve(a, g, k);
  for (unsigned e = 0; e < k; e++) length += g[e] * g[e];
  length = sqrt(length);
  for (unsigned e = 0; e < k; e++) w[e] += g[e] / fmax(length, 1);
  return length;
}

void choice_fit(const GArray *rows, unsigned k, const double *prior, double ridge, double *w) {
  enum { MOST_STEPS = 200 };
  bool held[LOGISTIC_MOST] = {false};
  char sign[LOGISTIC_MOST];
  memset(sign, '+', sizeof sign);
  memcpy(w, prior, k * sizeof *w);
  do
    for (unsigned i = 0; i < MOST_STEPS && choice_step(rows, k, prior, ridge, held, w) > 1e-8; i++) {
    }
  while (hold_worst(w, k, sign, held));
}
