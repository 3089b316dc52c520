/* SPDX-License-Identifier: Apache-2.0 */
/* The change that an adapter makes to a matrix as two factors B (d_out x r) and A (r x d_in), so that all that works on
 * low-rank layers works on it, whatever form it is stored in.
 *
 *   LoRA, DoRA  B A
 *   LoCon       B = up, A = sum_b mid[a,b,k,l] down[b,i]
 *   AdaLoRA     B and E * A
 *   VeRA        diag(b) B[:d_out] and diag(d) A
 *   LoHa        (U V) * (P Q) = (U ⊛ P)(V ⊛ Q): row-wise Khatri-Rao products, rank r_1 r_2; with cores V and Q are
 *               sums over the core as LoCon's, U and P transposed
 *   LoKr        kron(w1, P Q) = kron(I, P) kron(w1, Q), or kron(w1, P) kron(I, Q) where w1 has more rows than columns:
 *               the product itself is never made */
#pragma once

#include "weights/layers/layer_info.h"

/* Shape and rank of the layer that these parts make, into `info`; false when they do not fit together, are beyond
 * bounds (a rank of LAYER_MAX_RANK in pairs, 2^28 numbers in a factor), or the form has no factors. */
bool adapter_settle(LayerInfo *info, const WeightFile *file);

/* Reads the parts and fills in out->a and out->b, whose shapes `info` says. `out` is cleared by the caller on
 * failure. */
bool adapter_read_factors(WeightFile *file, const LayerInfo *info, Layer *out, GError **error);

/* What alpha is divided by, by the tensors; 0 where they do not tell (LoKr whose parts are both whole). */
uint64_t adapter_scale_rank(const LayerInfo *info, const WeightFile *file);
