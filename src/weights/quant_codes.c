/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/quant_codes.h"

#include "weights/half.h"

#include <math.h>
#include <string.h>

/* The sixteen values of IQ4_NL and IQ4_XS. */
static const float uneven[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/* E2M1: sign, two bits of exponent, one of fraction. */
static const float e2m1[16] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

/* 2n numbers from n bytes: the low half of byte i is number i, the high half number i + n. */
static void look_up(const float list[16], float scale, const unsigned char *restrict q, int n, float *restrict x) {
  for (int i = 0; i < n; i++) {
    x[i] = scale * list[q[i] & 15];
    x[i + n] = scale * list[q[i] >> 4];
  }
}

static void decode_iq4_nl(const unsigned char *restrict p, float *restrict x) {
  look_up(uneven, half_at(p), p + 2, 16, x);
}

/* Scale g has four low bits in half g % 2 of byte 4 + g / 2 and two high ones in a word before them. */
static void decode_iq4_xs(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  for (int g = 0; g < 8; g++) {
    int low = (p[4 + g / 2] >> (g % 2 * 4)) & 15, high = (p[2 + g / 4] >> (g % 4 * 2)) & 3;
    look_up(uneven, d * (float)((low | high << 4) - 32), p + 8 + 16 * g, 16, x + 32 * g);
  }
}

/* An exponent of all ones is the standard's NaN. */
static void decode_mxfp4(const unsigned char *restrict p, float *restrict x) {
  look_up(e2m1, p[0] == 255 ? NAN : ldexpf(1, p[0] - 127), p + 1, 16, x);
}

/* E4M3 without a sign; what would be NaN counts as 0, as the format's writers have it. */
static float unsigned_e4m3(unsigned char b) {
  const int exponent = (b >> 3) & 15, fraction = b & 7;
  if ((b & 127) == 127) return 0;
  return exponent ? ldexpf((float)(8 + fraction), exponent - 10) : ldexpf((float)fraction, -9);
}

static void decode_nvfp4(const unsigned char *restrict p, float *restrict x) {
  for (int g = 0; g < 4; g++) look_up(e2m1, unsigned_e4m3(p[g]), p + 4 + 8 * g, 8, x + 16 * g);
}

/* Digits 0 .. digits - 1 of n bytes, each a fraction in base 3 whose first digit counts most: digit k of
 * byte i is number k · n + i. */
static void ternary_digits(float d, const unsigned char *restrict q, int n, int digits, float *restrict x) {
  unsigned power = 1;
  for (int k = 0; k < digits; k++, power *= 3)
    for (int i = 0; i < n; i++) {
      int digit = (int)((q[i] * power & 255) * 3 >> 8);
      x[k * n + i] = d * (float)(digit - 1);
    }
}

static void decode_tq1_0(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p + 52);
  ternary_digits(d, p, 32, 5, x);
  ternary_digits(d, p + 32, 16, 5, x + 160);
  ternary_digits(d, p + 48, 4, 4, x + 240);
}

static void decode_tq2_0(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p + 64);
  for (int g = 0; g < 8; g++)
    for (int i = 0; i < 32; i++) {
      int q = (p[32 * (g / 4) + i] >> (g % 4 * 2)) & 3;
      x[32 * g + i] = d * (float)(q - 1);
    }
}

static void decode_q1_0(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  for (int i = 0; i < 128; i++) x[i] = p[2 + i / 8] >> (i % 8) & 1 ? d : -d;
}

static void decode_q2_0(const unsigned char *restrict p, float *restrict x) {
  const float d = half_at(p);
  for (int i = 0; i < 64; i++) {
    int q = p[2 + i / 4] >> (i % 4 * 2) & 3;
    x[i] = d * (float)(q - 1);
  }
}

QuantBlockDecoder quant_code_decoder(Dtype d) {
  switch (d) {
    case DTYPE_IQ4_NL:
      return decode_iq4_nl;
    case DTYPE_IQ4_XS:
      return decode_iq4_xs;
    case DTYPE_MXFP4:
      return decode_mxfp4;
    case DTYPE_NVFP4:
      return decode_nvfp4;
    case DTYPE_Q1_0:
      return decode_q1_0;
    case DTYPE_Q2_0:
      return decode_q2_0;
    case DTYPE_TQ1_0:
      return decode_tq1_0;
    case DTYPE_TQ2_0:
      return decode_tq2_0;
    default:
      return NULL;
  }
}
