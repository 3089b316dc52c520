/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two kin came first: evidence, each piece worth some nats, none of them sure. What a pair alone is worth was
 * measured on small networks and stands in direction.c; what it is worth for the root of a tree is fitted (certainty.h). */
#pragma once

#include "lineage/forest/forest.h"
#include "lineage/sketch/kinship.h"

/* Nats for "p is the parent of c" against "c is the parent of p"; the sign turns when the two
 * are exchanged. k compares p (a) with c (b); median_* are the squared distances to the middle
 * one of the other models of the tree, NAN when not known.
 *
 * Weighed: step counters, growth of the norm (a merged low-rank change is nearly orthogonal to
 * what it is added to), kurtosis, norm layers, biases, the head, centrality. */
double direction_nats(const ModelSketch *p, const ModelSketch *c, const Kinship *k, double median_p, double median_c);

/* Where p and c stand in the tree: median_* as above, the neighbours of each, and how much more the way to c turns with
 * p's other branches than the way to p with c's (branching.h). */
typedef struct {
  double median_p, median_c, turn;
  unsigned neighbours_p, neighbours_c;
} DirectionPlace;

/* Adds to x the evidence of ROOT_* for "p is the parent of c", all but ROOT_KNOWN; every piece turns its sign when the
 * two are exchanged. */
void direction_evidence(const ModelSketch *p, const ModelSketch *c, const Kinship *k, const DirectionPlace *place,
                        double x[ROOT_EVIDENCES]);

/* The two have heads of one size that point the same way: one went on with the other's. k compares them, in either
 * order. */
bool direction_one_head(const ModelSketch *a, const ModelSketch *b, const Kinship *k);

/* What happened on the way from p to c, as far as sketches tell: numbers set to zero, a table of other rows or a new
 * head over an untouched trunk, what may be a merged low-rank change or noise (see change_rank.h), else what the head says. */
EdgeKind direction_kind(const ModelSketch *p, const ModelSketch *c, const Kinship *k);

/* A head that is new or unrelated speaks of a fine-tune, one that went on of continued training. */
EdgeKind direction_kind_by_head(const ModelSketch *p, const ModelSketch *c, const Kinship *k);
