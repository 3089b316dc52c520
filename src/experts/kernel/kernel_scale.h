/* SPDX-License-Identifier: Apache-2.0 */
/* Centring of a kernel of unit diagonal on the training models, and unit diagonal again. Sums of views fall apart
 * without it: norms follow a model's rate times its steps. */
#pragma once

#include <glib.h>
#include <stddef.h>

typedef struct {
  size_t n;
  float *mean;   /* (n): of each training model's row of the training block */
  float *spread; /* (n): root of the centred diagonal; 0 counts as never */
  double grand;  /* mean of the means */
} KernelScale;

/* Fits on the training block k (n, n), in place. */
KernelScale *kernel_scale_fit(float *k, size_t n);

/* The same for rows of other models k (m, n) against the training models, in place; `self` (m) is their own diagonal
 * before (1, or 0 when a model is empty). */
void kernel_scale_apply(const KernelScale *scale, float *k, size_t m, const float *self);

/* From stored numbers, which are copied. */
KernelScale *kernel_scale_new(const float *mean, const float *spread, size_t n);
void kernel_scale_free(KernelScale *scale);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelScale, kernel_scale_free)
