/* SPDX-License-Identifier: Apache-2.0 */
/* The block formats of GGUF that index a lattice: a code picks eight numbers (IQ3: four) at once, signs and scales stand
 * beside it. All blocks are of 256 numbers, x = d · s · p:
 *
 *   IQ2_XXS  of 256 points,  s = (2 s4 + 1)/8 for 32 numbers, seven signs in a row tell the eighth
 *   IQ2_XS   of 512 points,  s = (2 s4 + 1)/8 for 16 numbers, signs likewise
 *   IQ2_S    of 1,024,       s as IQ2_XS, all signs stored
 *   IQ3_XXS  of 256 points,  s = (2 s4 + 1)/4 for 32 numbers, seven signs in a row
 *   IQ3_S    of 512 points,  s = 2 s4 + 1     for 32 numbers, all signs stored
 *   IQ1_S    of 2,048,       s = 2 s3 + 1     for 32 numbers, p moved by an eighth up or down
 *   IQ1_M    of 2,048,       s = 2 s3 + 1     for 16 numbers, the same move for each eight
 *
 * Layouts are those of ggml's format definition (ggml-common.h). */
#pragma once

#include "weights/quant_codes.h"

/* The decoder of one of the formats above, NULL for any other. Safe from several threads. */
QuantBlockDecoder quant_lattice_decoder(Dtype d);
