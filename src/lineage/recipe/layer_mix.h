/* SPDX-License-Identifier: Apache-2.0 */
/* How the numbers of one layer come of the same layer of two other models: as a point of the plane of both (linear,
 * SLERP, passthrough). All arrays hold n numbers. Pure functions, for any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* c = u a + v b. */
typedef struct {
  double u, v;     /* free: they need not add up to 1 */
  double rest2;    /* |c - u a - v b|^2 */
  double nearest2; /* squared distance to the nearer of a and b */
  double misfit;   /* the first over the second; 0 where c is one */
  double angle;    /* between a and b, in radians */
  double slerp_t;  /* of the spherical interpolation that has these weights, or NAN */
  bool fits;       /* to within rounding and `noise2`, both weights within 0..1.02 */
} PlaneMix;

/* Least squares with free weights in double precision. `fits` is false where a and b are the same. `epsilon` is the
 * relative rounding of the coarsest format among the files; `noise2` the squared error that c may have lost besides
 * (grid_noise.h), or 0. */
PlaneMix layer_mix_plane(const float *c, const float *a, const float *b, size_t n, double epsilon, double noise2);
