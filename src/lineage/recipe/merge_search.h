/* SPDX-License-Identifier: Apache-2.0 */
/* Merges that are no one weighted sum of whole models: candidates from sketches, proven on the weights themselves. */
#pragma once

#include "lineage/recipe/merge_proof.h"
#include "lineage/sketch/kin_table.h"

typedef struct {
  MergeProof proof;
  unsigned child, parent[PROOF_PARENTS]; /* numbers in the table, heaviest first */
  int base;                              /* that the parents moved from, or -1: not needed */
} MergeFound;

/* Opens member `i`'s weights, or NULL. */
typedef WeightFile *(*MemberOpen)(void *user, unsigned i);

/* Looks among `members` (numbers in the table) for merges of others of them: of each the ten nearest are tried as
 * parents and base. By the sketches' projections, matrix by matrix: a sum with weights of its own in each. By the
 * numbers they keep at random places: parts of changes, element by element. Array of MergeFound, owned by the caller;
 * NULL when p is cancelled. `open` is called from this thread alone. */
GArray *merge_search(const KinTable *table, const GArray *members, MemberOpen open, void *user, unsigned threads,
                     const Progress *p, GError **error);

/* The same for quantised copies of merges that are not there: `rows` are quantised, `members` are not. */
GArray *merge_search_quantised(const KinTable *table, const GArray *rows, const GArray *members, MemberOpen open,
                               void *user, const Progress *p, GError **error);
