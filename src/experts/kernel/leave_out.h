/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel ridge regression with an intercept, and its exact errors on what was left out, from one fit.
 *
 *   M = (K + l I)^-1    u = M 1    t = 1'u    b = u'Y / t    a = M (Y - 1 b)    H = M - u u' / t
 *   prediction at x:            k(x)' a + b
 *   left-out model i:           y_i - a_i / H_ii
 *   left-out group g:           Y_g - (H_gg)^-1 a_g       (a class, copies, the checkpoints of a run)
 *
 * Without the term in u the formula leaks: with a centred kernel and centred targets the row left out is minus the sum
 * of the others, and pure noise is read back. One decomposition K = Q D Q' serves every l. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
  size_t n, rank; /* rank: eigenvectors that are held; of all others the value is 0 */
  double *q;      /* (rank, n): row k is the eigenvector of values[k] */
  double *values; /* (rank), ascending; those below 0 by rounding are 0 */
  double *ones;   /* (rank): Q'1 */
  double *rest;   /* (n): 1 - Q Q'1, what of 1 no eigenvector holds; NULL: rank is n */
  float *single;  /* (rank, n): q for the large products of many models, for which it suffices; NULL: few models */
} KernelEigen;

/* Decomposes K (n, n), symmetric. COPSE_ERROR_STATE when the solver gives up, COPSE_ERROR_IO without memory. */
KernelEigen *kernel_eigen_new(const float *k, size_t n, GError **error);

/* The same of K = F F' for features f (n, m), m below n, without K: from the m x m products. */
KernelEigen *kernel_eigen_of_features(const float *f, size_t n, size_t m, GError **error);
void kernel_eigen_free(KernelEigen *eigen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelEigen, kernel_eigen_free)

/* Targets turned into the eigenvectors' coordinates once: (rank, width) from y (n, width), and when rank is below n, what
 * of y no eigenvector holds, (n, width), behind them. Free with g_free. */
double *kernel_eigen_turn(const KernelEigen *eigen, const float *y, size_t width);

typedef struct {
  size_t n, width;
  double lambda, t;
  double *a; /* (n, width) */
  double *b; /* (width) */
  double *u; /* (n) */
  double *m; /* (n): the diagonal of M */
} KernelFit;

/* The fit at one lambda; `turned` is what kernel_eigen_turn() gave. */
KernelFit *kernel_fit_new(const KernelEigen *eigen, const double *turned, size_t width, double lambda);
void kernel_fit_free(KernelFit *fit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelFit, kernel_fit_free)

/* out (n, width): the prediction for each model by the others. y as the fit had it. */
void kernel_fit_leave_one_out(const KernelFit *fit, const float *y, float *out);

/* The same for groups: group[i] in [0, groups) is left out as one. False with COPSE_ERROR_STATE when a group's system
 * cannot be solved (a group that is everything has nothing to predict from; its rows are the intercept). */
bool kernel_fit_leave_group_out(const KernelEigen *eigen, const KernelFit *fit, const float *y, const size_t *group,
                                size_t groups, float *out, GError **error);
