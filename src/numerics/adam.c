/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/adam.h"

#include <math.h>

#include "core/parallel.h"
#include "numerics/simd.h"

/* Bias corrections folded into two scalars, so that the loop vectorises:
 * w -= lr/(1-b1^t) · m / (sqrt(v)/sqrt(1-b2^t) + eps). */
typedef struct {
  float c1, c2, b1, b2, eps, decay;
} Scalars;

VECTOR_LOOP static void update(const Scalars *s, float *restrict w, const float *restrict g, float *restrict m,
                               float *restrict v, size_t n) {
  const float c1 = s->c1, c2 = s->c2, b1 = s->b1, b2 = s->b2, eps = s->eps, decay = s->decay;
  for (size_t i = 0; i < n; i++) {
    float gi = g[i] + decay * w[i];
    m[i] = b1 * m[i] + (1 - b1) * gi;
    v[i] = b2 * v[i] + (1 - b2) * gi * gi;
    w[i] -= c1 * m[i] / (sqrtf(v[i]) * c2 + eps);
  }
}

/* One step's arguments, shared by its threads. */
typedef struct {
  Scalars scalars;
  float *w, *m, *v;
  const float *g;
  size_t n;
} Step;

enum { CHUNK = 1 << 18 }; /* floats: four arrays of it stay in a second-level cache or two */

static bool update_chunk(void *user, size_t chunk, unsigned thread) {
  (void)thread;
  const Step *s = user;
  size_t at = chunk * CHUNK, k = s->n - at < CHUNK ? s->n - at : CHUNK;
  update(&s->scalars, s->w + at, s->g + at, s->m + at, s->v + at, k);
  return true;
}

void adam_step(const AdamOptions *o, uint64_t step, float *w, const float *g, float *m, float *v, size_t n,
               unsigned threads) {
  Step s = {.scalars = {.c1 = (float)(o->lr / (1.0 - pow(o->beta1, (double)step))),
                        .c2 = (float)(1.0 / sqrt(1.0 - pow(o->beta2, (double)step))),
                        .b1 = o->beta1,
                        .b2 = o->beta2,
                        .eps = o->eps,
                        .decay = o->weight_decay},
            .w = w,
            .m = m,
            .v = v,
            .g = g,
            .n = n};
  parallel_for((n + CHUNK - 1) / CHUNK, threads, update_chunk, &s, NULL);
}

void adam_step_reference(const AdamOptions *o, uint64_t step, float *w, const float *g, float *m, float *v, size_t n) {
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
