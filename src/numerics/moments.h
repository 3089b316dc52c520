/* SPDX-License-Identifier: Apache-2.0 */
/* Simple statistics of a stream of numbers, without storing it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint64_t count;
  double sum, sum2, sum3, sum4; /* of the powers */
  float min, max;               /* of no numbers: +inf, -inf */
} Moments;

void moments_init(Moments *m);

enum { MOMENTS_PIECE = 1024 };

/* Adds n numbers. Pieces that are multiples of MOMENTS_PIECE long (the last one excepted) give the same
 * bits wherever the stream is cut. */
void moments_add(Moments *m, const float *x, size_t n);

double moments_mean(const Moments *m);

/* Sum of (x - mean)^2; never negative. */
double moments_centred2(const Moments *m);

/* Fourth standardised moment less 3 (Fisher); 0 for constant streams. */
double moments_kurtosis(const Moments *m);

/* False when a NaN or an infinity went by, or the powers overflowed. */
bool moments_are_finite(const Moments *m);
