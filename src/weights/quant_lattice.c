/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/quant_lattice.h"

#include <stdbool.h>

#include "weights/half.h"
#include "weights/lattice_points.h"

static const float two_bits[4] = {8, 25, 43, 0};
static const float three_bits[8] = {4, 12, 20, 28, 36, 44, 52, 62};
static const float odd[8] = {1, 3, 5, 7, 9, 11, 13, 15};
static const float ternary[4] = {-1, 0, 1, 0};

static unsigned u16_at(const unsigned char *p) { return p[0] | (unsigned)p[1] << 8; }

static uint32_t u32_at(const unsigned char *p) { return u16_at(p) | (uint32_t)u16_at(p + 2) << 16; }

/* Seven signs and the eighth, by which their number is even. */
static unsigned eight_signs(unsigned seven) {
  seven &= 127;
  return seven | (unsigned)__builtin_parity(seven) << 7;
}

/* Eight numbers of two bits; signs: a bit for each that is negative. */
static void put_eight(unsigned point, float scale, unsigned signs, float *restrict x) {
  for (int k = 0; k < 8; k++) {
    float v = scale * two_bits[point >> (2 * k) & 3];
    x[k] = signs >> k & 1 ? -v : v;
  }
}

/* Two points of four numbers of three bits. */
static void put_four_twice(const float list[8], unsigned first, unsigned second, float scale, unsigned signs,
                           float *restrict x) {
  unsigned both = first | second << 12;
  for (int k = 0; k < 8; k++) {
    float v = scale * list[both >> (3 * k) & 7];
    x[k] = signs >> k & 1 ? -v : v;
  }
}

static void put_ternary(unsigned point, float scale, bool down, float *restrict x) {
  float move = down ? -0.125f : 0.125f;
  for (int k = 0; k < 8; k++) x[k] = scale * (ternary[point >> (2 * k) & 3] + move);
}

/* For 32 numbers four codes of a byte, and a word of four times seven signs under the scale. */
static void decode_iq2_xxs(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  for (int g = 0; g < 8; g++) {
    const unsigned char *q = p + 2 + 8 * g;
    uint32_t word = u32_at(q + 4);
    float scale = d * (0.5f + (float)(word >> 28)) * 0.25f;
    for (int k = 0; k < 4; k++) put_eight(lattice_2_256[q[k]], scale, eight_signs(word >> (7 * k)), x + 32 * g + 8 * k);
  }
}

/* The scale of 16 numbers: half g % 2 of byte g / 2. */
static float half_byte_scale(float d, const unsigned char *scales, int g) {
  return d * (0.5f + (float)(scales[g / 2] >> (g % 2 * 4) & 15)) * 0.25f;
}

/* Nine bits of code under seven signs. */
static void decode_iq2_xs(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  for (int k = 0; k < 32; k++) {
    unsigned q = u16_at(p + 2 + 2 * k);
    put_eight(lattice_2_512[q & 511], half_byte_scale(d, p + 66, k / 2), eight_signs(q >> 9), x + 8 * k);
  }
}

static void decode_iq2_s(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  for (int k = 0; k < 32; k++) {
    unsigned high = p[66 + k / 4] >> (k % 4 * 2) & 3;
    put_eight(lattice_2_1024[p[2 + k] | high << 8], half_byte_scale(d, p + 74, k / 2), p[34 + k], x + 8 * k);
  }
}

static void decode_iq3_xxs(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  for (int g = 0; g < 8; g++) {
    const unsigned char *q = p + 2 + 8 * g;
    uint32_t word = u32_at(p + 66 + 4 * g);
    float scale = d * (0.5f + (float)(word >> 28)) * 0.5f;
    for (int k = 0; k < 4; k++)
      put_four_twice(three_bits, lattice_3_256[q[2 * k]], lattice_3_256[q[2 * k + 1]], scale,
                     eight_signs(word >> (7 * k)), x + 32 * g + 8 * k);
  }
}

/* A code's ninth bit is bit k % 8 of a byte for eight codes. */
static unsigned ninth(const unsigned char *high, int k) { return (unsigned)(high[k / 8] >> (k % 8) & 1) << 8; }

static void decode_iq3_s(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  const unsigned char *q = p + 2, *high = p + 66, *signs = p + 74, *scales = p + 106;
  for (int k = 0; k < 32; k++) {
    float scale = d * (float)(2 * (scales[k / 8] >> (k / 4 % 2 * 4) & 15) + 1);
    unsigned first = lattice_3_512[q[2 * k] | ninth(high, 2 * k)];
    unsigned second = lattice_3_512[q[2 * k + 1] | ninth(high, 2 * k + 1)];
    put_four_twice(odd, first, second, scale, signs[k], x + 8 * k);
  }
}

/* For 32 numbers a word: three bits more for each of four codes, the scale, and which way all move. */
static void decode_iq1_s(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  for (int k = 0; k < 32; k++) {
    unsigned word = u16_at(p + 34 + 2 * (k / 4)), high = word >> (k % 4 * 3) & 7;
    float scale = d * (float)(2 * (word >> 12 & 7) + 1);
    put_ternary(lattice_1_2048[p[2 + k] | high << 8], scale, word >> 15, x + 8 * k);
  }
}

/* For each eight numbers half a byte: three bits more of the code, and which way they move. d lies in the highest bits
 * of the four words of scales. */
static void decode_iq1_m(const unsigned char *restrict p, float *restrict x) {
  unsigned word[4], bits = 0;
  for (int k = 0; k < 4; k++) {
    word[k] = u16_at(p + 48 + 2 * k);
    bits |= word[k] >> 12 << (4 * k);
  }
  const float d = half_to_f32((uint16_t)bits);
  for (int k = 0; k < 32; k++) {
    unsigned high = p[32 + k / 2] >> (k % 2 * 4) & 15;
    float scale = d * (float)(2 * (word[k / 8] >> (k / 2 % 4 * 3) & 7) + 1);
    put_ternary(lattice_1_2048[p[k] | (high & 7) << 8], scale, high >> 3, x + 8 * k);
  }
}

QuantBlockDecoder quant_lattice_decoder(Dtype d) {
  switch (d) {
    case DTYPE_IQ1_S:
      return decode_iq1_s;
    case DTYPE_IQ1_M:
      return decode_iq1_m;
    case DTYPE_IQ2_XXS:
      return decode_iq2_xxs;
    case DTYPE_IQ2_XS:
      return decode_iq2_xs;
    case DTYPE_IQ2_S:
      return decode_iq2_s;
    case DTYPE_IQ3_XXS:
      return decode_iq3_xxs;
    case DTYPE_IQ3_S:
      return decode_iq3_s;
    default:
      return NULL;
  }
}
