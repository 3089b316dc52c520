/* SPDX-License-Identifier: Apache-2.0 */
/* Fits a direction a label, and says how right it is of models that took no part. */
#pragma once

#include "experts/kernel/direction.h"
#include "experts/kernel/kernel_target.h"

/* Of the target's models (classes) in a dense layer: with W whitening the mean of G, d_c is W times the first
 * eigenvector of W (mean of G with the label - mean without) W. *left_out (n, labels; the caller's): the answers for
 * each fifth of the models, kin in one fifth, by directions fitted on the other four; gain and offset are least squares
 * of those. NULL without an error: the layer is no matter for it, too wide or low-rank. */
Directions *directions_fit(const KernelRows *rows, size_t layer, const KernelTarget *target, float *left_out,
                           const Progress *progress, GError **error);

/* Mixes answers for models left out: p (n, width) in place, by greedy shares of all[l] (n, width; n_all of them) that
 * raise r². share[l] and *own get what each, and p itself, have in the end; they add up to 1. */
void directions_mix(const KernelTarget *target, float *p, float *const *all, size_t n_all, float *share, float *own);
