/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/ratio_peak.h"

#include <glib.h>
#include <math.h>

#include "numerics/simd.h"

enum { BINS = 400, LEAST_COUNT = 8 };
static const double widest = 4;

Ratios ratios_new(size_t most) {
  double *all = g_new(double, 3 * most);
  return (Ratios){all, all + most, all + 2 * most, 0};
}

void ratios_clear(Ratios *r) { g_free(r->from); }

void ratios_add(Ratios *r, double from, double to, double off) {
  r->from[r->n] = from, r->to[r->n] = to, r->off[r->n++] = off;
}

VECTOR_LOOP static double sum_of_squares(const double *x, size_t n) {
  double lanes[8] = {0}, sum = 0;
  size_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int l = 0; l < 8; l++) lanes[l] += x[i + (size_t)l] * x[i + (size_t)l];
  for (; i < n; i++) sum += x[i] * x[i];
  for (int l = 0; l < 8; l++) sum += lanes[l];
  return sum;
}

/* `off` becomes to / from; so does `to`, or what lies beyond all bins where it may be rounding alone. */
VECTOR_LOOP static void divide(const double *restrict from, double *restrict to, double *restrict off, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double ratio = to[i] / from[i], size = to[i] < 0 ? -to[i] : to[i];
    to[i] = size > off[i] ? ratio : 2 * widest;
    off[i] = ratio;
  }
}

/* Leaves those numbers of x in front, in their order, whose `size` is not below `least`; how many. */
static size_t keep_large(double *x, const double *size, double least, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    double ratio = x[i];
    x[kept] = ratio;
    kept += !(fabs(size[i]) < least);
  }
  return kept;
}

static size_t keep_near(double *x, double centre, double width, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    double ratio = x[i];
    x[kept] = ratio;
    kept += fabs(ratio - centre) <= width;
  }
  return kept;
}

/* Mean of those within `width` of the centre; *count gets how many there are. */
static double mean_near(const double *x, size_t n, double centre, double width, size_t *count) {
  double sum = 0;
  *count = 0;
  for (size_t i = 0; i < n; i++)
    if (fabs(x[i] - centre) <= width) sum += x[i], ++*count;
  return *count ? sum / (double)*count : centre;
}

/* The peak's place to within rounding: ever narrower windows, until they cut into the peak itself. Each is a third as
 * wide as the one before and has its centre there, so that what lies farther than three widths is in none. */
static double narrow(double *x, size_t n, double centre) {
  static const double first = 0.03;
  double width = first, next;
  n = keep_near(x, centre, 3 * first, n);
  size_t before, count;
  next = mean_near(x, n, centre, width, &before);
  for (; width > 1e-7; width /= 3, centre = next, before = count) {
    next = mean_near(x, n, centre, width, &count);
    if (count < LEAST_COUNT || 2 * count < before) break;
  }
  return centre;
}

/* Rough place of the peak; NAN when it is none. */
static double highest_bin(const double *x, size_t n) {
  double sums[BINS] = {0};
  unsigned counts[BINS] = {0};
  for (size_t i = 0; i < n; i++) {
    if (!(fabs(x[i]) < widest)) continue;
    int bin = CLAMP((int)((x[i] + widest) * BINS / (2 * widest)), 0, BINS - 1);
    counts[bin]++, sums[bin] += x[i];
  }
  int best = 1;
  for (int k = 1; k < BINS - 1; k++)
    if (counts[k - 1] + counts[k] + counts[k + 1] > counts[best - 1] + counts[best] + counts[best + 1]) best = k;
  unsigned count = counts[best - 1] + counts[best] + counts[best + 1];
  return count >= LEAST_COUNT ? (sums[best - 1] + sums[best] + sums[best + 1]) / count : NAN;
}

double ratios_peak(Ratios *r) {
  double least = r->n ? 0.7 * sqrt(sum_of_squares(r->from, r->n) / (double)r->n) : 0;
  divide(r->from, r->to, r->off, r->n);
  size_t kept = keep_large(r->to, r->from, least, r->n);
  keep_large(r->off, r->from, least, r->n);
  double place = highest_bin(r->to, kept);
  return isnan(place) ? NAN : narrow(r->off, kept, place);
}
