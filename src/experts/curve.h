/* SPDX-License-Identifier: Apache-2.0 */
/* How a training went, epoch by epoch: kept with the expert, so that several runs can be laid over each other. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* One epoch of the curve. */
typedef struct {
  double loss, val_loss, val_score; /* val_score: top-1, or element-wise accuracy; NAN where none was measured */
} EpochRow;

enum { CURVE_WIDTH = 3, CURVE_EPOCHS = 4096 }; /* numbers of an epoch; epochs that are kept at most */

/* The first CURVE_EPOCHS rows (of EpochRow) as floats (*n, CURVE_WIDTH). The caller frees them. */
float *curve_pack(const GArray *curve, size_t *n);

/* The rows again. Array of EpochRow; free with g_array_unref. */
GArray *curve_unpack(const float *numbers, size_t n);
