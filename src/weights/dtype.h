/* SPDX-License-Identifier: Apache-2.0 */
/* Number formats of tensors, and their conversion to and from float32. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
  DTYPE_F64,
  DTYPE_F32,
  DTYPE_F16,
  DTYPE_BF16,
  DTYPE_F8_E4M3,
  DTYPE_F8_E5M2,
  DTYPE_I64,
  DTYPE_I32,
  DTYPE_I16,
  DTYPE_I8,
  DTYPE_U64,
  DTYPE_U32,
  DTYPE_U16,
  DTYPE_U8,
  DTYPE_BOOL,
  /* Formats that are listed and skipped over, but not converted. */
  DTYPE_C64,
  DTYPE_F8_E8M0,
  DTYPE_F6_E2M3,
  DTYPE_F6_E3M2,
  DTYPE_F4,
  DTYPE_COUNT
} Dtype;

/* "F32", as safetensors spells it. Static text. */
const char *dtype_name(Dtype d);

/* False for a name we do not know. */
bool dtype_from_name(const char *name, Dtype *d);

/* Bytes of `count` elements; false when they overflow 64 bits or do not fill whole blocks
 * (formats below 8 bits are packed: two F4 a byte, four F6 in three). */
bool dtype_bytes(Dtype d, uint64_t count, uint64_t *bytes);

/* Floating or integer numbers that dtype_to_f32() understands. */
bool dtype_is_readable(Dtype d);

/* A float format: what a network computes with, rather than counters and masks. */
bool dtype_is_float(Dtype d);

/* Relative rounding error of the format (half a unit in the last place), 0 for integers. */
double dtype_epsilon(Dtype d);

/* n elements to float32. src needs no alignment and is little-endian; d must be readable. */
void dtype_to_f32(Dtype d, const void *src, float *dst, size_t n);

/* n float32 to F64, F32, F16 or BF16, rounded to nearest even. False for other formats. */
bool dtype_from_f32(Dtype d, const float *src, void *dst, size_t n);
