/* SPDX-License-Identifier: Apache-2.0 */
/* Models that are weighted sums of others: averages of two or three, and sums of task vectors
 * (a + b - o). They lie in the span of their parents to within rounding, which nothing else does;
 * all is told from sketches, since those are linear. */
#pragma once

#include "lineage/sketch/kin_table.h"

enum { MERGE_PARENTS = 8 };

typedef struct {
  unsigned child;
  unsigned n;                     /* parents: of those that are found here 2 or 3 */
  unsigned parent[MERGE_PARENTS]; /* heaviest first */
  double weight[MERGE_PARENTS];   /* they add up to 1; an origin's may be negative */
  double misfit;                  /* |rest|^2 / squared distance to the nearest parent */
} Merge;

/* What a model's card says of where it comes from. */
typedef struct {
  int parent; /* the one base that it names, a number in the table, or -1 */
  bool merge; /* it says that it is a merge, or names several bases */
} MergeCard;

/* Looks among `members` (numbers in the table) for merges of others of them. Of a group in which
 * each fits the others, the merge is the one in the middle. Array of Merge, owned by the caller; NULL
 * when p is cancelled. In a tree of n members, pairs among the 64 and triples among the 24 nearest are
 * tried (all, in small trees).
 *
 * `cards` (NULL: none), one a number in the table, decide where numbers cannot: of a + b - o each of the four fits the
 * others. Then the merge is who says so or who says nothing; without cards the one across from the most central. */
GArray *merges_find(const KinTable *table, const GArray *members, const MergeCard *cards, unsigned threads,
                    const Progress *p, GError **error);
