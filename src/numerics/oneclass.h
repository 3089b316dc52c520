/* SPDX-License-Identifier: Apache-2.0 */
/* Does a representation belong to a class, judged by the class's own members alone? */
#pragma once

#include <stddef.h>

/* Distance of x (d) to the members (m, d): mean Euclidean distance to the k nearest. */
double oneclass_knn(const float *members, size_t m, size_t d, const float *x, size_t k);

/* Squared Mahalanobis distances of points (n, d) under the members' mean and the covariance of
 * Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices":
 * (1 - rho) S + rho mu I with rho estimated from the members. Never forms d x d: solved through
 * the m x m Gram matrix (Woodbury). out (n). */
void oneclass_ledoit_wolf(const float *members, size_t m, size_t d, const float *points, size_t n, double *out);

/* Area under the ROC curve: the chance that a positive scores below a negative (distances), ties
 * half. NAN when either kind is missing. */
double oneclass_auc(const double *distances, const unsigned char *positive, size_t n);
