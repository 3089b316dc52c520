/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest of a million vectors without reading a million vectors: each is kept as 8-bit codes beside the floats, a
 * quarter of their size, and what the codes leave out is bounded. A row u of length 1 is s c + r with codes c and a rest
 * r; the query likewise t Q + p. Then
 *
 *   u.q = s t (c.Q) + s c.p + r.q,   |u.q - s t (c.Q)| <= |s c| |p| + |r|
 *
 * by Cauchy-Schwarz, since |q| = 1. Rows whose upper bound is below the k-th best lower bound cannot be among the k best;
 * the others are compared by their floats. The answer is that of comparing all: proven, not hoped for. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct CoarseRows CoarseRows;

/* Codes of `rows` (n, d), which must stay as they are: cosines are compared, so that lengths do not matter; a row of
 * zeros has cosine 0 with all. NULL with an error when there is no memory. Reads the floats once. */
CoarseRows *coarse_rows_new(const float *rows, size_t n, size_t d, unsigned threads, GError **error);
void coarse_rows_free(CoarseRows *coarse);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CoarseRows, coarse_rows_free)

typedef struct {
  size_t row;
  double score; /* cosine, by the floats */
} CoarseBest;

/* The k rows nearest to the query (d) by cosine, best first, of equal ones the first: best[0..returned), at most n.
 * `compared`, unless NULL, gets how many rows were compared by their floats. Any thread. */
size_t coarse_rows_best(const CoarseRows *coarse, const float *query, size_t k, unsigned threads, CoarseBest *best,
                        size_t *compared);
