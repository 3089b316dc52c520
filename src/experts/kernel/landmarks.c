/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/landmarks.h"

#include <math.h>

#include "experts/kernel/leave_out.h"
#include "numerics/linalg.h"

void landmarks_free(Landmarks *l) {
  if (!l) return;
  g_free(l->w);
  g_free(l);
}

Landmarks *landmarks_new(const float *kernel, size_t m, GError **error) {
  static const double least = 1e-5; /* of the largest value: below it stands rounding */
  g_autoptr(KernelEigen) e = kernel_eigen_new(kernel, m, error);
  if (!e) return NULL;
  size_t first = 0;
  while (first + 1 < m && !(e->values[first] > least * e->values[m - 1])) first++;
  Landmarks *l = g_new0(Landmarks, 1);
  *l = (Landmarks){.m = m, .rank = m - first};
  l->w = g_new(float, m * l->rank + 1);
  for (size_t r = 0; r < l->rank; r++)
    for (size_t i = 0; i < m; i++)
      l->w[i * l->rank + r] = (float)(e->q[(first + r) * m + i] / sqrt(e->values[first + r] + 1e-30));
  return l;
}

float *landmarks_features(const Landmarks *l, const float *c, size_t n, GError **error) {
  float *f = big_alloc(n * l->rank, error);
  if (f) gemm(false, false, n, l->rank, l->m, 1, c, l->m, l->w, l->rank, 0, f, l->rank);
  return f;
}

double landmarks_missed(const Landmarks *l, const float *f, size_t n) {
  double held = 0;
  for (size_t i = 0; i < n * l->rank; i++) held += (double)f[i] * (double)f[i];
  return fmax(1 - held / (double)n, 0);
}

float *landmarks_weights(const Landmarks *l, const float *f, size_t n, const double *a, size_t width) {
  g_autofree float *narrow = g_new(float, n *width + 1), *inner = g_new(float, l->rank *width + 1);
  float *out = g_new(float, l->m *width + 1);
  for (size_t i = 0; i < n * width; i++) narrow[i] = (float)a[i];
  gemm(true, false, l->rank, width, n, 1, f, l->rank, narrow, width, 0, inner, width);
  gemm(false, false, l->m, width, l->rank, 1, l->w, l->rank, inner, width, 0, out, width);
  return out;
}
