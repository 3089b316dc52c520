/* SPDX-License-Identifier: Apache-2.0 */
/* Learns the gate of a kernel. The bar is set by training models that were left out with all of their label, since models
 * of new labels belong here too, and by training models turned into another basis, layer by layer, which do not: it
 * refuses nearly all of the latter, but of the former never fewer than one in a hundred nor more than one in twenty. l is
 * the one that tells the two best. Where a label that is left out cannot be told from the turned ones, as among few
 * labels, models are left out with their kin alone. */
#pragma once

#include "experts/kernel/kernel.h"
#include "experts/kernel/kernel_target.h"

/* sum (n, n): the sum of that head over the models that the kernel holds; target: theirs. Some hundreds of them are enough. NULL
 * without an error when there are too few models, or the turned ones cannot be told from the others; NULL with one when
 * cancelled or without memory. */
KernelGate *kernel_gate_fit(const Kernel *kernel, int head, const float *sum, const KernelTarget *target, uint64_t seed,
                            const Progress *progress, GError **error);
