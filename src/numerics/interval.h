/* SPDX-License-Identifier: Apache-2.0 */
/* Intervals of means over models that need not be independent: models of one label are alike, and few labels say little
 * about others however many models they have. `group` (n, any numbers; NULL: each model its own) tells who belongs
 * together; the spread is measured between groups, with G of them
 *
 *   var = G/(G - 1) sum over groups (sum over its models (x - mean))² / n²
 *
 * and Student's t of G - 1 degrees takes the place of the normal's 1.96. */
#pragma once

#include <stddef.h>

/* 95 % interval of the mean of shares x (n) in [0, 1] after Korn and Graubard (1998, Survey Methodology 24): Clopper and
 * Pearson's for mean (1 - mean) / var · (1.96 / t)² independent models. When all x are 0, or all 1, each group counts once.
 * 0 .. 1 for a single group; NAN when n is 0. */
void interval_of_share(const double *x, const size_t *group, size_t n, double *low, double *high);

/* 95 % interval of the mean of any x (n), a difference for one: mean ± t sqrt(var). Infinite for a single group, NAN when
 * n is 0. */
void interval_of_mean(const double *x, const size_t *group, size_t n, double *low, double *high);

/* x at which the beta distribution of a and b (above 0) has p below it. */
double interval_beta_quantile(double p, double a, double b);

/* 97.5 % quantile of Student's t with that many degrees of freedom (at least 1). */
double interval_student_t(double degrees);
