/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/evidence.h"

#include <math.h>

double evidence_sum(const double *weights, const double *x, unsigned n) {
  double sum = 0;
  for (unsigned i = 0; i < n; i++) sum += weights[i] * x[i];
  return sum;
}

double evidence_probability(const double *weights, const double *x, unsigned n) {
  return 1 / (1 + exp(-evidence_sum(weights, x, n)));
}
