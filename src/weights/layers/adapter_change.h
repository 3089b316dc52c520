/* SPDX-License-Identifier: Apache-2.0 */
/* Changes that depend on the matrix W that they are changes of, computed where W is at hand:
 *
 *   DoRA  m V/|V| - W, V = W + s B A: norms over each row's inputs, or over each input's rows where the magnitudes are
 *         stored as a row (LyCORIS), a kernel's places together with their channel
 *   IA3   W with its rows or columns multiplied: PEFT stores the factor f (d_out x 1, or 1 x d_in), LyCORIS 1 + f with
 *         "on_input" for columns
 *
 *   OFT, BOFT, GLoRA   see adapter_rotation.h
 *
 * Sources: PEFT (tuners/lora/dora.py, tuners/ia3), LyCORIS (modules/ia3.py). */
#pragma once

#include "weights/layers/layer.h"

/* True when adapter_change_read() knows the form. */
bool adapter_change_is_known(AdapterForm form);

/* DoRA: turns a layer's factors, read by layer_read(), into the dense change of `base` (dense, of its shape). False
 * when the magnitudes cannot be read or do not fit; the factors then stay. */
bool adapter_change_dora(WeightFile *file, const LayerInfo *info, const Layer *base, Layer *layer);

/* The dense change of `base` by any form but DoRA. `out` is cleared with layer_clear(). False when it cannot be read or
 * does not fit. */
bool adapter_change_read(WeightFile *file, const UncomputedLayer *layer, const Layer *base, Layer *out);
