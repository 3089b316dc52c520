/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/quant_levels.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LEAST = 256, GROUP = 32 };

static const double tolerance = 0.06;

static float largest(const float *x, size_t n) {
  float most = 0;
  for (size_t i = 0; i < n; i++) most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
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

/* Groups of `width` numbers, each with levels of its own; most > 0: all with the same. Numbers that know nothing of
 * the levels show it soon. */
static bool fits(const float *x, size_t n, size_t width, float levels, float most) {
  static const double hopeless = 4;
  double sum = 0;
  size_t used = 0;
  if (width == 0) return false;
  for (; used + width <= n; used += width, x += width) {
    sum += misfit(x, width, (most > 0 ? most : largest(x, width)) / levels);
    if (used >= LEAST && sum > hopeless * tolerance * tolerance * (double)(used + width)) return false;
  }
  return used >= LEAST && sum <= tolerance * tolerance * (double)used;
}

/* The same of levels that divide each group's span, from the least number on: bytes with a zero point. */
static bool fits_span(const float *x, size_t n, size_t width, float levels) {
  double sum = 0;
  size_t used = 0;
  if (width == 0) return false;
  for (; used + width <= n; used += width, x += width) {
    float least = x[0], most = x[0];
    for (size_t i = 1; i < width; i++) least = fminf(least, x[i]), most = fmaxf(most, x[i]);
    double step = ((double)most - (double)least) / (double)levels;
    for (size_t i = 0; step > 0 && i < width; i++) {
      double at = ((double)x[i] - (double)least) / step, off = at - nearbyint(at);
      sum += off * off;
    }
    if (used >= LEAST && sum > 4 * tolerance * tolerance * (double)(used + width)) return false;
  }
  return used >= LEAST && sum <= tolerance * tolerance * (double)used;
}

/* How many different numbers but 0 are among n (at most 1,024), a few less when their hashes collide. */
static size_t count_different(const float *x, size_t n, size_t *zeros) {
  enum { BITS = 1 << 16 };
  uint64_t seen[BITS / 64];
  size_t span = n * 64 < BITS ? n * 64 : BITS, different = 0;
  memset(seen, 0, span / 8);
  *zeros = 0;
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, &x[i], sizeof bits);
    if (x[i] == 0) {
      ++*zeros;
      continue;
    }
    uint64_t at = (bits * UINT64_C(0x9e3779b97f4a7c15) >> 40) % span, bit = UINT64_C(1) << (at % 64);
    different += !(seen[at / 64] & bit);
    seen[at / 64] |= bit;
  }
  return different;
}

/* Nearly every window of `width` (a multiple of 32) holds few different numbers; zeros do not count, for what was
 * pruned has those. */
static bool is_coarse(const float *x, size_t n, size_t width, double share) {
  static const double most_strays = 0.05;
  size_t windows = n / width, strays = 0, used = 0;
  double allowed = most_strays * (double)windows;
  for (size_t i = 0; i < windows; i++, x += width) {
    size_t zeros, different = count_different(x, width, &zeros), rest = width - zeros;
    if (rest < width / 4) continue;
    used++;
    strays += (double)different > share * (double)rest + 1;
    if ((double)strays > allowed) return false;
  }
  return used > 0 && used * width >= LEAST;
}

/* Whatever the levels are: 4 bits in groups of 32 or more; 5 and 6 bits, and bytes with an exponent, in groups of 128;
 * bytes in groups of 1,024. BF16 of the width 128 has some 118 different numbers, of 1,024 more than 500. */
static bool has_few_levels(const float *x, size_t n) {
  return is_coarse(x, n, 32, 0.52) || is_coarse(x, n, 128, 0.55) || is_coarse(x, n, 1024, 0.25);
}

bool quant_levels_fit(const float *x, size_t n, size_t columns, float most) {
  /* Nothing but a few values, all zero for instance, lies on any levels. */
  if (n < LEAST || !(most > 0) || largest(x, n) == 0) return false;
  return fits(x, n, columns, 127, 0) || fits(x, n, GROUP, 127, most) || fits(x, n, GROUP, 127, 0) ||
         fits(x, n, 64, 127, 0) || fits(x, n, 128, 127, 0) || fits(x, n, GROUP, 8, 0) || fits(x, n, GROUP, 7, 0) ||
         fits_span(x, n, columns, 255) || fits_span(x, n, GROUP, 255) || fits_span(x, n, 128, 255) ||
         has_few_levels(x, n);
}
