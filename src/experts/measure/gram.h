/* SPDX-License-Identifier: Apache-2.0 */
/* Inner products of layers: all that a linear expert on vec(X) needs of them. */
#pragma once

#include "core/progress.h"
#include "experts/probex/layer_set.h"

/* K (n, n) with K_ij = <X_i, X_j> / (d_out d_in). Low-rank layers are never multiplied out: the
 * inner product of s B A and s' B' A' is s s' sum_kl (a_k . a'_l)(b_k . b'_l) over the rows of A and
 * columns of B. The caller frees it with big_free(n * n). */
float *gram_of_layers(const LayerSet *set, const Progress *progress, GError **error);

/* The same of rows of features (n, width): K = F F' / width. */
float *gram_of_features(const float *features, size_t n, size_t width, GError **error);
