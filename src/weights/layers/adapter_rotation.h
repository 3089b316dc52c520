/* SPDX-License-Identifier: Apache-2.0 */
/* Changes by orthogonal blocks and by products with the matrix itself, computed where the base is at hand:
 *
 *   OFT    PEFT turns the inputs: W R' - W, R one block a group of inputs, or one for all groups.
 *            oft_R   n x b(b-1)/2, the triangle above the diagonal of a skew Q;  R = (I - Q)(I + Q)^-1, or its series
 *                    I + 2Q + 2Q² + … of as many terms as the configuration says
 *            oft_r   n x b x b, Q = (X - X')/2; oft_s multiplies the rows
 *          LyCORIS and kohya turn the outputs: R' W - W of each block of rows, rescale multiplies the rows.
 *            oft_blocks   n x b x b, Q = X - X' brought to the length alpha d_out at most, R = (I + Q)(I - Q)^-1
 *   BOFT   PEFT: W M', M = M_n … M_0, M_i = P_i D_i P_i', D_i blocks as oft_r's of boft_R (n + 1, blocks, b, b), P_i the
 *          butterfly that brings half-blocks at even places of each stretch of b 2^i before those at odd places (none where
 *          there is one factor); boft_s multiplies the rows. A convolution's, which PEFT lays out otherwise, is not computed
 *   GLoRA  s (b2 b1 + W a2 a1), s = alpha/r; newer files call the left factor 1 and the right one 2
 *
 * Sources: PEFT (tuners/oft/layer.py, tuners/boft/layer.py), LyCORIS (modules/diag_oft.py, modules/glora.py), ComfyUI (weight_adapter). */
#pragma once

#include "weights/layers/layer.h"

/* The dense change of `base` (dense). `out` is cleared with layer_clear(). False when the parts cannot be read or do not
 * fit, and for a convolution in GLoRA. */
bool adapter_change_rotated(WeightFile *file, const UncomputedLayer *layer, const Layer *base, Layer *out);
bool adapter_change_butterfly(WeightFile *file, const UncomputedLayer *layer, const Layer *base, Layer *out);
bool adapter_change_glora(WeightFile *file, const UncomputedLayer *layer, const Layer *base, Layer *out);
