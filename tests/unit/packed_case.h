/* SPDX-License-Identifier: Apache-2.0 */
/* Codes and scales that a packed matrix is made of, and the numbers that it must then be read as. */
#pragma once

#include "numerics/rng.h"
#include "tests/unit/raw_tensors.h"

enum { OUT = 32, IN = 64, PACKED_MOST = 4 * OUT * 2 * IN };

/* What is drawn for one matrix. */
typedef struct {
  Rng rng;
  unsigned q[PACKED_MOST];
  float want[PACKED_MOST];
} PackedCase;

/* To be freed with g_free(). */
PackedCase *packed_case_new(uint64_t seed);

/* Draws the first n codes of `bits` bits. */
void packed_draw(PackedCase *c, unsigned bits, size_t n);

/* A scale that half precision holds exactly. */
float packed_draw_scale(PackedCase *c);

uint16_t packed_half(float x);

/* Sets `bits` bits of a stream that begins at bit `at`, one by one. */
void packed_put_bits(uint32_t *words, size_t at, unsigned bits, unsigned code);

/* Adds a matrix as F16. */
void packed_add_halves(RawTensors *t, const char *name, const float *x, int rows, int columns);

/* The matrix is one tensor of that type and shape (ended by -1), and its numbers are c->want, read whole and in odd
 * pieces. */
void packed_assert(WeightFile *f, const char *name, Dtype dtype, const int *shape, const PackedCase *c);
