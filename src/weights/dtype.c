/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/dtype.h"

#include <math.h>
#include <string.h>

#include "weights/formats/quant.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weight files are little-endian and are read as they lie: port dtype.c first"
#endif

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
    [DTYPE_IQ1_S] = {"IQ1_S", 256, 50, false, true, 0},
    [DTYPE_IQ1_M] = {"IQ1_M", 256, 56, false, true, 0},
    [DTYPE_IQ2_XXS] = {"IQ2_XXS", 256, 66, false, true, 0},
    [DTYPE_IQ2_XS] = {"IQ2_XS", 256, 74, false, true, 0},
    [DTYPE_IQ2_S] = {"IQ2_S", 256, 82, false, true, 0},
    [DTYPE_IQ3_XXS] = {"IQ3_XXS", 256, 98, false, true, 0},
    [DTYPE_IQ3_S] = {"IQ3_S", 256, 110, false, true, 0},
    [DTYPE_IQ4_NL] = {"IQ4_NL", 32, 18, true, true, 0x1p-3},
    [DTYPE_IQ4_XS] = {"IQ4_XS", 256, 136, true, true, 0x1p-3},
    [DTYPE_TQ1_0] = {"TQ1_0", 256, 54, true, true, 0x1p-1},
    [DTYPE_TQ2_0] = {"TQ2_0", 256, 66, true, true, 0x1p-1},
    [DTYPE_Q4_0_4_4] = {"Q4_0_4_4", 32, 18, false, true, 0},
    [DTYPE_Q4_0_4_8] = {"Q4_0_4_8", 32, 18, false, true, 0},
    [DTYPE_Q4_0_8_8] = {"Q4_0_8_8", 32, 18, false, true, 0},
    [DTYPE_MXFP4] = {"MXFP4", 32, 17, true, true, 0x1p-2},
    [DTYPE_NVFP4] = {"NVFP4", 64, 36, true, true, 0x1p-2},
    [DTYPE_Q1_0] = {"Q1_0", 128, 18, false, true, 0},
    [DTYPE_Q2_0] = {"Q2_0", 64, 0, false, true, 0},
    [DTYPE_OTHER] = {"OTHER", 1, 0, false, true, 0},
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

double dtype_epsilon(Dtype d) { return facts[d].epsilon; }

static float f32_from_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static uint32_t f32_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  return bits;
}

/* IEEE binary16: 1 sign, 5 exponent, 10 fraction bits. Both branches are computed, so that
 * the loop over many stays free of jumps. */
static float f32_from_f16(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16;
  uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13;
  /* Normal numbers: shift the exponent's bias from 15 to 127; infinities and NaN once more. */
  uint32_t normal = magnitude + (112u << 23);
  if (magnitude >= 0x0f800000u) normal += 112u << 23;
  /* Subnormals: let the float unit normalise 0.fraction x 2^-14. */
  float subnormal = f32_from_bits(magnitude + (113u << 23)) - 0x1p-14f;
  uint32_t bits = magnitude < 0x00800000u ? f32_bits(subnormal) : normal;
  return f32_from_bits(bits | sign);
}

float dtype_half_to_f32(uint16_t half) { return f32_from_f16(half); }

static uint16_t f16_from_f32(float f) {
  uint32_t bits = f32_bits(f);
  uint16_t sign = (uint16_t)((bits >> 16) & 0x8000);
  uint32_t a = bits & 0x7fffffffu;
  if (a > 0x7f800000u) return sign | 0x7e00;  /* NaN */
  if (a >= 0x477ff000u) return sign | 0x7c00; /* rounds to infinity: >= 65520 */
  if (a < 0x38800000u) {                      /* below 2^-14: subnormal or zero */
    float scaled = f32_from_bits(a) + 0.5f;   /* 0.5 has units of 2^-24: rounds for us */
    return sign | (uint16_t)(f32_bits(scaled) - 0x3f000000u);
  }
  uint32_t rounded = a - (112u << 23) + 0x0fffu + ((a >> 13) & 1);
  return sign | (uint16_t)(rounded >> 13);
}

