/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/quant_levels.h"

#include <math.h>

enum { LEAST = 256, GROUP = 32 };

static const double tolerance = 0.06;

static float largest(const float *x, size_t n) {
  float most = 0;
  for (size_t i = 0; i < n; i++) most = fmaxf(most, fabsf(x[i]));
  return most;
}

/* Sum of squared distances to the nearest multiple of `step`, in steps. */
static double misfit(const float *x, size_t n, float step) {
  double sum = 0;
  if (!(step > 0)) return 0;
  for (size_t i = 0; i < n; i++) {
    double at = (double)x[i] / (double)step, off = at - nearbyint(at);
    sum += off * off;
  }
  return sum;
}

/* Groups of `width` numbers, each with levels of its own; most > 0: all with the same. */
static bool fits(const float *x, size_t n, size_t width, float levels, float most) {
  double sum = 0;
  size_t used = 0;
  if (width == 0) return false;
  for (; used + width <= n; used += width, x += width)
    sum += misfit(x, width, (most > 0 ? most : largest(x, width)) / levels);
  return used >= LEAST && sum <= tolerance * tolerance * (double)used;
}

bool quant_levels_fit(const float *x, size_t n, size_t columns, float most) {
  /* Nothing but a few values, all zero for instance, lies on any levels. */
  if (n < LEAST || !(most > 0) || largest(x, n) == 0) return false;
  return fits(x, n, columns, 127, 0) || fits(x, n, GROUP, 127, most) || fits(x, n, GROUP, 127, 0) ||
         fits(x, n, GROUP, 8, 0) || fits(x, n, GROUP, 7, 0);
}
