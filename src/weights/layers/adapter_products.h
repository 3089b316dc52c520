/* SPDX-License-Identifier: Apache-2.0 */
/* Changes stored as products of products, LoHa and LoKr, as two factors; adapter_factors.h has the equations. */
#pragma once

#include "weights/layers/layer_info.h"

/* Shape and rank into `info`; false when the parts do not fit together. */
bool adapter_settle_loha(LayerInfo *info, const WeightFile *file);
bool adapter_settle_lokr(LayerInfo *info, const WeightFile *file);

/* Fills in out->a and out->b, which have been allocated. */
bool adapter_read_loha(WeightFile *file, const LayerInfo *info, Layer *out, GError **error);
bool adapter_read_lokr(WeightFile *file, const LayerInfo *info, Layer *out, GError **error);

/* The rank of the factored part; 0 when both are whole. */
uint64_t adapter_lokr_rank(const LayerInfo *info, const WeightFile *file);
