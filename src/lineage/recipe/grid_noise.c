/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/grid_noise.h"

#include <glib.h>
#include <math.h>

#include "numerics/sorted.h"

enum { RUN = 32, FEW = 16 };

/* Different numbers of a run in ascending order; what float16 makes of one level counts as one. */
static unsigned levels_of(const float *x, unsigned n, float *level) {
  static const float alike = 2e-3f;
  float sorted[RUN], most = 0;
  unsigned levels = 0;
  for (unsigned i = 0; i < n; i++) sorted[i] = x[i], most = fmaxf(most, fabsf(x[i]));
  sort_floats(sorted, n);
  for (unsigned i = 0; i < n; i++)
    if (!levels || sorted[i] - level[levels - 1] > alike * fmaxf(fabsf(sorted[i]), 0.01f * most))
      level[levels++] = sorted[i];
  return levels;
}

/* Half of the mean gap to both neighbours of the level that x is. */
static float half_beside(const float *level, unsigned levels, float x) {
  unsigned at = 0;
  while (at + 1 < levels && fabsf(level[at + 1] - x) < fabsf(level[at] - x)) at++;
  float below = at > 0 ? level[at] - level[at - 1] : 0, above = at + 1 < levels ? level[at + 1] - level[at] : 0;
  if (below == 0 || above == 0) return (below + above) / 2;
  return (below + above) / 4;
}

static double take_run(const float *x, unsigned n, float *half) {
  float level[RUN], narrowest = INFINITY;
  unsigned levels = levels_of(x, n, level);
  double sum = 0;
  for (unsigned i = 1; i < levels; i++) narrowest = fminf(narrowest, level[i] - level[i - 1]);
  for (unsigned i = 0; i < n; i++) {
    half[i] = levels < 2 ? 0 : levels > FEW ? narrowest / 2 : half_beside(level, levels, x[i]);
    sum += (double)half[i] * half[i] / 3;
  }
  return sum;
}

double grid_noise(const float *x, size_t n, size_t columns, float *half) {
  double sum = 0;
  for (size_t row = 0; row < n; row += columns)
    for (size_t at = 0; at < columns && row + at < n; at += RUN) {
      size_t left = MIN(MIN((size_t)RUN, columns - at), n - row - at);
      sum += take_run(x + row + at, (unsigned)left, half + row + at);
    }
  return sum;
}
