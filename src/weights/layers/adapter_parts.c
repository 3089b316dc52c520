/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/adapter_parts.h"

#include "core/error.h"

const TensorInfo *adapter_part_info(const WeightFile *file, const LayerInfo *l, AdapterPart part) {
  return l->part[part] >= 0 ? weight_file_info(file, (size_t)l->part[part]) : NULL;
}

uint64_t adapter_columns(const TensorInfo *t) { return t->count && t->rank >= 1 ? t->count / t->shape[0] : 0; }

float *adapter_read_range(WeightFile *file, gssize i, uint64_t first, uint64_t count, GError **error) {
  const TensorInfo *t = weight_file_info(file, (size_t)i);
  float *x = count <= SIZE_MAX / sizeof(float) ? g_try_malloc_n(count, sizeof(float)) : NULL;
  if (!x) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: tensor %s does not fit in memory: close other programs",
                weight_file_label(file), t->name);
    return NULL;
  }
  if (weight_file_read_f32(file, (size_t)i, first, (size_t)count, x, error)) return x;
  g_free(x);
  return NULL;
}

float *adapter_read_tensor(WeightFile *file, gssize i, GError **error) {
  return adapter_read_range(file, i, 0, weight_file_info(file, (size_t)i)->count, error);
}

float *adapter_read_part(WeightFile *file, const LayerInfo *l, AdapterPart part, GError **error) {
  return adapter_read_tensor(file, l->part[part], error);
}

float *adapter_transpose(float *m, size_t rows, size_t columns) {
  if (!m) return NULL;
  float *t = g_new(float, (rows * columns));
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) t[j * rows + i] = m[i * columns + j];
  g_free(m);
  return t;
}

bool adapter_core_shape(const TensorInfo *core, const TensorInfo *down, CoreShape *out) {
  uint64_t width;
  if (!core || !down || core->rank < 2 || down->rank < 2 || !core->count || !down->count) return false;
  *out = (CoreShape){core->shape[0], core->shape[1], adapter_columns(down), 0};
  out->places = core->count / (out->ra * out->rb);
  return down->shape[0] == out->rb && !__builtin_mul_overflow(out->in, out->places, &width);
}

float *adapter_fold_core(const CoreShape *s, const float *core, const float *down) {
  size_t width = s->in * s->places;
  float *out = g_try_malloc0_n(s->ra * width, sizeof *out);
  for (size_t a = 0; out && a < s->ra; a++)
    for (size_t b = 0; b < s->rb; b++)
      for (size_t i = 0; i < s->in; i++)
        for (size_t k = 0; k < s->places; k++)
          out[a * width + i * s->places + k] += core[(a * s->rb + b) * s->places + k] * down[b * s->in + i];
  return out;
}
