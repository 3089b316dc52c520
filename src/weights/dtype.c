/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/dtype.h"

#include <string.h>

typedef struct {
  const char *name;
  unsigned block, block_bytes; /* elements that are packed together, and their bytes; 0: unknown */
  bool readable, is_float;
  double epsilon;
} DtypeFacts;

static const DtypeFacts facts[DTYPE_COUNT] = {
    [DTYPE_F64] = {"F64", 1, 8, true, true, 0x1p-53},
    [DTYPE_F32] = {"F32", 1, 4, true, true, 0x1p-24},
    [DTYPE_F16] = {"F16", 1, 2, true, true, 0x1p-11},
    [DTYPE_BF16] = {"BF16", 1, 2, true, true, 0x1p-8},
    [DTYPE_F8_E4M3] = {"F8_E4M3", 1, 1, true, true, 0x1p-4},
    [DTYPE_F8_E5M2] = {"F8_E5M2", 1, 1, true, true, 0x1p-3},
    [DTYPE_I64] = {"I64", 1, 8, true, false, 0},
    [DTYPE_I32] = {"I32", 1, 4, true, false, 0},
    [DTYPE_I16] = {"I16", 1, 2, true, false, 0},
    [DTYPE_I8] = {"I8", 1, 1, true, false, 0},
    [DTYPE_U64] = {"U64", 1, 8, true, false, 0},
    [DTYPE_U32] = {"U32", 1, 4, true, false, 0},
    [DTYPE_U16] = {"U16", 1, 2, true, false, 0},
    [DTYPE_U8] = {"U8", 1, 1, true, false, 0},
    [DTYPE_BOOL] = {"BOOL", 1, 1, true, false, 0},
    [DTYPE_C64] = {"C64", 1, 8, false, false, 0},
    [DTYPE_F8_E8M0] = {"F8_E8M0", 1, 1, false, false, 0},
    [DTYPE_F6_E2M3] = {"F6_E2M3", 4, 3, false, true, 0},
    [DTYPE_F6_E3M2] = {"F6_E3M2", 4, 3, false, true, 0},
    [DTYPE_F4] = {"F4", 2, 1, false, true, 0},
    /* Up to a whole step of the block's range: an encoder may have to clip the outermost one. */
    [DTYPE_Q4_0] = {"Q4_0", 32, 18, true, true, 0x1p-3},
    [DTYPE_Q4_1] = {"Q4_1", 32, 20, true, true, 0x1p-3},
    [DTYPE_Q5_0] = {"Q5_0", 32, 22, true, true, 0x1p-4},
    [DTYPE_Q5_1] = {"Q5_1", 32, 24, true, true, 0x1p-4},
    [DTYPE_Q8_0] = {"Q8_0", 32, 34, true, true, 0x1p-7},
    [DTYPE_Q2_K] = {"Q2_K", 256, 84, true, true, 0x1p-1},
    [DTYPE_Q3_K] = {"Q3_K", 256, 110, true, true, 0x1p-2},
    [DTYPE_Q4_K] = {"Q4_K", 256, 144, true, true, 0x1p-3},
    [DTYPE_Q5_K] = {"Q5_K", 256, 176, true, true, 0x1p-4},
    [DTYPE_Q6_K] = {"Q6_K", 256, 210, true, true, 0x1p-5},
    [DTYPE_Q8_1] = {"Q8_1", 32, 36, false, true, 0},
    [DTYPE_Q8_K] = {"Q8_K", 256, 292, false, true, 0},
    [DTYPE_IQ1_S] = {"IQ1_S", 256, 50, true, true, 0x1p-1},
    [DTYPE_IQ1_M] = {"IQ1_M", 256, 56, true, true, 0x1p-1},
    [DTYPE_IQ2_XXS] = {"IQ2_XXS", 256, 66, true, true, 0x1p-1},
    [DTYPE_IQ2_XS] = {"IQ2_XS", 256, 74, true, true, 0x1p-1},
    [DTYPE_IQ2_S] = {"IQ2_S", 256, 82, true, true, 0x1p-1},
    [DTYPE_IQ3_XXS] = {"IQ3_XXS", 256, 98, true, true, 0x1p-2},
    [DTYPE_IQ3_S] = {"IQ3_S", 256, 110, true, true, 0x1p-2},
    [DTYPE_IQ4_NL] = {"IQ4_NL", 32, 18, true, true, 0x1p-3},
    [DTYPE_IQ4_XS] = {"IQ4_XS", 256, 136, true, true, 0x1p-3},
    [DTYPE_TQ1_0] = {"TQ1_0", 256, 54, true, true, 0x1p-1},
    [DTYPE_TQ2_0] = {"TQ2_0", 256, 66, true, true, 0x1p-1},
    [DTYPE_Q4_0_4_4] = {"Q4_0_4_4", 32, 18, false, true, 0},
    [DTYPE_Q4_0_4_8] = {"Q4_0_4_8", 32, 18, false, true, 0},
    [DTYPE_Q4_0_8_8] = {"Q4_0_8_8", 32, 18, false, true, 0},
    [DTYPE_MXFP4] = {"MXFP4", 32, 17, true, true, 0x1p-2},
    [DTYPE_NVFP4] = {"NVFP4", 64, 36, true, true, 0x1p-2},
    [DTYPE_Q1_0] = {"Q1_0", 128, 18, true, true, 0x1p-1},
    [DTYPE_Q2_0] = {"Q2_0", 64, 18, true, true, 0x1p-1},
    [DTYPE_OTHER] = {"OTHER", 1, 0, false, true, 0},
    [DTYPE_PACKED_INT2] = {"INT2", 1, 4, true, true, 0x1p-1},
    [DTYPE_PACKED_INT3] = {"INT3", 1, 4, true, true, 0x1p-2},
    [DTYPE_PACKED_INT4] = {"INT4", 1, 4, true, true, 0x1p-3},
    [DTYPE_PACKED_INT5] = {"INT5", 1, 4, true, true, 0x1p-4},
    [DTYPE_PACKED_INT6] = {"INT6", 1, 4, true, true, 0x1p-5},
    [DTYPE_PACKED_INT8] = {"INT8", 1, 4, true, true, 0x1p-7},
    [DTYPE_PACKED_NF4] = {"NF4", 1, 4, true, true, 0.155}, /* half the widest gap of the table */
    [DTYPE_PACKED_FP4] = {"FP4", 1, 4, true, true, 0x1p-2},
    [DTYPE_PACKED_MXFP4] = {"MXFP4-scaled", 1, 4, true, true, 0x1p-2},
    [DTYPE_PACKED_NVFP4] = {"NVFP4-scaled", 1, 4, true, true, 0x1p-2},
    [DTYPE_PACKED_F4] = {"F4-scaled", 1, 4, true, true, 0x1p-2},
    [DTYPE_PACKED_EXL2] = {"EXL2", 1, 4, false, true, 0},
    [DTYPE_PACKED_EXL3] = {"EXL3", 1, 4, false, true, 0},
    [DTYPE_PACKED_HQQ] = {"HQQ", 1, 4, false, true, 0},
    [DTYPE_PACKED_QUANTO] = {"Quanto", 1, 4, false, true, 0},
    [DTYPE_PACKED_FP8] = {"FP8-scaled", 1, 4, true, true, 0x1p-4},
};

