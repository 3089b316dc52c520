/* SPDX-License-Identifier: Apache-2.0 */
/* Number formats of tensors: their names, sizes and precision. */
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
  /* Block formats of GGUF that are converted: see weights/quant.h. */
  DTYPE_Q4_0,
  DTYPE_Q4_1,
  DTYPE_Q5_0,
  DTYPE_Q5_1,
  DTYPE_Q8_0,
  DTYPE_Q2_K,
  DTYPE_Q3_K,
  DTYPE_Q4_K,
  DTYPE_Q5_K,
  DTYPE_Q6_K,
  DTYPE_IQ4_NL,
  DTYPE_IQ4_XS,
  DTYPE_TQ1_0,
  DTYPE_TQ2_0,
  DTYPE_MXFP4,
  DTYPE_NVFP4,
  /* Those that are listed with their sizes, but not converted. */
  DTYPE_Q8_1,
  DTYPE_Q8_K,
  DTYPE_IQ1_S,
  DTYPE_IQ1_M,
  DTYPE_IQ2_XXS,
  DTYPE_IQ2_XS,
  DTYPE_IQ2_S,
  DTYPE_IQ3_XXS,
  DTYPE_IQ3_S,
  DTYPE_Q4_0_4_4,
  DTYPE_Q4_0_4_8,
  DTYPE_Q4_0_8_8,
  DTYPE_Q1_0,  /* converted */
  DTYPE_Q2_0,  /* converted: 64 numbers in 18 bytes; a file that lays it out otherwise has it as DTYPE_OTHER */
  DTYPE_OTHER, /* a type that a file has and we have no name for */
  /* Matrices that several tensors stand for (packed/packed.h): their numbers are given as float32. */
  DTYPE_PACKED_INT2,
  DTYPE_PACKED_INT3,
  DTYPE_PACKED_INT4,
  DTYPE_PACKED_INT5,
  DTYPE_PACKED_INT6,
  DTYPE_PACKED_INT8,
  DTYPE_PACKED_NF4,
  DTYPE_PACKED_FP4,
  DTYPE_PACKED_MXFP4,
  DTYPE_PACKED_NVFP4,
  DTYPE_PACKED_FP8,
  DTYPE_PACKED_F4, /* F4 of safetensors with exponents beside it: MXFP4 otherwise stored */
  /* Those that are told by name and shape; their bytes are the codes as they are stored. */
  DTYPE_PACKED_EXL2,
  DTYPE_PACKED_EXL3,
  DTYPE_PACKED_HQQ,
  DTYPE_PACKED_QUANTO,
  DTYPE_COUNT
} Dtype;

/* The largest block of all formats. */
enum { DTYPE_MAX_BLOCK = 256, DTYPE_MAX_BLOCK_BYTES = 292 };

/* "F32", as safetensors spells it, or "Q4_K", as GGUF does. Static text. */
const char *dtype_name(Dtype d);

/* From a name that safetensors may use; false for any other, those of GGUF's blocks too. */
bool dtype_from_name(const char *name, Dtype *d);

/* From any name that dtype_name() gives: for what we wrote ourselves. */
bool dtype_from_any_name(const char *name, Dtype *d);

/* Elements that are packed together: 32 or 256 in GGUF's block formats, 1 in nearly all
 * others. Conversion works on whole blocks. */
size_t dtype_block(Dtype d);

/* Bytes of `count` elements; false when they overflow 64 bits or do not fill whole blocks
 * (formats below 8 bits are packed: two F4 a byte, four F6 in three). 0 bytes when the type
 * alone does not tell the size. */
bool dtype_bytes(Dtype d, uint64_t count, uint64_t *bytes);

/* False for the types of which dtype_bytes() cannot know the size. */
bool dtype_has_size(Dtype d);

/* Floating or integer numbers that dtype_to_f32() (convert.h) understands. */
bool dtype_is_readable(Dtype d);

/* A float format: what a network computes with, rather than counters and masks. */
bool dtype_is_float(Dtype d);

/* A matrix that several tensors stand for, whose numbers are given as float32 (packed/packed.h). */
bool dtype_is_packed(Dtype d);

/* A format that numbers were brought to after training: blocks that share a scale, or packed matrices. */
bool dtype_is_quantised(Dtype d);

/* Rounding error of the format, 0 for integers: relative to the number itself (half a unit in
 * the last place), in block formats to the largest magnitude of the number's block. */
double dtype_epsilon(Dtype d);
