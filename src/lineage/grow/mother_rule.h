/* SPDX-License-Identifier: Apache-2.0 */
/* After the rule of Model Tree Heritage Recovery (arXiv 2405.18432), with another distance: it plus a
 * constant where the child's kurtosis is the larger (or, reversed, the smaller), and the minimum arborescence of that. */
#pragma once

#include "lineage/sketch/kin_table.h"

/* Fills parent[0..n) of one tree, -1 for its root. The published rule takes the largest change of
 * one layer for the distance; here it is the Euclidean one, over all layers. */
void mother_rule_tree(const KinTable *table, unsigned n, bool reversed, int *parent);
