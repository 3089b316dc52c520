/* SPDX-License-Identifier: Apache-2.0 */
/* The rule of Model Tree Heritage Recovery (Horwitz et al. 2024, arXiv 2405.18432) for full fine-tunes, as its authors'
 * code has it: the distance of two models is the largest element, with its sign and in one orientation of the pair, of
 * the difference of their square matrices, brought to 0..1 by its range over all pairs; a constant, 0.3 of the mean
 * distance, is added where the child's kurtosis is the larger (or, reversed, the smaller); the tree is the minimum
 * arborescence of that. */
#pragma once

#include "lineage/recipe/merge_search.h"
#include "lineage/sketch/kin_table.h"

/* Fills parent[0..n) of one tree, -1 for its root. Reads the square matrices of all models where those of all together
 * take at most 1 GB, else looks at the places that sketches keep. Models without a square matrix are as far as the
 * farthest. False when p is cancelled. */
bool mother_rule_tree(const KinTable *table, unsigned n, MemberOpen open, void *user, bool reversed, int *parent,
                      const Progress *p, GError **error);
