/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/align.h"

#include <math.h>
#include <string.h>

#include "numerics/linalg.h"

struct AlignPass {
  size_t capacity, classes;
  float *block;
  size_t floats;
  float *e, *e_length; /* normalised e (n, r_t) and lengths (n) */
  float *t, *t_length; /* normalised text (C, r_t) and lengths (C) */
  float *logits;       /* (n, C); then the gradient by the cosines */
  float *dt;           /* (C, r_t) */
};

AlignPass *align_pass_new(const Probex *p, size_t capacity, size_t classes, GError **error) {
  size_t r_t = p->shape.r_t;
  size_t floats = capacity * (r_t + 1 + classes) + classes * (2 * r_t + 1);
  float *block = big_alloc(floats, error);
  if (!block) return NULL;
  AlignPass *pass = g_new0(AlignPass, 1);
  *pass = (AlignPass){.capacity = capacity, .classes = classes, .block = block, .floats = floats};
  pass->e = block_take(&block, capacity * r_t);
  pass->e_length = block_take(&block, capacity);
  pass->t = block_take(&block, classes * r_t);
  pass->t_length = block_take(&block, classes);
  pass->logits = block_take(&block, capacity * classes);
  pass->dt = block_take(&block, classes * r_t);
  return pass;
}

void align_pass_free(AlignPass *pass) {
  if (!pass) return;
  big_free(pass->block, pass->floats);
  g_free(pass);
}

void align_normalise(float *x, size_t n, size_t width, float *lengths) {
  for (size_t i = 0; i < n; i++, x += width) {
    float length = sqrtf(dot(x, x, width));
    if (lengths) lengths[i] = length;
    if (length > 0)
      for (size_t j = 0; j < width; j++) x[j] /= length;
  }
}

static void map_text(const Probex *p, const float *text, size_t n, float *mapped, float *lengths) {
  const ProbexShape *s = &p->shape;
  for (size_t i = 0; i < n; i++) memcpy(mapped + i * s->r_t, p->head_b, s->r_t * sizeof(float));
  gemm(false, true, n, s->r_t, s->d_text, 1, text, s->d_text, p->head, s->d_text, 1, mapped, s->r_t);
  align_normalise(mapped, n, s->r_t, lengths);
}

void align_map_text(const Probex *p, const float *text, size_t n, float *mapped) { map_text(p, text, n, mapped, NULL); }

/* Turns logits into probabilities, row by row; returns the summed -log p[target]. */
static double softmax_loss(float *logits, size_t n, size_t classes, const size_t *target) {
  double loss = 0;
  for (size_t i = 0; i < n; i++, logits += classes) {
    float top = logits[0], right = logits[target[i]];
    for (size_t c = 1; c < classes; c++) top = fmaxf(top, logits[c]);
    double sum = 0;
    for (size_t c = 0; c < classes; c++) sum += logits[c] = expf(logits[c] - top);
    loss += log(sum) - (double)(right - top);
    float inverse = (float)(1 / sum);
    for (size_t c = 0; c < classes; c++) logits[c] *= inverse;
  }
  return loss;
}

/* Gradient through y = x / |x|, in place: dx = (dy - y (y . dy)) / |x|. */
static void normalise_backward(const float *y, const float *lengths, float *d, size_t n, size_t width) {
  for (size_t i = 0; i < n; i++, y += width, d += width) {
    float along = dot(y, d, width), length = lengths[i] > 0 ? lengths[i] : 1;
    for (size_t j = 0; j < width; j++) d[j] = (d[j] - along * y[j]) / length;
  }
}

/* Probabilities to the gradient by the cosines, in place. */
static void cosine_gradient(float *p, size_t n, size_t classes, const size_t *target, float sharpness) {
  float factor = sharpness / (float)n;
  for (size_t i = 0; i < n; i++, p += classes) {
    p[target[i]] -= 1;
    for (size_t c = 0; c < classes; c++) p[c] *= factor;
  }
}

double align_loss(AlignPass *pass, const Probex *p, const float *text, size_t classes, const float *e,
                  const size_t *target, size_t n, float *de, Probex *grad) {
  const ProbexShape *s = &p->shape;
  const float sharpness = expf(*p->tau);
  g_return_val_if_fail(classes <= pass->classes && n <= pass->capacity, NAN);
  memcpy(pass->e, e, n * s->r_t * sizeof(float));
  align_normalise(pass->e, n, s->r_t, pass->e_length);
  map_text(p, text, classes, pass->t, pass->t_length);
  gemm(false, true, n, classes, s->r_t, sharpness, pass->e, s->r_t, pass->t, s->r_t, 0, pass->logits, classes);
  double loss = softmax_loss(pass->logits, n, classes, target) / (double)n;
  if (!grad) return loss;
  cosine_gradient(pass->logits, n, classes, target, sharpness);
  gemm(false, false, n, s->r_t, classes, 1, pass->logits, classes, pass->t, s->r_t, 0, de, s->r_t);
  /* d loss / d tau = sum of d logit · logit = sum_i e_i . de_i, as the cosines are e_i . t_c. */
  *grad->tau = dot(pass->e, de, n * s->r_t);
  gemm(true, false, classes, s->r_t, n, 1, pass->logits, classes, pass->e, s->r_t, 0, pass->dt, s->r_t);
  normalise_backward(pass->e, pass->e_length, de, n, s->r_t);
  normalise_backward(pass->t, pass->t_length, pass->dt, classes, s->r_t);
  gemm(true, false, s->r_t, s->d_text, classes, 1, pass->dt, s->r_t, text, s->d_text, 0, grad->head, s->d_text);
  memset(grad->head_b, 0, s->r_t * sizeof(float));
  for (size_t c = 0; c < classes; c++) axpy(1, pass->dt + c * s->r_t, grad->head_b, s->r_t);
  return loss;
}
