/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/sorted.h"

#include <stdlib.h>

static int by_double(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int by_float(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

void sort_doubles(double *x, size_t n) { qsort(x, n, sizeof *x, by_double); }

void sort_floats(float *x, size_t n) { qsort(x, n, sizeof *x, by_float); }

double quantile(double *x, size_t n, double share) {
  sort_doubles(x, n);
  return n ? x[(size_t)(share * (double)(n - 1) + 0.5)] : 0;
}

double share_below(const double *x, size_t n, double bar) {
  size_t below = 0;
  while (below < n && x[below] < bar) below++;
  return (double)below / (double)n;
}
