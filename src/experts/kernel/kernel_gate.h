/* SPDX-License-Identifier: Apache-2.0 */
/* Is a model of the kind that a kernel was trained on? With k its likeness to the training models and M, u, t, H those of
 * leave_out.h,
 *
 *   score = k' H k + 2 k' u / t - 1 / t
 *
 * is 1 less the variance of a Gaussian process with an intercept: what of the model the training models explain. Left out
 * with its group, a model's is K_ii less the diagonal of (H_gg)^-1 - l I. Without the intercept what is left out would be
 * explained by its own trace: a centred row is minus the sum of the others. The bar is set by training
 * models that were left out with all of their label, since models of new labels belong here too, and by training models
 * turned into another basis, layer by layer, which do not: it refuses nearly all of the latter, but of the former never
 * fewer than one in a hundred nor more than one in twenty. l is the one that tells the two best. Where a label that is left
 * out cannot be told from the turned ones, as among few labels, models are left out with their kin alone. */
#pragma once

#include "experts/kernel/kernel.h"
#include "experts/kernel/kernel_target.h"

/* Which of the two sums of a kernel the gate looks at: the one for labels never trained on where there is one. */
int kernel_gate_head(const Kernel *kernel);

/* sum (n, n): the sum of that head over the models that the kernel holds; target: theirs. Some hundreds of them are enough. NULL
 * without an error when there are too few models, or the turned ones cannot be told from the others; NULL with one when
 * cancelled or without memory. */
KernelGate *kernel_gate_fit(const Kernel *kernel, int head, const float *sum, const KernelTarget *target, uint64_t seed,
                            const Progress *progress, GError **error);
void kernel_gate_free(KernelGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelGate, kernel_gate_free)

/* score (m) of models by their sum (m, kernel's n). */
void kernel_gate_scores(const KernelGate *gate, const float *sum, size_t m, size_t n, double *score);
