/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of builder_build_tree() share: seen by tree_build.c, tree_cards.c and tree_hang.c alone. */
#pragma once

#include "lineage/grow/forest_builder.h"
#include "lineage/grow/merges.h"
#include "lineage/grow/pedigree.h"

/* BELOW: its card names a merge or another one that is set apart. */
typedef enum { PLACE_PLAIN, PLACE_QUANTISED, PLACE_MERGE, PLACE_BELOW } Place;

typedef struct {
  Builder *b;
  GArray *nodes; /* of unsigned; a ghost may join at the end */
  unsigned n;    /* of them: rows of the table */
  KinTable *table;
  GHashTable *row_of; /* node -> row + 1 */
  Place *place;       /* by row */
  GArray *merges;
  PedigreeMember *members; /* the plain ones, by their number in the pedigree */
  unsigned *row;           /* theirs */
  int *member;             /* by row, or -1 */
  unsigned plain;
  int *below;    /* by row: the row that a PLACE_BELOW hangs from */
  int *named;    /* by row: the node that its card names and the weights do not put right above it, or -1 */
  double *doubt; /* by row: see PedigreeMember */
  EvidenceWitness witness;
} TreeBuild;

unsigned tree_node(const TreeBuild *t, unsigned row);

/* The node's row, or -1 where it is none of this tree. */
int tree_row(const TreeBuild *t, int node);

/* NULL for a ghost. */
const ModelSketch *tree_sketch(const TreeBuild *t, unsigned row);

/* Row of the parent that is claimed, within this tree, or -1. */
int tree_claimed_row(const TreeBuild *t, unsigned row);

/* Numbers the plain ones as members; `cards`: with what those claim, and with ghosts. */
void tree_gather(TreeBuild *t, bool cards);

/* One that hears of rows and tells the options' witness of nodes; NULL when there is none. */
const EvidenceWitness *tree_witness(TreeBuild *t);

/* Adds a parent to the row's model. */
void tree_add_edge(TreeBuild *t, unsigned row, unsigned parent, ParentEdge edge);

/* True when `above` is node v or one of its ancestors by first parents. */
bool tree_descends(const TreeBuild *t, unsigned v, unsigned above);

/* The card names a parent and the weights say otherwise: the claim goes, and the note says why. */
void tree_accuse(TreeBuild *t, unsigned row, const char *says);

/* When all hang: who is named without being the parent is an ancestor, or the card is wrong. */
void tree_settle_cards(TreeBuild *t);

/* Judges the plain members' cards, and gives siblings the base that they miss. False when cancelled. */
bool tree_judge_cards(TreeBuild *t, GError **error);

/* Sets apart what its card hangs below a merge, and what comes of that in turn. */
void tree_set_below_apart(TreeBuild *t);

/* Hangs a merge, what is nearer to it than to its own parent, what was set apart below it; a quantised copy. */
void tree_hang_merge(TreeBuild *t, const Merge *merge);
void tree_hang_below(TreeBuild *t, unsigned row);
void tree_hang_quantised(TreeBuild *t, unsigned row);
