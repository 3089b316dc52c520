/* SPDX-License-Identifier: Apache-2.0 */
/* Is a model of the kind that a kernel was trained on? With k its likeness to the training models and M, u, t, H those of
 * leave_out.h,
 *
 *   score = k' H k + 2 k' u / t - 1 / t
 *
 * is 1 less the variance of a Gaussian process with an intercept: what of the model the training models explain. Left out
 * with its group, a model's is K_ii less the diagonal of (H_gg)^-1 - l I. Without the intercept what is left out would be
 * explained by its own trace: a centred row is minus the sum of the others. */
#pragma once

#include <glib.h>

/* What belongs here: below the threshold a model does not. */
typedef struct {
  size_t n;
  size_t *model; /* (n): which of the kernel's models it holds */
  float *form;   /* (n, n): H */
  float *slope;  /* (n): 2 u / t */
  double offset; /* 1 / t */
  double threshold;
  double passed; /* share of the training models, turned into another basis, that reach it nevertheless */
} KernelGate;

void kernel_gate_free(KernelGate *gate); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelGate, kernel_gate_free)

/* score (m) of models by their sum (m, n), n being how many models the kernel holds. */
void kernel_gate_scores(const KernelGate *gate, const float *sum, size_t m, size_t n, double *score);
