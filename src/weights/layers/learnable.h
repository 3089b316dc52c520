/* SPDX-License-Identifier: Apache-2.0 */
/* What experts learn from: a file's layers, and beside them what an adapter stores of a change that depends on the
 * matrix W it changes. Of adapters of one base W is the same for all, and V ΔW U, the response of such a change to probes,
 * is linear in what is stored (or, of turned blocks, nearly so: they lie close to the identity). Taken by itself it
 * therefore says all that the change would, with and without the base on disk, and at the cost of a few vectors:
 *
 *   IA3        V diag(f - 1) W U = sum_o f_o V_·o (W U)_o· - V W U                    MODULE.scaling    f, a column
 *   DoRA       the direction's factors B A are the layer MODULE itself                MODULE.magnitude  m, a column
 *   OFT, BOFT  V W (R' - 1) U, R' - 1 = 2 Q + O(Q²) of skew blocks Q                  MODULE.rotation   a row a block
 *              rows multiplied besides                                                MODULE.scaling
 *   GLoRA      s (V b2 b1 U + V W a2 a1 U)                                            MODULE.b, MODULE.a   two pairs
 *
 * Sources: as adapter_change.h and adapter_rotation.h. */
#pragma once

#include "weights/layers/layer.h"

/* layer_list(), and after it the layers above. Those that are dense are read and centred like any other dense layer.
 * Reads the header only. Array of LayerInfo; free with g_array_unref. */
GArray *learnable_list(const WeightFile *file, const AdapterConfig *config);

/* Appends what stands above to `layers`, as layer_list_named() gave them. */
void learnable_add(const WeightFile *file, const FileNames *names, GArray *layers);

/* True for a layer that learnable_add() appended. */
bool learnable_is_beside(const LayerInfo *layer);
