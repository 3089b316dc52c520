/* SPDX-License-Identifier: Apache-2.0 */
/* One tree: from the sketches of kin, and the parents that are known already, to who is whose
 * parent.
 *
 *   1. minimum spanning tree on squared distances, in which known edges cost nothing: training
 *      steps are nearly orthogonal, so squared distances add up along a path and the shortest
 *      edges are the steps themselves;
 *   2. one root fixes every direction: each root's evidence is summed over all edges oriented
 *      away from it, the softmax of its nats gives the root's posterior, whose centroid becomes the root;
 *      whoever then hangs below a sibling goes up to the parent (lifting.h);
 *   3. known parents win where the orientation says otherwise.
 *
 * Knows nothing of files, models and forests: members are numbered 0..n-1. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "core/progress.h"
#include "lineage/forest/forest.h"
#include "lineage/forest/evidence.h"
#include "lineage/grow/spanning.h"

typedef struct {
  int parent;        /* -1: the root */
  bool known;        /* the parent is the member's known one: kind and confidence are the caller's */
  EdgeKind kind;     /* EDGE_RELATED when nothing speaks for a direction */
  double confidence; /* of the parent and the direction together: edge_evidence.h */
  double distance;   /* |child - parent| / |parent|; NAN when not compared */
} PedigreeEdge;

/* Fills edges[0..n): exactly one root, no cycle. Of several ghosts one may be the root; the
 * others hang below it. Asks the table n^2 / 2 times, on `threads` threads.
 * `witness` (or NULL) hears of the evidence for each edge whose parent is not known.
 * False, with COPSE_ERROR_CANCELLED, when p is cancelled. */
bool pedigree_build(const PedigreeMember *members, unsigned n, const KinTable *table, unsigned threads,
                    PedigreeEdge *edges, const EvidenceWitness *witness, const Progress *p, GError **error);
