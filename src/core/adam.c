/* SPDX-License-Identifier: Apache-2.0 */
#include "core/adam.h"

#include <math.h>

void adam_step(const AdamOptions *o, uint64_t step, float *restrict w, const float *restrict g,
               float *restrict m, float *restrict v, size_t n) {
  /* Bias corrections folded into two scalars, so that the loop vectorises:
   * w -= lr/(1-b1^t) · m / (sqrt(v)/sqrt(1-b2^t) + eps). */
  const float c1 = (float)(o->lr / (1.0 - pow(o->beta1, (double)step)));
  const float c2 = (float)(1.0 / sqrt(1.0 - pow(o->beta2, (double)step)));
  const float b1 = o->beta1, b2 = o->beta2, eps = o->eps, decay = o->weight_decay;
  for (size_t i = 0; i < n; i++) {
    float gi = g[i] + decay * w[i];
    m[i] = b1 * m[i] + (1 - b1) * gi;
    v[i] = b2 * v[i] + (1 - b2) * gi * gi;
    w[i] -= c1 * m[i] / (sqrtf(v[i]) * c2 + eps);
  }
}

void adam_step_reference(const AdamOptions *o, uint64_t step, float *w, const float *g, float *m,
                         float *v, size_t n) {
  double t = (double)step;
  for (size_t i = 0; i < n; i++) {
    double gi = (double)g[i] + (double)o->weight_decay * w[i];
    double mi = (double)o->beta1 * m[i] + (1 - (double)o->beta1) * gi;
    double vi = (double)o->beta2 * v[i] + (1 - (double)o->beta2) * gi * gi;
    m[i] = (float)mi;
    v[i] = (float)vi;
    double m_hat = mi / (1 - pow(o->beta1, t));
    double v_hat = vi / (1 - pow(o->beta2, t));
    w[i] = (float)(w[i] - o->lr * m_hat / (sqrt(v_hat) + o->eps));
  }
}
