/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/quant.h"

#include "weights/half.h"

#include <string.h>

#include "weights/quant_codes.h"
#include "weights/quant_lattice.h"

/* Blocks of 32. Of each byte of q the low half is number i, the high half number i + 16. */

static void decode_q4_0(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  const unsigned char *q = p + 2;
  for (int i = 0; i < 16; i++) x[i] = d * (float)((q[i] & 15) - 8);
  for (int i = 0; i < 16; i++) x[i + 16] = d * (float)((q[i] >> 4) - 8);
}

static void decode_q4_1(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p), m = half_at(p + 2);
  const unsigned char *q = p + 4;
  for (int i = 0; i < 16; i++) x[i] = d * (float)(q[i] & 15) + m;
  for (int i = 0; i < 16; i++) x[i + 16] = d * (float)(q[i] >> 4) + m;
}

/* The 32 numbers 0..31 of q, whose fifth bits are packed in `high`, lowest first. */
static void join_fifth_bits(const unsigned char *restrict high, const unsigned char *restrict q,
                            unsigned char joined[32]) {
  static const unsigned char bit[8] = {1, 2, 4, 8, 16, 32, 64, 128};
  for (int k = 0; k < 2; k++)
    for (int i = 0; i < 8; i++) {
      unsigned char low = high[k] & bit[i] ? 16 : 0, top = high[k + 2] & bit[i] ? 16 : 0;
      joined[8 * k + i] = (unsigned char)((q[8 * k + i] & 15) | low);
      joined[8 * k + i + 16] = (unsigned char)((q[8 * k + i] >> 4) | top);
    }
}

static void decode_q5_0(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  unsigned char q[32];
  join_fifth_bits(p + 2, p + 6, q);
  for (int i = 0; i < 32; i++) x[i] = d * (float)(q[i] - 16);
}

static void decode_q5_1(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p), m = half_at(p + 2);
  unsigned char q[32];
  join_fifth_bits(p + 4, p + 8, q);
  for (int i = 0; i < 32; i++) x[i] = d * (float)q[i] + m;
}

static void decode_q8_0(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  const unsigned char *q = p + 2;
  for (int i = 0; i < 32; i++) x[i] = d * (float)(int8_t)q[i];
}

/* Blocks of 256, in two halves of 128. Within a half, fields of two bits lie so that byte l
 * holds numbers l, l + 32, l + 64, l + 96; fields of one bit so that byte l holds numbers l,
 * l + 32, ... of the whole block. Group g are the 16 (or 32) numbers that share a scale. */

static void decode_q2_k(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p + 80), d_min = half_at(p + 82);
  for (int g = 0; g < 16; g++) {
    const unsigned char *q = p + 16 + 32 * (g / 8) + 16 * (g % 2);
    const float scale = d * (float)(p[g] & 15), min = d_min * (float)(p[g] >> 4);
    const int shift = g % 8 / 2 * 2;
    for (int l = 0; l < 16; l++) x[16 * g + l] = scale * (float)((q[l] >> shift) & 3) - min;
  }
}

/* Sixteen scales of 6 bits: the low four of scale g in half g / 8 of byte g % 8, the high two in
 * bits 2 (g / 4) of byte 8 + g % 4. They are stored 32 above their value. */
static int scale_of_q3_k(const unsigned char *s, int g) {
  int low = (s[g % 8] >> (g / 8 * 4)) & 15, high = (s[8 + g % 4] >> (g / 4 * 2)) & 3;
  return (low | high << 4) - 32;
}

/* A number is four less where its bit of the mask is not set. */
static void decode_q3_k(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p + 108);
  for (int g = 0; g < 16; g++) {
    const unsigned char *mask = p + 16 * (g % 2), *q = p + 32 + 32 * (g / 8) + 16 * (g % 2);
    const float scale = d * (float)scale_of_q3_k(p + 96, g);
    const int shift = g % 8 / 2 * 2, bit = g / 2;
    for (int l = 0; l < 16; l++) {
      int high = ((mask[l] >> bit) & 1) * 4;
      x[16 * g + l] = scale * (float)(((q[l] >> shift) & 3) + high - 4);
    }
  }
}