static uint16_t bf16_from_f32(float f) {
  uint32_t bits = f32_bits(f);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x40); /* NaN */
  return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

/* OFP8 (Micikevicius et al. 2022): E4M3 has no infinity and one NaN; E5M2 is a cut binary16. */
static float f32_from_e4m3(uint8_t x) {
  unsigned exponent = (x >> 3) & 15, fraction = x & 7;
  float sign = x & 0x80 ? -1.0f : 1.0f;
  if (exponent == 15 && fraction == 7) return NAN;
  if (exponent == 0) return sign * (float)fraction * 0x1p-9f;
  return sign * ldexpf(1.0f + (float)fraction / 8.0f, (int)exponent - 7);
}

static float f32_from_e5m2(uint8_t x) { return f32_from_f16((uint16_t)(x << 8)); }

/* One loop for each type: load without alignment, convert, store. */
#define CONVERT(type, expression)                       \
  do {                                                  \
    const unsigned char *p = src;                       \
    for (size_t i = 0; i < n; i++, p += sizeof(type)) { \
      type v;                                           \
      memcpy(&v, p, sizeof v);                          \
      dst[i] = (float)(expression);                     \
    }                                                   \
  } while (0)

void dtype_to_f32(Dtype d, const void *src, float *dst, size_t n) {
  switch (d) {
    case DTYPE_F64:
      CONVERT(double, v);
      break;
    case DTYPE_F32:
      if (n) memcpy(dst, src, n * sizeof *dst);
      break;
    case DTYPE_F16:
      CONVERT(uint16_t, f32_from_f16(v));
      break;
    case DTYPE_BF16:
      CONVERT(uint16_t, f32_from_bits((uint32_t)v << 16));
      break;
    case DTYPE_F8_E4M3:
      CONVERT(uint8_t, f32_from_e4m3(v));
      break;
    case DTYPE_F8_E5M2:
      CONVERT(uint8_t, f32_from_e5m2(v));
      break;
    case DTYPE_I64:
      CONVERT(int64_t, v);
      break;
    case DTYPE_I32:
      CONVERT(int32_t, v);
      break;
    case DTYPE_I16:
      CONVERT(int16_t, v);
      break;
    case DTYPE_I8:
      CONVERT(int8_t, v);
      break;
    case DTYPE_U64:
      CONVERT(uint64_t, v);
      break;
    case DTYPE_U32:
      CONVERT(uint32_t, v);
      break;
    case DTYPE_U16:
      CONVERT(uint16_t, v);
      break;
    case DTYPE_U8:
      CONVERT(uint8_t, v);
      break;
    case DTYPE_BOOL:
      CONVERT(uint8_t, v != 0);
      break;
    default:
      if (!quant_to_f32(d, src, dst, n / facts[d].block)) memset(dst, 0, n * sizeof *dst);
      break;
  }
}

bool dtype_from_f32(Dtype d, const float *src, void *dst, size_t n) {
  unsigned char *p = dst;
  for (size_t i = 0; i < n; i++, p += facts[d].block_bytes) {
    uint16_t half = 0;
    double wide = src[i];
    int64_t whole = fabsf(src[i]) < 0x1p62f ? (int64_t)src[i] : 0;
    switch (d) {
      case DTYPE_F64:
        memcpy(p, &wide, sizeof wide);
        break;
      case DTYPE_F32:
        memcpy(p, &src[i], sizeof src[i]);
        break;
      case DTYPE_I64:
        memcpy(p, &whole, sizeof whole);
        break;
      case DTYPE_F16:
        half = f16_from_f32(src[i]);
        memcpy(p, &half, sizeof half);
        break;
      case DTYPE_BF16:
        half = bf16_from_f32(src[i]);
        memcpy(p, &half, sizeof half);
        break;
      default:
        return false;
    }
  }
  return true;
}
