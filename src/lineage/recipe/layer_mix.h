/* SPDX-License-Identifier: Apache-2.0 */
/* How the numbers of one layer come of the same layer of other models: as a point of the plane of
 * two of them (linear, SLERP, passthrough), or, with the base that these two moved from, element by
 * element (TIES: Yadav et al. 2023, arXiv 2306.01708; DARE: Yu et al. 2024, arXiv 2311.03099). All
 * arrays hold n numbers; `epsilon` is the relative rounding of the coarsest format among the files.
 * Pure functions, for any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* c = u a + v b. */
typedef struct {
  double u, v;    /* free: they need not add up to 1 */
  double misfit;  /* |c - u a - v b|^2 over the squared distance to the nearer of a and b; 0 where c is one */
  double angle;   /* between a and b, in radians */
  double slerp_t; /* of the spherical interpolation that has these weights, or NAN */
  bool fits;      /* to within rounding, both weights within 0..1.02 */
} PlaneMix;

/* Least squares with free weights in double precision. `fits` is false where a and b are the same. */
PlaneMix layer_mix_plane(const float *c, const float *a, const float *b, size_t n, double epsilon);

typedef enum { ELEMENTS_NONE, ELEMENTS_TIES, ELEMENTS_DARE } ElementMethod;

/* Every c - o is one of {0, single[0] (a - o), single[1] (b - o), both[0] (a - o) + both[1] (b - o)}. */
typedef struct {
  ElementMethod method;
  double single[2], both[2];
  double share;      /* of the elements that are */
  double chance;     /* of those that would be if c's elements were moved on by one */
  double density[2]; /* share of the elements in which a's and b's change is kept */
} ElementMix;

/* Looks for such factors. ELEMENTS_NONE where less than 97 in 100 elements follow them, where half
 * would by chance (the changes drown in rounding), or where fewer than 64 moved. */
ElementMix layer_mix_elements(const float *c, const float *o, const float *a, const float *b, size_t n, double epsilon);
