/* SPDX-License-Identifier: Apache-2.0 */
/* The block formats of GGUF whose numbers stand in a short list or are ternary digits.
 *
 *   IQ4_NL        blocks of 32:   x = d · v[q]          v: 16 values, closer together around 0
 *   IQ4_XS        blocks of 256:  x = (d · s) · v[q]    s: 6 bits for each 32 numbers
 *   MXFP4         blocks of 32:   x = 2^(e - 127) · f   f: the four-bit float E2M1 (OCP MX 1.0, 5.3.3)
 *   NVFP4         blocks of 64:   x = s · f             s: an unsigned E4M3 for each 16 numbers
 *   Q1_0          blocks of 128:  x = d or -d           a bit a number
 *   Q2_0          blocks of 64:   x = d · q             q: -1, 0, 1, 2 (four to a byte)
 *   TQ1_0 TQ2_0   blocks of 256:  x = d · q             q: -1, 0, 1 (five to a byte, or four)
 *
 * Layouts and lists are those of ggml's format definition (ggml-common.h). All products are exact in
 * float32 but those that overflow. The formats that index a lattice (IQ1, IQ2, IQ3) are quant_lattice.h's. */
#pragma once

#include "weights/dtype.h"

/* Decodes one block from bytes without alignment into dtype_block() numbers. */
typedef void (*QuantBlockDecoder)(const unsigned char *restrict p, float *restrict x);

/* The decoder of one of the formats above, NULL for any other. Safe from several threads. */
QuantBlockDecoder quant_code_decoder(Dtype d);
