/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of LoHa and LoKr as two factors B (d_out x r) and A (r x d_in), so that all that works on
 * low-rank layers works on them. */
#pragma once

#include "weights/layers/layer_info.h"

/* Shape and rank of the layer that these parts make, into `info`; false when they do not fit together or the form has
 * no factors here. */
bool adapter_settle(LayerInfo *info, const WeightFile *file);

/* Reads the parts and fills in out->a and out->b, whose rank `info` says:
 *
 *   LoHa  (U V) * (P Q) = (U ⊛ P)(V ⊛ Q): row-wise Khatri-Rao products, rank r_1 r_2
 *   LoKr  kron(w1, P Q) = kron(I, P) kron(w1, Q), or kron(w1, P) kron(I, Q) where w1 has more rows than columns:
 *         the product itself is never made
 *
 * `out` is cleared by the caller on failure. */
bool adapter_read_factors(WeightFile *file, const LayerInfo *info, Layer *out, GError **error);

/* What alpha is divided by; 0 where the scale is 1 whatever alpha says (LoKr whose parts are both whole). */
uint64_t adapter_scale_rank(const LayerInfo *info, const WeightFile *file);
