/* SPDX-License-Identifier: Apache-2.0 */
/* One layer as a sum of the same layer of several models, with free weights, told from products alone: those of the
 * numbers themselves, or of their sketches, which are linear. Pure functions, for any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPAN_MOST = 12 };

/* Products of all differences to the first of the others, and with that one itself: kin are near each other, and
 * products of whole layers would lose their differences. */
typedef struct {
  unsigned n;
  double between[SPAN_MOST][SPAN_MOST]; /* <x_i - x_0, x_k - x_0> */
  double with_first[SPAN_MOST];         /* <x_i - x_0, x_0> */
  double child[SPAN_MOST];              /* <c - x_0, x_i - x_0> */
  double child_first, child2, first2;   /* <c - x_0, x_0>, |c - x_0|^2, |x_0|^2 */
} SpanGram;

/* Of n <= SPAN_MOST others, `count` numbers each. */
void span_gram_take(SpanGram *gram, const float *child, const float *const *others, unsigned n, size_t count);

typedef struct {
  double weight[SPAN_MOST]; /* 0 of those that are not used */
  double rest2;             /* |c - sum of weight x|^2 */
  double nearest2;          /* squared distance to the nearest of those used */
} SpanFit;

/* Least squares on those whose bit is set in `used`. The weights add up to 1 unless `free_sum`. Of others that follow
 * from each other, the later get no weight. */
SpanFit span_fit(const SpanGram *gram, uint32_t used, bool free_sum);

/* |c - x_i|^2, |x_i - x_k|^2, and the cosine of x_i - x_o and x_k - x_o. */
double span_child_distance2(const SpanGram *gram, unsigned i);
double span_cosine(const SpanGram *gram, unsigned o, unsigned i, unsigned k);
