/* SPDX-License-Identifier: Apache-2.0 */
/* How two models' weights relate, told from their sketches. */
#pragma once

#include <stdbool.h>

#include "lineage/sketch/sketch.h"

/* Independent initialisations have a cosine near 0, kin far more. */
#define KINSHIP_THRESHOLD 0.30

typedef struct {
  double common;    /* elements of trunk matrices that both have (same name and shape), as a
                           share of the smaller trunk; 0: nothing to compare */
  double cosine;    /* mean of the matrices' centred cosines, weighted by their elements */
  double noise;     /* standard deviation that this cosine has for strangers */
  double distance2; /* |a - b|^2 over the common trunk, scaled up to the larger trunk */
  double tail2;     /* the square of the sum over the common matrices of the mean of the largest differences
                           (numerics/tail.h): what sets siblings apart that share a direction */
  double norm2_a;   /* |a|^2 over the common trunk, scaled alike */
  double norm2_b;
  double equal;       /* share of the common trunk tensors, vectors too, that are equal bit by bit */
  bool vectors_equal; /* all common biases and norm layers are, and there are two at least */
  double head_cosine; /* of heads with one shape; NAN when there are none */
} Kinship;

/* Compares centred sketches: a merge over their sorted seeds, 256 multiplications a common
 * matrix. Matrices that are constant or hold NaN take no part. */
void kinship_compare(const ModelSketch *a, const ModelSketch *b, Kinship *out);

/* The same of `common`, `cosine` and `noise` alone, all that kinship_is_kin() asks for, in a fraction of the time. */
void kinship_likeness(const ModelSketch *a, const ModelSketch *b, Kinship *out);

/* At least half of the smaller trunk in common, and a cosine above the threshold and above what
 * chance gives so few numbers. */
bool kinship_is_kin(const Kinship *k);

/* The cosine that these two need to be kin. */
double kinship_threshold(const Kinship *k);

/* Half of the smaller trunk in common: the answer of kinship_is_kin() means something. */
bool kinship_is_comparable(const Kinship *k);

/* |a - sum of weight[i] b[i]|^2 over the matrices that a and all n (at most 3) others have. INFINITY
 * when those are less than half of a's trunk. */
double kinship_residual(const ModelSketch *a, const ModelSketch *const *b, const double *weight, unsigned n);

/* Disjoint sets over 0..n-1 (union by size, halving of paths). */
typedef struct {
  unsigned *parent, *size;
} Sets;

void sets_init(Sets *s, unsigned n);
void sets_clear(Sets *s);
unsigned sets_find(Sets *s, unsigned i);
void sets_join(Sets *s, unsigned i, unsigned j);

/* Joins all kin among `members` (indices into sketches, whose entries are not NULL there). Each is
 * compared with the first and the latest member of every set; when those look like strangers at a glance,
 * the set is not looked through, so that n models in t trees cost about n t glances. False, with
 * COPSE_ERROR_CANCELLED, when p is cancelled. */
bool kinship_join(const GPtrArray *sketches, const GArray *members, Sets *sets, unsigned threads, const Progress *p,
                  GError **error);

/* How much of the change's length the norm grew by: about 0 for steps along the weights' own
 * directions in either sense, +1 for a change that is orthogonal to the parent. */
double kinship_growth(const Kinship *k);

/* True when what moved may be noise alone: at random places the differences, each matrix brought to one spread, are as
 * normal numbers are. False where few are seen. */
bool kinship_is_noise_like(const ModelSketch *a, const ModelSketch *b);

/* <b - a, a> / |a|, of two at that squared distance: what shrinking alone moves, which all that decays shares. 0 for an
 * a of zeros. */
double kinship_along(const ModelSketch *a, const ModelSketch *b, double distance2);

/* True when all that moved may be a low-rank change: vectors untouched, the norm grown (or, from
 * child to parent, shrunk) by about the length of the change. */
bool kinship_is_low_rank(const Kinship *k);
