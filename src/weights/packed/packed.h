/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices that a quantiser has packed into several tensors, shown as the matrices they stand for.
 *
 *   GPTQ                 X.qweight, X.qzeros, X.scales, X.g_idx   (q - z - 1) · s, its second form (q - z) · s
 *   AWQ                  X.qweight, X.qzeros, X.scales            (q - z) · s, eight columns interleaved in a word
 *   compressed-tensors   X.weight_packed, X.weight_scale, …       (q - z) · s, packed along the input
 *   MLX                  X.weight, X.scales, X.biases             q · s + b
 *   bitsandbytes 4 bit   X.weight, X.weight.absmax, …             table[q] · absmax of 64; absmax packed once more
 *   bitsandbytes 8 bit   X.weight, X.SCB                          q · SCB / 127 of a row
 *   MXFP4                X_blocks, X_scales; F4 with F8_E8M0      E2M1 · 2^(e - 127) of 32
 *   NVFP4                X.weight, X.weight_scale, X.weight_scale_2   E2M1 · E4M3 of 16 · the whole's
 *   scaled FP8 and int8  X.weight, X.weight_scale(_inv)           q · s of the matrix, its rows or its blocks
 *                        X.weight_zero_point                  (q - z) · s
 *   torchao              X._weight_qdata, X._weight_scale      q · s of a row, with X._weight_zero_point (q - z) · s
 *   HQQ                  X.W_q, X.scale, X.zero, X.shape, …       (q - z) · s of groups of rows or columns
 *   Quanto               X.weight._data, X.weight._scale          q · s of a row
 *   EXL2, EXL3           X.q_weight, X.q_scale, …; X.trellis, …   named, with their shapes; so HQQ of 1 and 3 bits and
 *                                                                 Quanto of 2 and 4
 *
 * Such a matrix is one tensor, called as in the plain model, of a packed number format (dtype.h); the parts are not
 * listed. Its bytes, as weight_file_read_raw() gives them, are float32 (of those that are only named, the codes). A group that lacks a part or has one of another
 * shape than its kind asks for is left as it is stored. */
#pragma once

#include "weights/weight_file.h"

/* The file with its packed matrices unpacked, or the file itself when there are none. Takes `file`. Reads small
 * descriptions of bitsandbytes and compressed-tensors, and no matrix. */
WeightFile *packed_view(WeightFile *file);

/* Of a file that packed_view() gave: its GPTQ matrices are of the second form, whose zeros are stored as they are
 * (checkpoint_format "gptq_v2", which only the configuration says). Before anything is read. No effect on others. */
void packed_say_zeros_are_whole(WeightFile *file);
