/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbours and maps of representations. */
#pragma once

#include "experts/representation.h"

typedef struct {
  size_t row;   /* in the representations */
  double score; /* cosine */
} Nearest;

/* The models nearest to row `row`, itself left out, best first: Nearest, at most `limit` (0: all).
 * Free with g_array_unref. */
GArray *nearest_to(const Representations *r, size_t row, size_t limit);

/* Row of a model by its path, or -1. */
gssize nearest_row(const Representations *r, const Model *model);

/* Coordinates (models, 2) along the two directions of largest spread (PCA), and in shares[2] what part of
 * the spread each carries. Signs are fixed so that the largest coordinate is positive. The caller frees it. */
float *nearest_map(const Representations *r, double shares[2]);
