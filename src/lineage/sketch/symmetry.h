/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a model's matrices when its neurons are permuted, its layers stand in another order, or a layer was
 * widened by neurons that are there already.
 *
 * A permutation of the rows of W leaves W'W as it is, one of the columns WW'. In a network whose layers add to one
 * stream, each matrix reads from the stream or writes to it, so that one of the two products lives in the stream's own
 * coordinates, which neurons and heads inside a layer have no part in. Of the products of all matrices of that width
 * the sum is kept: it does not know the layers' order either. Random numbers make W'W differ from a multiple of 1 by
 * what is theirs alone; strangers' products have nothing in common there.
 *
 * Each product is seen through a count sketch of its coordinates (Charikar, Chen, Farach-Colton 2002), seeded by the
 * width alone, to SYMMETRY_BUCKETS of them: off the diagonal SYMMETRY_NUMBERS numbers, with S'1 taken off. Plain
 * networks, whose hidden neurons are permuted on both sides of every matrix, and streams that are themselves permuted
 * have nothing here that is left unchanged. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
  SYMMETRY_BUCKETS = 32,
  SYMMETRY_NUMBERS = SYMMETRY_BUCKETS * (SYMMETRY_BUCKETS - 1) / 2,
  SYMMETRY_SIDES = 4,    /* most that are kept of a model */
  SYMMETRY_MATRICES = 3, /* that a stream has at least */
};

/* All matrices that read from (columns) or write to (rows) coordinates of one width. */
typedef struct {
  uint64_t width;
  bool rows;
  uint32_t matrices;
  float product[SYMMETRY_NUMBERS]; /* of length 1 once settled */
} SymmetrySide;

/* One matrix while it is read in row-major pieces. */
typedef struct SymmetryPass SymmetryPass;

/* Of a (d_out, d_in) matrix; NULL for one with too few or too many rows or columns to tell. `seed` as sketches have it. */
SymmetryPass *symmetry_pass_new(uint64_t seed, uint64_t d_out, uint64_t d_in);
void symmetry_pass_free(SymmetryPass *pass); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SymmetryPass, symmetry_pass_free)

/* The next n numbers. */
void symmetry_pass_take(SymmetryPass *pass, const float *x, size_t n);

/* Adds what was read to `sides` (of SymmetrySide), each matrix with the same weight. */
void symmetry_pass_end(SymmetryPass *pass, GArray *sides);

/* Keeps the SYMMETRY_SIDES that most matrices have, of those that enough have, and brings them to length 1. */
void symmetry_settle(GArray *sides);

/* The mean cosine over the sides that both have of one width, of that width where it is most: the stream's, if there is
 * one; what is permuted inside layers has about 0. -1 without any. */
double symmetry_compare(const GArray *a, const GArray *b);

/* Kin by that cosine; with 496 numbers strangers' has a standard deviation of .045 for one side. */
#define SYMMETRY_THRESHOLD 0.45
