/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/ridge.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "core/error.h"

void ridge_free(Ridge *r) {
  if (!r) return;
  g_free(r->alpha);
  g_free(r->mean);
  g_free(r);
}

/* K_tt + lambda (mean diagonal) I in double precision. */
static double *training_block(const RidgeProblem *q, double lambda) {
  double *a = g_new(double, q->m * q->m), diagonal = 0;
  for (size_t i = 0; i < q->m; i++) {
    const float *row = q->k + q->train[i] * q->n;
    diagonal += (double)row[q->train[i]] / (double)q->m;
    for (size_t j = 0; j < q->m; j++) a[i * q->m + j] = (double)row[q->train[j]];
  }
  for (size_t i = 0; i < q->m; i++) a[i * q->m + i] += lambda * fmax(diagonal, 1e-300);
  return a;
}

static Ridge *ridge_new(const RidgeProblem *q, double lambda) {
  Ridge *r = g_new0(Ridge, 1);
  r->lambda = lambda;
  r->mean = g_new0(double, q->width + 1);
  r->alpha = g_new(double, q->m * q->width + 1);
  for (size_t i = 0; i < q->m; i++)
    for (size_t c = 0; c < q->width; c++) r->mean[c] += (double)q->y[i * q->width + c] / (double)q->m;
  for (size_t i = 0; i < q->m; i++)
    for (size_t c = 0; c < q->width; c++) r->alpha[i * q->width + c] = (double)q->y[i * q->width + c] - r->mean[c];
  return r;
}

Ridge *ridge_solve(const RidgeProblem *q, double lambda, GError **error) {
  g_autoptr(Ridge) r = ridge_new(q, lambda);
  g_autofree double *a = training_block(q, lambda);
  lapack_int m = (lapack_int)q->m, width = (lapack_int)q->width;
  if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', m, a, m) == 0 &&
      LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', m, width, a, m, r->alpha, width) == 0)
    return g_steal_pointer(&r);
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_STATE,
                      "the ridge system of the linear baseline cannot be factored");
  return NULL;
}

void ridge_predict(const RidgeProblem *q, const Ridge *r, float *p) {
  enum { BLOCK = 256 };
  g_autofree double *rows = g_new(double, BLOCK * q->m + 1); /* (block, m) of K_*t */
  g_autofree double *out = g_new(double, BLOCK * q->width + 1);
  for (size_t at = 0; at < q->n; at += BLOCK) {
    size_t n = MIN((size_t)BLOCK, q->n - at);
    for (size_t i = 0; i < n; i++) {
      for (size_t j = 0; j < q->m; j++) rows[i * q->m + j] = (double)q->k[(at + i) * q->n + q->train[j]];
      memcpy(out + i * q->width, r->mean, q->width * sizeof *out);
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)n, (blasint)q->width, (blasint)q->m, 1, rows,
                (blasint)q->m, r->alpha, (blasint)q->width, 1, out, (blasint)q->width);
    for (size_t c = 0; c < n * q->width; c++) p[at * q->width + c] = (float)out[c];
  }
}

Ridge *ridge_choose(const RidgeProblem *q, RidgeJudge judge, void *user, float *p, GError **error) {
  static const double grid[] = {1e-4, 1e-3, 1e-2, 1e-1, 1, 10};
  g_autofree float *trial = g_new(float, q->n * q->width + 1);
  g_autoptr(Ridge) best = NULL;
  double top = -INFINITY;
  for (size_t l = 0; l < G_N_ELEMENTS(grid); l++) {
    g_autoptr(Ridge) r = ridge_solve(q, grid[l], NULL);
    if (!r) continue;
    ridge_predict(q, r, trial);
    double score = judge(user, trial);
    if (best && !(score > top)) continue;
    top = score;
    ridge_free(best);
    best = g_steal_pointer(&r);
    memcpy(p, trial, q->n * q->width * sizeof *p);
  }
  if (!best) return ridge_solve(q, grid[G_N_ELEMENTS(grid) - 1], error);
  return g_steal_pointer(&best);
}
