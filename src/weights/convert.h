/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as files hold them, to and from float32. All functions are safe from several threads. */
#pragma once

#include "weights/dtype.h"

/* n elements, a multiple of dtype_block(d), to float32. src needs no alignment and is
 * little-endian; d must be readable. */
void dtype_to_f32(Dtype d, const void *src, float *dst, size_t n);

/* n float32 to F64, F32, F16 or BF16, rounded to nearest even, or to I64, cut to whole numbers (0 for
 * what is no such number). False for other formats. */
bool dtype_from_f32(Dtype d, const float *src, void *dst, size_t n);
