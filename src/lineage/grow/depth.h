/* SPDX-License-Identifier: Apache-2.0 */
/* Models made of others' layers at other places: some left out, repeated, or taken from several models. Names do not
 * tell: the same matrices are looked for at any place, bit by bit (but for rounding to a half format). */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "lineage/sketch/sketch.h"

enum { DEPTH_PARENTS = 3 };

/* What one model is made of. */
typedef struct {
  unsigned n;                     /* parents; 0: it is nobody's */
  unsigned parent[DEPTH_PARENTS]; /* numbers of sketches, that with the largest share first */
  double share[DEPTH_PARENTS];    /* of the numbers in the blocks that come from it */
  bool repeats;                   /* some layer stands in the model twice */
  unsigned blocks;                /* that the model has */
  unsigned blocks_of_parent;      /* that the first parent has */
} DepthOrigin;

/* One answer a sketch (NULL: none to look at). A model has an origin when the blocks of at most three others, none of
 * which repeats a layer, hold 97 in 100 of the numbers in its own, and it repeats a layer or has another number of
 * blocks than the first of them. The caller frees the array. */
DepthOrigin *depth_origins(const ModelSketch *const *sketches, unsigned n);

/* How many numbered blocks the model has: "layers.0.…", "layers.1.…" are two. */
unsigned depth_blocks(const ModelSketch *sketch);
