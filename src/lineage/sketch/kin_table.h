/* SPDX-License-Identifier: Apache-2.0 */
/* How each two members of one tree relate: computed once, asked often. */
#pragma once

#include "lineage/sketch/kinship.h"

typedef struct {
  double distance2; /* INFINITY when the two cannot be compared */
  double tail2;     /* see Kinship; INFINITY likewise */
  double euclid;    /* distance2 shortened by marks that only a direct step leaves */
  double length;    /* tail2 shortened likewise: shared tensors, a change of low rank */
  double equal;     /* share of equal tensors, to 1/255 */
  bool low_rank;
} KinPair;

typedef struct KinTable KinTable;

/* Compares n sketches (borrowed; NULL: a ghost, which compares with nothing) pairwise on `threads`
 * threads. Up to 4,096 members the answers are stored, 12 bytes a pair; beyond that each is computed
 * when it is asked for. NULL, with COPSE_ERROR_CANCELLED, when p is cancelled. */
KinTable *kin_table_new(const ModelSketch *const *sketches, unsigned n, unsigned threads, const Progress *p,
                        GError **error);
void kin_table_free(KinTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KinTable, kin_table_free)

/* Of two different members. Thread-safe. */
KinPair kin_table_get(const KinTable *table, unsigned a, unsigned b);

const ModelSketch *kin_table_sketch(const KinTable *table, unsigned i);
