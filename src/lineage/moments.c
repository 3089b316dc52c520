/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/moments.h"

#include <math.h>
#include <string.h>

#include "core/simd.h"

/* Float sums of 256 numbers in eight lanes (one vector): 32 additions a lane keep the rounding error
 * at 1e-6 of a piece, and it averages out over the pieces, which are added up in double. */
enum { PIECE = 256, LANES = 8, RANGE_LANES = 16 };

void moments_init(Moments *m) { *m = (Moments){.min = INFINITY, .max = -INFINITY}; }

VECTOR_LOOP static void add_powers(Moments *m, const float *restrict x) {
  float s1[LANES] = {0}, s2[LANES] = {0}, s3[LANES] = {0}, s4[LANES] = {0};
  for (int i = 0; i < PIECE; i += LANES)
    for (int l = 0; l < LANES; l++) {
      float v = x[i + l], q = v * v;
      s1[l] += v;
      s2[l] += q;
      s3[l] += q * v;
      s4[l] += q * q;
    }
  for (int l = 0; l < LANES; l++) {
    m->sum += (double)s1[l];
    m->sum2 += (double)s2[l];
    m->sum3 += (double)s3[l];
    m->sum4 += (double)s4[l];
  }
}

VECTOR_LOOP static void add_range(Moments *m, const float *restrict x) {
  float low[RANGE_LANES], high[RANGE_LANES];
  for (int l = 0; l < RANGE_LANES; l++) low[l] = m->min, high[l] = m->max;
  for (int i = 0; i < PIECE; i += RANGE_LANES)
    for (int l = 0; l < RANGE_LANES; l++) {
      low[l] = x[i + l] < low[l] ? x[i + l] : low[l];
      high[l] = x[i + l] > high[l] ? x[i + l] : high[l];
    }
  for (int l = 0; l < RANGE_LANES; l++) {
    if (low[l] < m->min) m->min = low[l];
    if (high[l] > m->max) m->max = high[l];
  }
}

/* The end of the stream, one number at a time. */
static void add_slowly(Moments *m, const float *x, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double v = (double)x[i];
    m->sum += v;
    m->sum2 += v * v;
    m->sum3 += v * v * v;
    m->sum4 += v * v * v * v;
    if (x[i] < m->min) m->min = x[i];
    if (x[i] > m->max) m->max = x[i];
  }
}

void moments_add(Moments *m, const float *x, size_t n) {
  m->count += n;
  for (; n >= PIECE; x += PIECE, n -= PIECE) {
    add_powers(m, x);
    add_range(m, x);
  }
  add_slowly(m, x, n);
}

double moments_mean(const Moments *m) { return m->count ? m->sum / (double)m->count : 0; }

double moments_centred2(const Moments *m) {
  return fmax(0, m->sum2 - m->sum * moments_mean(m));
}

double moments_kurtosis(const Moments *m) {
  double n = (double)m->count, mean = moments_mean(m), var = moments_centred2(m) / n;
  if (!(var > 1e-12 * m->sum2 / n)) return 0;
  double fourth = m->sum4 / n - 4 * mean * m->sum3 / n + 6 * mean * mean * m->sum2 / n -
                  3 * mean * mean * mean * mean;
  return fourth / (var * var) - 3;
}

bool moments_are_finite(const Moments *m) {
  return isfinite(m->sum) && isfinite(m->sum2) && isfinite(m->sum3) && isfinite(m->sum4);
}
