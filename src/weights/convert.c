/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/convert.h"

#include <math.h>
#include <string.h>

#include "weights/half.h"
#include "weights/quant.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weight files are little-endian and are read as they lie: port convert.c first"
#endif

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

static float f32_from_e5m2(uint8_t x) { return half_to_f32((uint16_t)(x << 8)); }

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
  switch (dtype_is_packed(d) ? DTYPE_F32 : d) {
    case DTYPE_F64:
      CONVERT(double, v);
      break;
    case DTYPE_F32:
      if (n) memcpy(dst, src, n * sizeof *dst);
      break;
    case DTYPE_F16:
      CONVERT(uint16_t, half_to_f32(v));
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
      if (!quant_to_f32(d, src, dst, n / dtype_block(d))) memset(dst, 0, n * sizeof *dst);
      break;
  }
}

bool dtype_from_f32(Dtype d, const float *src, void *dst, size_t n) {
  unsigned char *p = dst;
  uint64_t step; /* bytes of one number */
  if (!dtype_bytes(d, dtype_block(d), &step)) return false;
  for (size_t i = 0; i < n; i++, p += step) {
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
