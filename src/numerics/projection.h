/* SPDX-License-Identifier: Apache-2.0 */
/* A seeded linear map S of a tensor to 256 numbers: a sparse Johnson-Lindenstrauss transform in
 * which every element, with a random sign, is added to one random bucket (a count sketch).
 *
 * Because S is linear, S(a) - S(b) = S(a - b): the distance of two siblings that differ by a
 * thousandth is measured as well as that of two strangers. With independent signs and buckets
 *
 *   E |S x|^2 = |x|^2           Var |S x|^2 <= 2/256 |x|^4      relative error sqrt(2/256) = 8.8 %
 *   E <S x, S y> = <x, y>       Var <S x, S y> <= (|x|^2 |y|^2 + <x, y>^2) / 256
 *
 * for one tensor; over the L tensors of a model, whose seeds differ, the errors average out by
 * about sqrt(L). Small tensors, of which models with few numbers are made, are projected in up to four
 * pieces of 256 buckets each, which halves the error. Tensors of at most 256 elements are kept exactly. Sums are float32 within a run
 * and double across runs: differences below about 1e-6 of the norm drown in rounding.
 *
 * Elements are counted in row-major order. 256 neighbours (a tile) never share a bucket: a tile is
 * turned by a random offset, so that elements of two tiles collide with probability 1/256. The
 * 32 tiles of a run draw the 32 bits of 256 random words as their signs. A low-rank layer can be
 * projected with the same map by feeding the rows of B·A in order. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/text.h"

enum {
  PROJECTION_BUCKETS = 256,
  PROJECTION_TILES = 32,
  PROJECTION_RUN = 256 * 32,
  PROJECTION_PIECES = 4,     /* of a small tensor */
  PROJECTION_SMALL = 1 << 15 /* elements at most */
};

typedef struct {
  uint64_t seed;
  uint64_t runs; /* taken so far */
  double total[PROJECTION_BUCKETS];
} Projection;

/* The seed of a tensor: of what it is called and how it is shaped, and of nothing else, so that
 * any two models compare. `role` keeps the weight and the bias of one layer apart. */
uint64_t projection_seed(uint64_t seed, const SafeText *name, int role, uint64_t d_out, uint64_t d_in);

void projection_init(Projection *p, uint64_t seed);

/* Takes the next run of elements: PROJECTION_RUN of them, fewer only at the tensor's end. */
void projection_add(Projection *p, const float *x, size_t n);

/* The result; the same whatever the blocks in which the tensor was read. */
void projection_end(const Projection *p, float out[PROJECTION_BUCKETS]);

/* Numbers that the projection of a whole tensor has: a multiple of PROJECTION_BUCKETS, more than
 * one of them for a small tensor. */
size_t projection_width(uint64_t count);

/* The projection of a small tensor, which is at hand as a whole: out has projection_width(n). */
void projection_small(uint64_t seed, const float *x, size_t n, float *out);

/* S(1) of a tensor of `count` ones, projection_width(count) numbers. S(x - mean) = S(x) - mean S(1)
 * is the centred projection. */
void projection_of_ones(uint64_t seed, uint64_t count, float *out);

/* <a, b> and |a - b|^2 of two results of `width` numbers. */
void projection_compare(const float *a, const float *b, size_t width, double *product, double *distance2);

/* Their product alone. */
double projection_product(const float *a, const float *b, size_t width);
