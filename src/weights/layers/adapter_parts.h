/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of an adapter's layer: their shapes, their numbers, and what a core makes of a factor. */
#pragma once

#include "weights/layers/layer_info.h"

/* The header's entry of a part, NULL where there is none. */
const TensorInfo *adapter_part_info(const WeightFile *file, const LayerInfo *info, AdapterPart part);

/* Elements of all but the first dimension; 0 for a tensor without elements. */
uint64_t adapter_columns(const TensorInfo *t);

/* All numbers of a tensor, or `count` of them from `first` on; NULL with `error` set when they cannot be read. The
 * caller frees them. */
float *adapter_read_tensor(WeightFile *file, gssize i, GError **error);
float *adapter_read_range(WeightFile *file, gssize i, uint64_t first, uint64_t count, GError **error);
float *adapter_read_part(WeightFile *file, const LayerInfo *info, AdapterPart part, GError **error);

/* A transposed copy of a (rows, columns) matrix, which it frees; NULL passes. */
float *adapter_transpose(float *m, size_t rows, size_t columns);

/* What a core stands for beside a factor `down` (rb x in): out[a, i·n + k] = sum_b core[a, b, k] down[b, i], of a core
 * (ra, rb, …) of n places a pair. */
typedef struct {
  uint64_t ra, rb, in, places;
} CoreShape;

/* False when the two do not fit together. */
bool adapter_core_shape(const TensorInfo *core, const TensorInfo *down, CoreShape *out);

/* A new (ra, in·places) matrix; NULL when it does not fit in memory. */
float *adapter_fold_core(const CoreShape *shape, const float *core, const float *down);
