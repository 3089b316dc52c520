/* SPDX-License-Identifier: Apache-2.0 */
/* Merges that are no weighted sum of whole models: candidates from sketches, proven on the numbers
 * of their dense layers, one layer of each file in memory at a time. A candidate that is none is left at the
 * first layer that says so. */
#pragma once

#include "lineage/recipe/layer_mix.h"
#include "lineage/sketch/kin_table.h"
#include "weights/weight_file.h"

typedef enum { RECIPE_LINEAR, RECIPE_SLERP, RECIPE_PASSTHROUGH, RECIPE_TIES, RECIPE_DARE } RecipeMethod;

/* "linear", "slerp", … as mergekit calls them. Static text. */
const char *recipe_method_name(RecipeMethod method);

typedef struct {
  RecipeMethod method;
  unsigned child, parent[2]; /* numbers in the table */
  int base;                  /* that both parents moved from, or -1: not needed */
  double weight[2];          /* mean over the layers, heaviest first */
  double density[2];         /* share of each parent's change that is kept; 1 without a base */
  unsigned layers;           /* that prove it */
} MergeProof;

/* Four open files; `base` may be NULL. */
typedef struct {
  WeightFile *child, *a, *b, *base;
  double epsilon; /* relative rounding of the coarsest of them */
} ProofFiles;

/* What one layer of a merge has of its two parents. */
typedef struct {
  char *name;
  double weight[2], density[2];
  double slerp_t; /* NAN when it is no spherical interpolation */
} RecipeLayer;

/* An empty array of them, which owns the names. */
GArray *recipe_layers_new(void);

/* Fills in method, weights, densities and layers; appends what each layer has to `rows` (of RecipeLayer, or NULL).
 * False where any layer of the child that moved is not of these parents, or where fewer than one is left to tell. */
bool merge_prove(const ProofFiles *files, MergeProof *out, GArray *rows);

/* Opens member `i`'s weights, or NULL. */
typedef WeightFile *(*MemberOpen)(void *user, unsigned i);

/* Looks among `members` (numbers in the table) for merges of others of them: of each the six nearest
 * are tried as parents and base. Array of MergeProof, owned by the caller; NULL when p is cancelled. */
GArray *merge_proofs_find(const KinTable *table, const GArray *members, MemberOpen open, void *user, const Progress *p,
                          GError **error);
