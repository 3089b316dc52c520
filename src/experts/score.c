/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/score.h"

#include <math.h>

void score_wilson(double hits, double n, double *low, double *high) {
  const double z = 1.959964;
  if (n <= 0) {
    *low = *high = NAN;
    return;
  }
  double p = hits / n, z2 = z * z / n;
  double middle = (p + z2 / 2) / (1 + z2);
  double half = z / (1 + z2) * sqrt(p * (1 - p) / n + z2 / (4 * n));
  *low = fmax(0, middle - half);
  *high = fmin(1, middle + half);
}

Score score_none(void) {
  return (Score){.top1 = NAN, .top5 = NAN, .chance = NAN, .low = NAN, .high = NAN};
}

Score score_from_ranks(const size_t *ranks, size_t n, size_t classes) {
  Score s = score_none();
  if (n == 0 || classes == 0) return s;
  size_t first = 0, five = 0;
  for (size_t i = 0; i < n; i++) {
    first += ranks[i] == 0;
    five += ranks[i] < 5;
  }
  s.n = (unsigned)n;
  s.classes = (unsigned)classes;
  s.chance = 1.0 / (double)classes;
  s.top1 = (double)first / (double)n;
  s.top5 = (double)five / (double)n;
  score_wilson((double)first, (double)n, &s.low, &s.high);
  return s;
}

size_t score_rank(const float *scores, size_t n, size_t right) {
  size_t above = 0;
  for (size_t j = 0; j < n; j++)
    above += scores[j] > scores[right] || (scores[j] == scores[right] && j < right);
  return above;
}
