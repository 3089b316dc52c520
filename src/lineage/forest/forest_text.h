/* SPDX-License-Identifier: Apache-2.0 */
/* A forest in the languages of other programs. */
#pragma once

#include "lineage/forest/forest.h"

/* What a card has to do with an edge: "agrees" (it names the parent and the weights do not object),
 * "unchecked" (it names the parent, and there is nothing to compare), "conflict" (it names another
 * and the weights object), "silent". Static text. */
const char *forest_card_word(const ForestNode *node, const ParentEdge *edge);

/* Graphviz: a node a model, ghosts dotted, merges' further edges dashed. The caller frees it. */
char *forest_to_dot(const Forest *forest);

/* Newick: a line a tree, distances as branch lengths, names quoted. The caller frees it. */
char *forest_to_newick(const Forest *forest);
