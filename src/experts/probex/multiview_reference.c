/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "experts/probex/multiview.h"
#include "experts/probex/probex_pass.h"

/* (X)_ij, one entry at a time. */
static double entry(const Layer *x, size_t i, size_t j) {
  if (x->form == LAYER_DENSE) return (double)x->x[i * x->d_in + j];
  double sum = 0;
  for (size_t k = 0; k < x->rank; k++) sum += (double)x->b[i * x->rank + k] * (double)x->a[k * x->d_in + j];
  return sum * (double)x->scale;
}

/* out = X in, or X' in, of r columns. The caller frees it. */
static double *times(const Layer *x, bool across, const double *in, size_t r) {
  size_t rows = across ? x->d_in : x->d_out, inner = across ? x->d_out : x->d_in;
  double *out = g_new0(double, rows *r);
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < inner; k++) {
      double w = across ? entry(x, k, i) : entry(x, i, k);
      for (size_t l = 0; l < r; l++) out[i * r + l] += w * in[k * r + l];
    }
  return out;
}

/* S of a branch, (rows, r_u). The caller frees it. */
static double *response(const Probex *p, const Layer *x, ViewBranch b) {
  size_t n = probex_probe_rows(&p->shape, b) * p->shape.r_u;
  g_autofree double *u = g_new(double, n);
  for (size_t i = 0; i < n; i++) u[i] = (double)p->views_u[b][i];
  bool across = b == VIEW_XTU || b == VIEW_XTXU;
  if (b == VIEW_XU || b == VIEW_XTU) return times(x, across, u, p->shape.r_u);
  g_autofree double *half = times(x, !across, u, p->shape.r_u);
  return times(x, across, half, p->shape.r_u);
}

static void standardise(double *s, size_t n) {
  double mean = 0, square = 0;
  for (size_t i = 0; i < n; i++) mean += s[i] / (double)n;
  for (size_t i = 0; i < n; i++) square += (s[i] - mean) * (s[i] - mean);
  double spread = sqrt(square / (double)(n - 1));
  for (size_t i = 0; i < n; i++) s[i] = (s[i] - mean) / (spread + 1e-8);
}

void multiview_reference(const Probex *p, const Layer *layer, float *e) {
  const ProbexShape *shape = &p->shape;
  size_t hidden = probex_hidden(shape), at = 0, r = shape->r_u;
  g_autofree double *sum = g_new0(double, shape->r_t);
  for (int b = 0; b < VIEW_BRANCHES; b++) {
    if (!p->views_u[b]) continue;
    size_t d = probex_response_rows(shape, (ViewBranch)b);
    g_autofree double *s = response(p, layer, (ViewBranch)b);
    standardise(s, d * r);
    for (size_t l = 0; l < r; l++)
      for (size_t v = 0; v < shape->r_v; v++, at++) {
        double z = 0;
        for (size_t i = 0; i < d; i++) z += (double)p->views_v[b][v * d + i] * s[i * r + l];
        if (z <= 0 && !shape->linear) continue;
        for (size_t t = 0; t < shape->r_t; t++) sum[t] += z * (double)p->m[t * hidden + at];
      }
  }
  for (size_t t = 0; t < shape->r_t; t++) e[t] = (float)(sum[t] + (double)p->b[t]);
}
