/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/direction.h"

#include "numerics/linalg.h"

/* Numbers of features that are held at once. */
enum { BLOCK = 32 << 20 };

Directions *directions_new(size_t layer, KernelView view, size_t labels, size_t d) {
  Directions *o = g_new0(Directions, 1);
  *o = (Directions){.layer = layer, .view = view, .labels = labels, .d = d, .weight = 1};
  o->d_of = g_new0(float, labels *d + 1);
  o->gain = g_new0(float, labels + 1);
  o->offset = g_new0(float, labels + 1);
  return o;
}

void directions_free(Directions *o) {
  if (!o) return;
  g_free(o->d_of);
  g_free(o->gain);
  g_free(o->offset);
  g_free(o);
}

void directions_forms(const float *d_of, size_t labels, size_t d, float *forms) {
  for (size_t c = 0; c < labels; c++) {
    const float *x = d_of + c * d;
    float *to = forms + c * (d * (d + 1) / 2);
    for (size_t i = 0; i < d; i++)
      for (size_t j = i; j < d; j++) *to++ = i == j ? x[i] * x[i] : x[i] * x[j] * (float)G_SQRT2;
  }
}

void directions_add(const Directions *o, const KernelRows *rows, float *y) {
  size_t width = kernel_feature_width(rows, o->view), block = MAX((size_t)BLOCK / width, (size_t)1);
  block = MIN(block, rows->n);
  g_autofree float *forms = g_new(float, o->labels *width + 1), *features = g_new(float, block *width + 1);
  g_autofree float *f = g_new(float, block * o->labels + 1);
  directions_forms(o->d_of, o->labels, o->d, forms);
  for (size_t from = 0; from < rows->n; from += block) {
    size_t n = MIN(block, rows->n - from);
    kernel_features(rows, o->view, from, n, features);
    gemm(false, true, n, o->labels, width, 1, features, width, forms, width, 0, f, o->labels);
    for (size_t i = 0; i < n; i++)
      for (size_t c = 0; c < o->labels; c++)
        y[(from + i) * o->labels + c] += o->weight * (o->gain[c] * f[i * o->labels + c] + o->offset[c]);
  }
}
