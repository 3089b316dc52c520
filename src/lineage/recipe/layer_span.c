/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/layer_span.h"

#include <math.h>
#include <string.h>

void span_gram_take(SpanGram *g, const float *child, const float *const *others, unsigned n, size_t count) {
  memset(g, 0, sizeof *g);
  g->n = n;
  for (size_t at = 0; at < count; at++) {
    double first = (double)others[0][at], c = (double)child[at] - first, d[SPAN_MOST];
    for (unsigned i = 0; i < n; i++) d[i] = (double)others[i][at] - first;
    for (unsigned i = 1; i < n; i++) {
      for (unsigned k = 1; k <= i; k++) g->between[i][k] += d[i] * d[k];
      g->with_first[i] += d[i] * first;
      g->child[i] += d[i] * c;
    }
    g->child_first += c * first, g->child2 += c * c, g->first2 += first * first;
  }
  for (unsigned i = 1; i < n; i++)
    for (unsigned k = 1; k < i; k++) g->between[k][i] = g->between[i][k];
}

static double span_distance2(const SpanGram *g, unsigned i, unsigned k) {
  return g->between[i][i] + g->between[k][k] - 2 * g->between[i][k];
}

double span_cosine(const SpanGram *g, unsigned o, unsigned i, unsigned k) {
  double product = g->between[i][k] - g->between[i][o] - g->between[o][k] + g->between[o][o];
  return product / sqrt(span_distance2(g, i, o) * span_distance2(g, k, o));
}

double span_child_distance2(const SpanGram *g, unsigned i) { return g->child2 - 2 * g->child[i] + g->between[i][i]; }

/* A symmetric system of unknowns that are taken in one by one; what follows from those before is left out. The last
 * row and column are the right-hand side. */
enum { UNKNOWNS = SPAN_MOST + 1, SYSTEM = UNKNOWNS + 1 };

static void sweep(double a[SYSTEM][SYSTEM], unsigned size, unsigned k) {
  double pivot = a[k][k];
  for (unsigned j = 0; j < size; j++) a[k][j] /= pivot;
  for (unsigned i = 0; i < size; i++) {
    if (i == k) continue;
    double factor = a[i][k];
    for (unsigned j = 0; j < size; j++) a[i][j] -= factor * a[k][j];
    a[i][k] = -factor / pivot;
  }
  a[k][k] = 1 / pivot;
}

/* Leaves the unknowns in x; what no unknown explains. */
static double solve(double a[SYSTEM][SYSTEM], unsigned unknowns, double *x) {
  static const double follows = 1e-9;
  bool taken[UNKNOWNS] = {false};
  double size[UNKNOWNS];
  for (unsigned k = 0; k < unknowns; k++) size[k] = a[k][k];
  for (unsigned k = 0; k < unknowns; k++) {
    if (!(a[k][k] > follows * size[k]) || !(size[k] > 0)) continue;
    sweep(a, unknowns + 1, k);
    taken[k] = true;
  }
  for (unsigned k = 0; k < unknowns; k++) x[k] = taken[k] ? a[k][unknowns] : 0;
  return fmax(a[unknowns][unknowns], 0);
}

/* <x_i - x_j, y> with y = x_k - x_j. */
static double about(const SpanGram *g, unsigned j, unsigned i, unsigned k) {
  return g->between[i][k] - g->between[i][j] - g->between[j][k] + g->between[j][j];
}

/* <x_i - x_j, x_j> */
static double with_whole(const SpanGram *g, unsigned j, unsigned i) {
  return g->with_first[i] - g->with_first[j] + g->between[i][j] - g->between[j][j];
}

SpanFit span_fit(const SpanGram *g, uint32_t used, bool free_sum) {
  SpanFit fit = {.nearest2 = INFINITY};
  double a[SYSTEM][SYSTEM] = {{0}}, x[UNKNOWNS] = {0};
  unsigned of[SPAN_MOST], n = 0, j = SPAN_MOST;
  for (unsigned i = 0; i < g->n; i++) {
    if (!(used >> i & 1)) continue;
    fit.nearest2 = fmin(fit.nearest2, span_child_distance2(g, i));
    if (j == SPAN_MOST) j = i;
    else of[n++] = i;
  }
  if (j == SPAN_MOST) return fit;
  unsigned last = n + free_sum;
  for (unsigned p = 0; p < n; p++) {
    for (unsigned q = 0; q < n; q++) a[p][q] = about(g, j, of[p], of[q]);
    a[p][last] = a[last][p] = g->child[of[p]] - g->child[j] - g->between[of[p]][j] + g->between[j][j];
    if (free_sum) a[p][n] = a[n][p] = with_whole(g, j, of[p]);
  }
  if (free_sum) {
    a[n][n] = g->first2 + 2 * g->with_first[j] + g->between[j][j];
    a[n][last] = a[last][n] = g->child_first + g->child[j] - g->with_first[j] - g->between[j][j];
  }
  a[last][last] = span_child_distance2(g, j);
  fit.rest2 = solve(a, last, x);
  fit.weight[j] = free_sum ? 1 + x[n] : 1;
  for (unsigned p = 0; p < n; p++) fit.weight[of[p]] = x[p], fit.weight[j] -= x[p];
  return fit;
}
