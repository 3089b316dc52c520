/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a model is a merge of given others, proven on the numbers of its dense layers: one layer of each file in
 * memory at a time. A candidate that is none is left at the first layer that says so. Layers are found by what they
 * are, whatever tool wrote their names (layer_match.h). */
#pragma once

#include <glib.h>

#include "lineage/recipe/element_mix.h"
#include "lineage/recipe/layer_span.h"
#include "weights/weight_file.h"

typedef enum {
  RECIPE_LINEAR,
  RECIPE_SLERP,
  RECIPE_PASSTHROUGH,
  RECIPE_TIES,
  RECIPE_DARE,
  RECIPE_DARE_TIES,
  RECIPE_TASK_ARITHMETIC,
  RECIPE_MODEL_STOCK, /* Jang et al. 2024, arXiv 2403.19522 */
  RECIPE_UNKNOWN      /* of these parents and of none else, by another method */
} RecipeMethod;

/* "linear", "slerp", … as mergekit calls them; "unknown". Static text. */
const char *recipe_method_name(RecipeMethod method);

enum { PROOF_PARENTS = 8 };

typedef struct {
  RecipeMethod method;
  unsigned n;                    /* parents, 2 or more */
  double weight[PROOF_PARENTS];  /* mean over the layers */
  double density[PROOF_PARENTS]; /* share of each parent's change that is kept; 1 unless it is told by element */
  double slerp_t;                /* mean over the layers, NAN unless by slerp */
  unsigned layers;               /* that prove it */
  bool ramp;                     /* the weights differ from layer to layer */
} MergeProof;

/* Open files. `base`, which all parents moved from, may be NULL: then the child is a sum of the parents. */
typedef struct {
  WeightFile *child, *parent[PROOF_PARENTS], *base;
  unsigned n;
  double epsilon;  /* relative rounding of the coarsest of them */
  bool by_element; /* parts of the parents' changes from the base, not sums of whole layers */
  bool quantised;  /* the child was rounded to a few levels, which it shows */
} ProofFiles;

/* What one layer of a merge has of its parents. */
typedef struct {
  char *name;
  unsigned n;
  double weight[PROOF_PARENTS], density[PROOF_PARENTS];
  double slerp_t; /* NAN when it is no spherical interpolation */
} RecipeLayer;

/* An empty array of them, which owns the names. */
GArray *recipe_layers_new(void);

/* Fills in all of `out`; appends what each layer has to `rows` (of RecipeLayer, or NULL). False where any layer of the
 * child that moved is not of these parents, or where fewer than one is left to tell. */
bool merge_prove(const ProofFiles *files, MergeProof *out, GArray *rows);