/* Eight pairs of scale and minimum, 6 bits each, in 12 bytes: whole in the low bits of bytes 0..3
 * and 4..7 for groups 0..3; for 4..7 four bits in bytes 8..11, two above those of groups 0..3. */
static void scales_of_q4_k(const unsigned char *s, int g, int *scale, int *min) {
  if (g < 4) {
    *scale = s[g] & 63;
    *min = s[g + 4] & 63;
  } else {
    *scale = (s[g + 4] & 15) | (s[g - 4] >> 6) << 4;
    *min = (s[g + 4] >> 4) | (s[g] >> 6) << 4;
  }
}

static void decode_q4_k(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p), d_min = half_at(p + 2);
  for (int g = 0; g < 8; g++) {
    const unsigned char *q = p + 16 + 32 * (g / 2);
    const int shift = g % 2 * 4;
    int s, m;
    scales_of_q4_k(p + 4, g, &s, &m);
    const float scale = d * (float)s, min = d_min * (float)m;
    for (int l = 0; l < 32; l++) x[32 * g + l] = scale * (float)((q[l] >> shift) & 15) - min;
  }
}

static void decode_q5_k(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p), d_min = half_at(p + 2);
  const unsigned char *high = p + 16;
  for (int g = 0; g < 8; g++) {
    const unsigned char *q = p + 48 + 32 * (g / 2);
    const int shift = g % 2 * 4;
    int s, m;
    scales_of_q4_k(p + 4, g, &s, &m);
    const float scale = d * (float)s, min = d_min * (float)m;
    for (int l = 0; l < 32; l++) {
      int fifth = ((high[l] >> g) & 1) * 16;
      x[32 * g + l] = scale * (float)(((q[l] >> shift) & 15) + fifth) - min;
    }
  }
}

/* The low four bits of numbers l and l + 64 of a half share byte l of 64. */
static void decode_q6_k(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p + 208);
  for (int g = 0; g < 16; g++) {
    const int half = g / 8, quarter = g % 8 / 2, odd = g % 2;
    const unsigned char *low = p + 64 * half + 32 * (quarter % 2) + 16 * odd;
    const unsigned char *high = p + 128 + 32 * half + 16 * odd;
    const float scale = d * (float)(int8_t)p[192 + g];
    const int shift = quarter / 2 * 4;
    for (int l = 0; l < 16; l++) {
      int top = ((high[l] >> (2 * quarter)) & 3) * 16;
      x[16 * g + l] = scale * (float)(((low[l] >> shift) & 15) + top - 32);
    }
  }
}

static QuantBlockDecoder decoder_of(Dtype d) {
  switch (d) {
    case DTYPE_Q4_0:
      return decode_q4_0;
    case DTYPE_Q4_1:
      return decode_q4_1;
    case DTYPE_Q5_0:
      return decode_q5_0;
    case DTYPE_Q5_1:
      return decode_q5_1;
    case DTYPE_Q8_0:
      return decode_q8_0;
    case DTYPE_Q2_K:
      return decode_q2_k;
    case DTYPE_Q3_K:
      return decode_q3_k;
    case DTYPE_Q4_K:
      return decode_q4_k;
    case DTYPE_Q5_K:
      return decode_q5_k;
    case DTYPE_Q6_K:
      return decode_q6_k;
    default:
      break;
  }
  QuantBlockDecoder code = quant_code_decoder(d);
  return code ? code : quant_lattice_decoder(d);
}

bool quant_to_f32(Dtype d, const void *src, float *dst, size_t blocks) {
  QuantBlockDecoder decode = decoder_of(d);
  if (!decode) return false;
  const size_t block = dtype_block(d);
  uint64_t width;
  dtype_bytes(d, block, &width);
  const unsigned char *p = src;
  for (size_t i = 0; i < blocks; i++, p += width, dst += block) decode(p, dst);
  return true;
}
