/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/sketch/glance.h"

#include <math.h>

#include "numerics/projection.h"

GArray *glance_new(const ModelSketch *sketch) {
  GArray *faces = g_array_new(FALSE, FALSE, sizeof(GlanceFace));
  for (guint i = 0; i < sketch->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(sketch->tensors, TensorSketch, i);
    if (t->part != PART_MATRIX || !t->projected) continue;
    GlanceFace face = {.seed = t->seed,
                       .width = t->width,
                       .norm2 = tensor_sketch_variation(t),
                       .numbers = (double)MIN(t->width, t->moments.count),
                       .projection = t->projection};
    if (face.norm2 < 0 || face.norm2 > 0) g_array_append_val(faces, face);
  }
  return faces;
}

bool glances_are_alike(const GArray *a, const GArray *b) {
  enum { FEW = 6 };
  const double nothing = 0.08;
  const GlanceFace *x = (const GlanceFace *)(const void *)a->data, *x_end = x + a->len;
  const GlanceFace *y = (const GlanceFace *)(const void *)b->data, *y_end = y + b->len;
  double cosine = 0, noise2 = 0;
  unsigned seen = 0;
  while (x < x_end && y < y_end && seen < FEW) {
    if (x->seed != y->seed) {
      if (x->seed < y->seed) x++;
      else y++;
      continue;
    }
    if (x->width == y->width) {
      double product = projection_product(x->projection, y->projection, x->width);
      cosine += CLAMP(product / sqrt(x->norm2 * y->norm2), -1, 1);
      noise2 += 1.0 / y->numbers;
      seen++;
    }
    x++, y++;
  }
  return seen > 0 && cosine / seen > MIN(nothing, 2 * sqrt(noise2) / seen);
}
