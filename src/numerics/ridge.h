/* SPDX-License-Identifier: Apache-2.0 */
/* Ridge regression in its dual form: the linear expert on vec(X) of n models, whatever the size of
 * X, from their Gram matrix alone.
 *
 *   alpha = (K_tt + lambda I)^-1 (Y - mean)     t: training models
 *   P     = K_*t alpha + mean                   for every model */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
  const float *k; /* (n, n): the Gram matrix of all models */
  size_t n;
  const size_t *train; /* (m): training models */
  size_t m;
  const float *y; /* (m, width): their targets */
  size_t width;
} RidgeProblem;

typedef struct {
  double *alpha; /* (m, width) */
  double *mean;  /* (width): of y */
  double lambda;
} Ridge;

/* Solves for one lambda, relative to the mean diagonal of K_tt. NULL when the system cannot be
 * factored. */
Ridge *ridge_solve(const RidgeProblem *problem, double lambda, GError **error);
void ridge_free(Ridge *ridge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ridge, ridge_free)

/* P (n, width) for all models. */
void ridge_predict(const RidgeProblem *problem, const Ridge *ridge, float *p);

/* Solves for each lambda of a fixed grid and keeps the one that judge() scores highest, given the
 * predictions (n, width) of all models. `p` gets the best one's predictions. */
typedef double (*RidgeJudge)(void *user, const float *p);
Ridge *ridge_choose(const RidgeProblem *problem, RidgeJudge judge, void *user, float *p, GError **error);
