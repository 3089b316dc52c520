/* SPDX-License-Identifier: Apache-2.0 */
/* How a merge was made: its method, its parents and what each layer has of them. */
#pragma once

#include "collection/collection.h"
#include "lineage/forest/forest.h"
#include "lineage/recipe/merge_proof.h"

enum { RECIPE_PARENTS = 16 };

typedef struct {
  const char *method; /* as mergekit calls it: "linear", "slerp", "task_arithmetic", …, "unknown"; static text */
  unsigned n, parent[RECIPE_PARENTS]; /* nodes */
  double weight[RECIPE_PARENTS];
  double density[RECIPE_PARENTS]; /* share of each parent's change that is kept, where parts are; else 1 */
  double slerp_t;                 /* of two parents merged by slerp, else NAN */
  int base;                       /* node that the changes are counted from, or -1 */
  bool proven;                    /* on the numbers of the layers below; else told by sketches */
  bool sparse;                    /* parts of the changes are */
  GArray *layers;                 /* of RecipeLayer; empty unless proven */
} MergeRecipe;

/* The recipe of a node whose first edge is a merge's; reads the weights of the models concerned, a layer at a time,
 * when there are two. NULL, with COPSE_ERROR_NOT_FOUND, when it is no merge. `sketches` one a model or NULL, as the
 * forest has them; they tell how exact the numbers are, and which went through a quantiser. */
MergeRecipe *merge_recipe_find(Collection *collection, const Forest *forest, const GPtrArray *sketches, unsigned node,
                               GError **error);
void merge_recipe_free(MergeRecipe *recipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MergeRecipe, merge_recipe_free)

/* As a configuration of mergekit, YAML that names the parents as `name` has them. `dtype`: "float32", …, or NULL. The
 * caller frees it. */
char *merge_recipe_yaml(const MergeRecipe *recipe, const Forest *forest, const char *dtype);
