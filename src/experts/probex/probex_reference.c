/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/probex_pass.h"

/* (X u_l)_i, through the factors when X is low-rank. */
static double response(const Probex *p, const Layer *layer, size_t i, size_t l) {
  size_t d_in = layer->d_in, r_u = p->shape.r_u;
  double sum = 0;
  if (layer->form == LAYER_DENSE) {
    for (size_t j = 0; j < d_in; j++) sum += (double)layer->x[i * d_in + j] * p->u[j * r_u + l];
    return sum;
  }
  for (size_t k = 0; k < layer->rank; k++) {
    double au = 0;
    for (size_t j = 0; j < d_in; j++) au += (double)layer->a[k * d_in + j] * p->u[j * r_u + l];
    sum += (double)layer->b[i * layer->rank + k] * au;
  }
  return sum * layer->scale;
}

void probex_reference(const Probex *p, const Layer *layer, float *e) {
  const ProbexShape *s = &p->shape;
  size_t hidden = s->r_u * s->r_v;
  g_autofree double *y = g_new(double, s->d_out);
  g_autofree double *sum = g_new0(double, s->r_t);
  for (size_t l = 0; l < s->r_u; l++) {
    for (size_t i = 0; i < s->d_out; i++) y[i] = response(p, layer, i, l);
    for (size_t v = 0; v < s->r_v; v++) {
      double z = 0;
      for (size_t i = 0; i < s->d_out; i++) z += (double)p->v[v * s->d_out + i] * y[i];
      if (z <= 0 && !s->linear) continue;
      for (size_t t = 0; t < s->r_t; t++) sum[t] += z * p->m[t * hidden + l * s->r_v + v];
    }
  }
  for (size_t t = 0; t < s->r_t; t++) e[t] = (float)(sum[t] + p->b[t]);
}
