/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two models may be kin, by a few matrices, before all of them are compared. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "lineage/sketch/sketch.h"

/* What a glance sees of a centred sketch, which must outlive it: its matrices that can be compared, by seed. Of GlanceFace;
 * g_array_unref() frees it. */
typedef struct {
  uint64_t seed;
  size_t width;
  double norm2, numbers; /* of the centred matrix; how many numbers its projection stands for, at most its width */
  const float *projection;
} GlanceFace;

GArray *glance_new(const ModelSketch *sketch);

/* A look at the first few common matrices, which the order of seeds makes a random choice: false when they have nothing
 * in common. */
bool glances_are_alike(const GArray *a, const GArray *b);
