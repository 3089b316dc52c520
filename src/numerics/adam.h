/* SPDX-License-Identifier: Apache-2.0 */
/* Adam (Kingma and Ba 2015), with PyTorch's meaning of every hyper-parameter:
 * weight decay is added to the gradient (not AdamW). */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
  float lr;           /* step size */
  float beta1, beta2; /* 0.9, 0.999 */
  float eps;          /* 1e-8, outside the root */
  float weight_decay; /* L2, 0 by default */
} AdamOptions;

#define ADAM_DEFAULTS \
  { .lr = 1e-3f, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f }

/* One step over n parameters on `threads` threads. m, v: first and second moments, n each, zero before
 * the first step; step counts from 1. g is left as it is. The result does not depend on threads. */
void adam_step(const AdamOptions *o, uint64_t step, float *w, const float *g, float *m, float *v, size_t n,
               unsigned threads);

/* The same in double precision, written as the paper has it: the reference. */
void adam_step_reference(const AdamOptions *o, uint64_t step, float *w, const float *g, float *m, float *v, size_t n);
