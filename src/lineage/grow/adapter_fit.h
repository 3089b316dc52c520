/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an adapter fits a base: by the names of its layers and their shapes. */
#pragma once

#include "lineage/sketch/sketch.h"

typedef struct {
  unsigned layers;   /* that the adapter changes, of networks that the base holds */
  unsigned fitting;  /* the base has them, with the same d_out x d_in (or its transpose) */
  unsigned refitted; /* of the fitting: the base keeps apart what the adapter has fused, or the other way round */
  unsigned foreign;  /* of the fitting: the base has them under another tool's or another architecture's names */
  unsigned clashing; /* the base has them, in another shape */
} Fit;

/* The layers of one model, ready to be looked up under any tool's name for them (name_index.h). */
typedef struct FitIndex FitIndex;
FitIndex *fit_index_new(const ModelSketch *base);
void fit_index_free(FitIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FitIndex, fit_index_free)

Fit fit_compare(const FitIndex *base, const ModelSketch *adapter);

/* How alike the tables of tokens and heads are that an adapter carries whole and those of the base, in the rows that
 * both have: a centred cosine, 0 for strangers; NAN when it carries none that the base has in that width. */
double fit_carried(const ModelSketch *base, const ModelSketch *adapter);

/* From here on the two are of one origin. */
#define FIT_CARRIED_SAME 0.5

/* Every layer fits, and there is one. */
bool fit_is_whole(const Fit *fit);

/* And as the adapter was made for it: its own names, nothing fused or taken apart. GPT-2's smallest and BERT's have
 * blocks of the same shapes. */
bool fit_is_native(const Fit *fit);

/* Share of the trunk of `child` that lies in matrices of shapes which `base` has too. */
double fit_shapes_shared(const ModelSketch *base, const ModelSketch *child);
