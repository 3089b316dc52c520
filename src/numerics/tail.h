/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers at fixed random places of a long array, and how far two arrays lie apart at their farthest: the mean of the
 * largest differences. Where many models move the same way a little, each one's own way shows in the few numbers
 * that it moved most. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Most places that are looked at. */
enum { TAIL_PLACES = 1024 };

/* How many numbers are kept of an array of `count` where `most` may be: all of a short one. */
size_t tail_width(uint64_t count, size_t most);

/* A walk over the places of one array in ascending order. */
typedef struct {
  uint64_t place[TAIL_PLACES];
  uint16_t slot[TAIL_PLACES];
  size_t n, at;
} TailWalk;

/* The first `width` places of an array of `count` numbers: the same for the same seed, and the first of those that a
 * larger width has. */
void tail_walk_init(TailWalk *walk, uint64_t seed, uint64_t count, size_t width);

/* Keeps in out[width] what lies at the walk's places among x[0..n), which are the numbers from `first` on.
 * Pieces come in order. */
void tail_walk_take(TailWalk *walk, const float *x, uint64_t first, size_t n, float *out);

/* The mean of the largest |a - b|, of n kept numbers of arrays of `count`: the largest hundredth of arrays kept whole,
 * three hundredths of a sample, one at least. `longer` is |b| / |a|, finite and > 0: both are brought to the norm between
 * theirs first, since what shrinks by weight decay moves its large numbers most. 1 leaves them. NANs count as 0. */
double tail_distance(const float *a, const float *b, size_t n, uint64_t count, double longer);