/* The last that has a name in safetensors. */
enum { LAST_SAFETENSORS = DTYPE_F4 };

const char *dtype_name(Dtype d) { return d < DTYPE_COUNT ? facts[d].name : "?"; }

static bool find_name(const char *name, int n, Dtype *d) {
  for (int i = 0; i < n; i++)
    if (strcmp(name, facts[i].name) == 0) {
      *d = (Dtype)i;
      return true;
    }
  return false;
}

bool dtype_from_name(const char *name, Dtype *d) { return find_name(name, LAST_SAFETENSORS + 1, d); }

bool dtype_from_any_name(const char *name, Dtype *d) { return find_name(name, DTYPE_COUNT, d); }

size_t dtype_block(Dtype d) { return facts[d].block; }

bool dtype_has_size(Dtype d) { return facts[d].block_bytes > 0; }

bool dtype_bytes(Dtype d, uint64_t count, uint64_t *bytes) {
  const DtypeFacts *f = &facts[d];
  if (count % f->block != 0) return false;
  return !__builtin_mul_overflow(count / f->block, (uint64_t)f->block_bytes, bytes);
}

bool dtype_is_readable(Dtype d) { return facts[d].readable; }

bool dtype_is_float(Dtype d) { return facts[d].is_float; }

bool dtype_is_packed(Dtype d) { return d >= DTYPE_PACKED_INT2; }
bool dtype_is_quantised(Dtype d) { return facts[d].block > 2 || dtype_is_packed(d); }

double dtype_epsilon(Dtype d) { return facts[d].epsilon; }
