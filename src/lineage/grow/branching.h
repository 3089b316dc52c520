/* SPDX-License-Identifier: Apache-2.0 */
/* An undirected tree seen from each of its members: who is next to whom, and which way the branches go. */
#pragma once

#include "lineage/grow/spanning.h"

typedef struct {
  const PedigreeMember *members;
  const KinTable *table;
  unsigned n;
  unsigned *start, *next; /* of member v: next[start[v] .. start[v + 1]) */
} Branching;

/* The tree in which each v hangs by neighbour[v] (n; -1: none). The rest is borrowed. */
void branching_init(Branching *b, const PedigreeMember *members, unsigned n, const KinTable *table,
                    const int *neighbour);
void branching_clear(Branching *b);

unsigned branching_count(const Branching *b, unsigned v);

/* The mean cosine, at v, of the way to u with those to (up to 16) other neighbours, but for what lies along v, which all
 * that decays shares. Children that learn one domain turn the same way, and who goes on along the way that v came by
 * turns away from v's parent. 0 without others. */
double branching_turn(const Branching *b, unsigned v, unsigned u);
