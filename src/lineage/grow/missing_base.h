/* SPDX-License-Identifier: Apache-2.0 */
/* Siblings whose base is not on disk. In the spanning tree they hang around the one h that moved
 * least, as if it were their parent. What gives it away: seen from a true parent, children lie in
 * unrelated directions, <j - h, k - h> = 0; seen from a sibling, all others share the step back to
 * the base, <j - h, k - h> = |h - base|^2, the same for all pairs. */
#pragma once

#include "lineage/forest/evidence.h"
#include "lineage/sketch/kin_table.h"
#include "lineage/grow/spanning.h"

typedef struct {
  double *doubt;    /* by member: how likely its neighbours are its siblings; owned by the caller */
  GArray *siblings; /* of unsigned, members: the hub first; owned by the caller */
  double share;     /* |h - base|^2 as a share of what the siblings moved, squared */
  double sure;      /* 0..1 */
} Absent;

/* Looks at every member with three neighbours or more in the spanning trees of n members, by either length; one whose
 * parent is known is nobody's unknown sibling. "A base is there and its children drift alike" and "none is, and one
 * sibling stands at the drift's end" have the same inner products: what speaks for a hub as the parent of its
 * neighbours (direction.h) weighs against a missing base. False, and no siblings but the doubt, when no base is missing as far
 * as one can tell; else the clearest case. `witness` (or NULL) hears of every star that was weighed. */
bool missing_base_find(const PedigreeMember *members, unsigned n, const KinTable *table, const Spanning *tail_tree,
                       const Spanning *euclid, const EvidenceWitness *witness, Absent *out);
