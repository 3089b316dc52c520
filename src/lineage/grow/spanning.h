/* SPDX-License-Identifier: Apache-2.0 */
/* The undirected half of a pedigree: which pairs are joined by an edge. */
#pragma once

#include "core/progress.h"
#include "lineage/sketch/kin_table.h"

typedef struct {
  const ModelSketch *sketch; /* centred; NULL: a ghost */
  unsigned row;              /* its number in the table of pairs */
  int known;                 /* number of the parent that is known, or -1 */
  double doubt;              /* how likely its neighbours are its siblings, of a base that is missing */
} PedigreeMember;

/* One of those that lie nearest to a member, by the length of the edge between. */
enum { SPANNING_NEAR = 4 };
typedef struct {
  int member; /* -1: none */
  double length;
} SpanningNear;

typedef struct {
  int *neighbour;     /* n: to whom each member was attached; -1 for the first */
  double *best;       /* n: length of that edge */
  double *second;     /* n: what the next best would have cost when it was attached */
  double *median;     /* n: tail2 to the middle one of (up to 256) others; NAN: none */
  SpanningNear *near; /* n x SPANNING_NEAR: the nearest first */
} Spanning;

/* What an edge's length is: the largest differences alone, which siblings of one direction do not share, or the
 * distance, in which steps of training add up. */
typedef enum { SPANNING_TAIL, SPANNING_EUCLID } SpanningLength;

/* Prim's algorithm, rows of distances shared over threads. */
bool spanning_build(const PedigreeMember *members, unsigned n, const KinTable *table, SpanningLength length,
                    unsigned threads, Spanning *out, const Progress *p, GError **error);
void spanning_clear(Spanning *s);
