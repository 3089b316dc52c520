/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in ascending order, and the one a share of the way through. NANs have no place among them. */
#pragma once

#include <stddef.h>

void sort_doubles(double *x, size_t n);
void sort_floats(float *x, size_t n);

/* The share of x (n), ascending, that is below `bar`. */
double share_below(const double *x, size_t n, double bar);

/* Sorts x; the number nearest to `share` (0 to 1) of the way through, 0 of none. */
double quantile(double *x, size_t n, double share);
