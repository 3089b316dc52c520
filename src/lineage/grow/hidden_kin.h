/* SPDX-License-Identifier: Apache-2.0 */
/* Kin that no weight shows where it lies: neurons permuted, layers in another order or made wider. Each pair of trees
 * whose weights have nothing in common is asked for what a permutation leaves as it is: the same numbers in another
 * order, or the products of symmetry.h. */
#pragma once

#include "lineage/grow/forest_builder.h"

/* Marks the root of the smaller of two trees that are such kin (hidden_kin, and a note). They stay two trees: their weights
 * lie in different coordinates, so that no expert speaks of both. Trees are finished; one model speaks for each set of
 * kin. Of n sets n^2 / 2 pairs are compared, by 496 products a side. False, with COPSE_ERROR_CANCELLED, when cancelled. */
bool builder_find_hidden_kin(Builder *b, GError **error);

/* The two have the same numbers in each matrix, in another order maybe of both: told by their count, extremes and sums. */
bool hidden_kin_is_permuted(const ModelSketch *a, const ModelSketch *b);
