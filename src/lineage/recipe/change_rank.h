/* SPDX-License-Identifier: Apache-2.0 */
/* How many directions a change of weights has: what a merged LoRA cannot hide. */
#pragma once

#include "lineage/sketch/sketch.h"
#include "weights/weight_file.h"

typedef enum {
  RANK_UNKNOWN, /* no layer could be looked at, or what moved drowns in rounding */
  RANK_LOW,
  RANK_FULL,
  RANK_WHITE /* full, and no direction stands out: noise */
} RankVerdict;

typedef struct {
  RankVerdict verdict;
  unsigned rank;   /* most of the layers looked at: singular values that hold 99.5 in 100 of the energy */
  unsigned layers; /* that were looked at */
} ChangeRank;

/* The rank of `change`, d_out x d_in numbers (overwritten by nothing): how many singular values hold 99.5 in 100 of its
 * energy above `noise2`, the energy that rounding alone gives; *full gets how many there are. 0 where at most as much
 * is left as the noise has, or the numbers are not finite. */
unsigned change_rank(const float *change, size_t d_out, size_t d_in, double noise2, unsigned *full);

/* True when no direction of the d_out x d_in numbers holds more than chance gives independent ones: the largest singular
 * value of such is about sd (sqrt(d_out) + sqrt(d_in)) (Marchenko and Pastur 1967), off by n^(-2/3) of it (Johnstone
 * 2001). */
bool change_is_white(const float *change, size_t d_out, size_t d_in);

/* Looks at the three smallest dense layers that changed from p to c, which the sketches tell; reads those alone. Low
 * when in each at most 0.36 of the singular values hold the energy (measured on small networks: a full fine-tune needs
 * more than half); white when none has a direction that stands out. For any thread, with files of its own. */
ChangeRank change_rank_between(const ModelSketch *p, const ModelSketch *c, WeightFile *parent, WeightFile *child);
