/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/moments.h"

#include <math.h>
#include <string.h>

#include "numerics/simd.h"

/* Float sums of 1,024 numbers in 32 lanes: 32 additions a lane keep the rounding error at 1e-6 of a
 * piece, and it averages out over the pieces, which are added up in double. So many lanes are more than
 * one vector: the additions of one need not wait for those of another. */
enum { PIECE = MOMENTS_PIECE, LANES = 32 };

void moments_init(Moments *m) { *m = (Moments){.min = INFINITY, .max = -INFINITY}; }

/* Sums of a piece's powers, by lane. */
typedef struct {
  float s1[LANES], s2[LANES], s3[LANES], s4[LANES], low[LANES], high[LANES];
} Lanes;

VECTOR_LOOP static void add_piece(Lanes *restrict t, const float *restrict x) {
  Lanes s = *t;
  for (int i = 0; i < PIECE; i += LANES)
    for (int l = 0; l < LANES; l++) {
      float v = x[i + l], q = v * v;
      s.s1[l] += v;
      s.s2[l] += q;
      s.s3[l] += q * v;
      s.s4[l] += q * q;
      s.low[l] = v < s.low[l] ? v : s.low[l];
      s.high[l] = v > s.high[l] ? v : s.high[l];
    }
  *t = s;
}

VECTOR_LOOP static double sum_of(const float *x) {
  double lanes[8] = {0}, sum = 0;
  for (int i = 0; i < LANES; i += 8)
    for (int l = 0; l < 8; l++) lanes[l] += (double)x[i + l];
  for (int l = 0; l < 8; l++) sum += lanes[l];
  return sum;
}

static void add_powers(Moments *m, const float *x) {
  Lanes t = {0};
  for (int l = 0; l < LANES; l++) t.low[l] = m->min, t.high[l] = m->max;
  add_piece(&t, x);
  m->sum += sum_of(t.s1);
  m->sum2 += sum_of(t.s2);
  m->sum3 += sum_of(t.s3);
  m->sum4 += sum_of(t.s4);
  for (int l = 0; l < LANES; l++) {
    if (t.low[l] < m->min) m->min = t.low[l];
    if (t.high[l] > m->max) m->max = t.high[l];
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
  for (; n >= PIECE; x += PIECE, n -= PIECE) add_powers(m, x);
  add_slowly(m, x, n);
}

double moments_mean(const Moments *m) { return m->count ? m->sum / (double)m->count : 0; }

double moments_centred2(const Moments *m) { return fmax(0, m->sum2 - m->sum * moments_mean(m)); }

double moments_kurtosis(const Moments *m) {
  double n = (double)m->count, mean = moments_mean(m), var = moments_centred2(m) / n;
  if (!(var > 1e-12 * m->sum2 / n)) return 0;
  double fourth = m->sum4 / n - 4 * mean * m->sum3 / n + 6 * mean * mean * m->sum2 / n - 3 * mean * mean * mean * mean;
  return fourth / (var * var) - 3;
}

bool moments_are_finite(const Moments *m) {
  return isfinite(m->sum) && isfinite(m->sum2) && isfinite(m->sum3) && isfinite(m->sum4);
}
