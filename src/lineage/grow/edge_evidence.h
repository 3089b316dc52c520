/* SPDX-License-Identifier: Apache-2.0 */
/* The evidence for one edge of a pedigree, once all of it are oriented. */
#pragma once

#include "lineage/forest/evidence.h"
#include "lineage/grow/spanning.h"

typedef struct {
  const PedigreeMember *members;
  unsigned n;
  const KinTable *table;
  const Spanning *span;
  const int *parent;     /* by member; -1: the root */
  const unsigned *order; /* all members; witnesses are taken along it */
  unsigned *children;    /* by member */
} OrientedTree;

/* Counts the children. All is borrowed. */
void oriented_tree_init(OrientedTree *t, const PedigreeMember *members, unsigned n, const KinTable *table,
                        const Spanning *span, const int *parent, const unsigned *order);
void oriented_tree_clear(OrientedTree *t);

/* Of the edge that c hangs by, both of whose ends have a sketch. `side`: posterior of the roots on the parent's side;
 * `nats` for the direction of this edge alone. */
void edge_evidence(const OrientedTree *t, unsigned c, double side, double nats, double x[EDGE_EVIDENCES]);
