/* SPDX-License-Identifier: Apache-2.0 */
/* The block formats of GGUF: a few numbers share a scale, so that each costs 2 to 8 bits.
 *
 *   Q4_0 Q5_0 Q8_0   blocks of 32:   x = d · q             q signed, d binary16
 *   Q4_1 Q5_1        blocks of 32:   x = d · q + m         q from 0
 *   Q3_K Q6_K        blocks of 256:  x = (d · s) · q       s: a small integer for each 16 numbers
 *   Q2_K Q4_K Q5_K   blocks of 256:  x = (d · s) · q - (d' · s')    for each 16 (Q2_K) or 32
 *   and those of quant_codes.h
 *
 * Scales have 11 significant bits and all integers together at most 12, so every product is
 * exact in float32 and only the last sum rounds: each result is the one float32 nearest to the
 * defined value, whatever the compiler makes of the loop. */
#pragma once

#include "weights/dtype.h"

/* `blocks` whole blocks of format d to float32. src needs no alignment. False, with nothing
 * written, when d is no block format that is read here. Safe from several threads. */
bool quant_to_f32(Dtype d, const void *src, float *dst, size_t blocks);
