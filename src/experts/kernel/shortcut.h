/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told without looking at the weights: from an adapter's rank and alpha, sizes, tool, date and creator
 * alone. A figure that is no better than this one says nothing about weights. */
#pragma once

#include "experts/kernel/kernel_target.h"

/* The exact top-1 (classes: r²) on models left out, of the same ridge on these facts of `models` (n of target, Model*).
 * At most a thousand models are looked at. NAN when the facts do not differ. */
double shortcut_measure(const GPtrArray *models, const KernelTarget *target, uint64_t seed);
