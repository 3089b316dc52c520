/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/classify.h"

#include <math.h>
#include <string.h>

#include "numerics/linalg.h"

void classify_logits(const Probex *p, const float *e, size_t n, float *y) {
  const ProbexShape *s = &p->shape;
  for (size_t i = 0; i < n; i++) memcpy(y + i * s->n_classes, p->head_b, s->n_classes * sizeof *y);
  gemm(false, true, n, s->n_classes, s->r_t, 1, e, s->r_t, p->head, s->r_t, 1, y, s->n_classes);
}

/* log(1 + exp(y)), exact where exp would overflow or vanish. */
static double softplus(double y) { return fmax(y, 0) + log1p(exp(-fabs(y))); }

static double summed_loss(const float *y, const unsigned char *has, size_t classes) {
  double loss = 0;
  for (size_t j = 0; j < classes; j++) loss += softplus((double)y[j]) - (has[j] ? (double)y[j] : 0);
  return loss;
}

/* Logits to the gradient of the mean loss, in place. */
static void logit_gradient(float *y, const unsigned char *has, size_t classes, float share) {
  for (size_t j = 0; j < classes; j++) y[j] = share * (1.0f / (1.0f + expf(-y[j])) - (has[j] ? 1.0f : 0.0f));
}

double classify_loss(const Probex *p, const float *e, const unsigned char *has, const size_t *models, size_t n,
                     float *y, float *de, Probex *grad) {
  const ProbexShape *s = &p->shape;
  const size_t classes = s->n_classes;
  double loss = 0;
  classify_logits(p, e, n, y);
  for (size_t i = 0; i < n; i++) loss += summed_loss(y + i * classes, has + models[i] * classes, classes);
  loss /= (double)n * (double)classes;
  if (!grad) return loss;
  float share = 1.0f / ((float)n * (float)classes);
  for (size_t i = 0; i < n; i++) logit_gradient(y + i * classes, has + models[i] * classes, classes, share);
  gemm(false, false, n, s->r_t, classes, 1, y, classes, p->head, s->r_t, 0, de, s->r_t);
  gemm(true, false, classes, s->r_t, n, 1, y, classes, e, s->r_t, 0, grad->head, s->r_t);
  memset(grad->head_b, 0, classes * sizeof(float));
  for (size_t i = 0; i < n; i++) axpy(1, y + i * classes, grad->head_b, classes);
  return loss;
}
