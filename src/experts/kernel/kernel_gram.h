/* SPDX-License-Identifier: Apache-2.0 */
/* Inner products of views of layers. Of adapters, with M = U_i'U_j and N = V_i'V_j (k x k):
 *
 *   u,p:  sum_ab s_ia^p s_jb^p M_ab²      v,p:  the same with N_ab²      x,p:  sum_ab s_ia^p s_jb^p M_ab N_ab
 *
 * M and N of whole blocks of models come from one large product, and no pair is computed alone. Of dense layers the
 * features themselves: X, or the upper half of U S^p U' (p = 2: XX'), off-diagonals times the root of 2. */
#pragma once

#include "core/progress.h"
#include "experts/kernel/kernel_rows.h"

/* out[v] (a->n, b->n) for each view; each pair is divided by the lengths of its two sides, so that a model has 1 with
 * itself (0 when it is empty). a and b have one form and shape. b == a computes half. */
bool kernel_gram(const KernelRows *a, const KernelRows *b, const KernelView *views, size_t n_views, float *const *out,
                 const Progress *progress, GError **error);

/* One pair by its definition, multiplied out: the reference that kernel_gram() is checked against. */
double kernel_pair_reference(const KernelRows *a, size_t i, const KernelRows *b, size_t j, KernelView view);

/* Numbers in a dense layer's feature. */
size_t kernel_feature_width(const KernelRows *rows, KernelView view);

/* out (n, width): the features, of length 1, of the dense layers of models from .. from + n; zero where one is empty. */
void kernel_features(const KernelRows *rows, KernelView view, size_t from, size_t n, float *out);
