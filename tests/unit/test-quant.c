/* SPDX-License-Identifier: Apache-2.0 */
/* Block formats against a slow reference that finds each number's bits one by one, and reading by
 * elements across blocks. Products are exact in double and the sum is rounded once, so the
 * reference gives the nearest float32, and the decoders must agree with it in every bit. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "numerics/rng.h"
#include "weights/convert.h"
#include "weights/dtype.h"
#include "weights/half.h"
#include "weights/quant.h"

enum { BLOCKS = 64 };

static const Dtype readable[] = {DTYPE_Q4_0,  DTYPE_Q4_1,  DTYPE_Q5_0,  DTYPE_Q5_1,  DTYPE_Q8_0,   DTYPE_Q2_K,
                                 DTYPE_Q3_K,  DTYPE_Q4_K,  DTYPE_Q5_K,  DTYPE_Q6_K,  DTYPE_IQ4_NL, DTYPE_IQ4_XS,
                                 DTYPE_TQ1_0, DTYPE_TQ2_0, DTYPE_MXFP4, DTYPE_NVFP4, DTYPE_Q1_0,   DTYPE_Q2_0};

static uint64_t block_bytes(Dtype d) {
  uint64_t bytes = 0;
  g_assert_true(dtype_bytes(d, dtype_block(d), &bytes));
  return bytes;
}

/* IEEE binary16 by its definition. */
static double half_value(unsigned h) {
  double sign = h & 0x8000 ? -1 : 1, fraction = h & 0x3ff;
  int exponent = (int)(h >> 10 & 31);
  if (exponent == 31) return fraction > 0 ? (double)NAN : sign * (double)INFINITY;
  return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static double half_in(const unsigned char *p) { return half_value(p[0] | (unsigned)p[1] << 8); }

/* n bits that start at bit `at`, counting from the lowest of byte 0. */
static int field(const unsigned char *p, int at, int n) {
  int value = 0;
  for (int i = 0; i < n; i++) value |= (p[(at + i) / 8] >> (at + i) % 8 & 1) << i;
  return value;
}

/* Bit of number e's four-bit field among 16 bytes that begin at bit 0. */
static int nibble_of_32(int e) { return e % 16 * 8 + e / 16 * 4; }

/* What a number is made of: scale · q - min. */
typedef struct {
  double scale, min;
  int q;
} Parts;

static Parts parts_of_32(Dtype d, const unsigned char *p, int e) {
  double scale = half_in(p);
  switch (d) {
    case DTYPE_Q4_0:
      return (Parts){scale, 0, field(p + 2, nibble_of_32(e), 4) - 8};
    case DTYPE_Q4_1:
      return (Parts){scale, -half_in(p + 2), field(p + 4, nibble_of_32(e), 4)};
    case DTYPE_Q5_0:
      return (Parts){scale, 0, field(p + 6, nibble_of_32(e), 4) + 16 * field(p + 2, e, 1) - 16};
    case DTYPE_Q5_1:
      return (Parts){scale, -half_in(p + 2), field(p + 8, nibble_of_32(e), 4) + 16 * field(p + 4, e, 1)};
    default:
      return (Parts){scale, 0, (signed char)p[2 + e]};
  }
}

/* Scale (low = 0) or minimum (low = 4) of group g: bytes a..d, A..D hold six bits of groups 0..3
 * and, above them, two of groups 4..7, whose other four bits are in the last four bytes. */
static int packed_scale(const unsigned char *s, int g, int first, int nibble) {
  if (g < 4) return field(s + first + g, 0, 6);
  return field(s + 4 + g, nibble, 4) + 16 * field(s + first + g - 4, 6, 2);
}

static int scale_of_q3_k(const unsigned char *s, int g) {
  return field(s + g % 8, g / 8 * 4, 4) + 16 * field(s + 8 + g % 4, g / 4 * 2, 2) - 32;
}

static Parts parts_of_256(Dtype d, const unsigned char *p, int e) {
  int half = e / 128, in_half = e % 128, two = in_half / 32 * 2, byte = 32 * half + e % 32;
  int nibble = (32 * (e / 64) + e % 32) * 8 + e / 32 % 2 * 4;
  switch (d) {
    case DTYPE_Q2_K:
      return (Parts){half_in(p + 80) * field(p + e / 16, 0, 4), half_in(p + 82) * field(p + e / 16, 4, 4),
                     field(p + 16 + byte, two, 2)};
    case DTYPE_Q3_K:
      return (Parts){half_in(p + 108) * scale_of_q3_k(p + 96, e / 16), 0,
                     field(p + 32 + byte, two, 2) + 4 * field(p + e % 32, e / 32, 1) - 4};
    case DTYPE_Q4_K:
      return (Parts){half_in(p) * packed_scale(p + 4, e / 32, 0, 0), half_in(p + 2) * packed_scale(p + 4, e / 32, 4, 4),
                     field(p + 16, nibble, 4)};
    case DTYPE_Q5_K:
      return (Parts){half_in(p) * packed_scale(p + 4, e / 32, 0, 0), half_in(p + 2) * packed_scale(p + 4, e / 32, 4, 4),
                     field(p + 48, nibble, 4) + 16 * field(p + 16 + e % 32, e / 32, 1)};
    default:
      return (Parts){half_in(p + 208) * (signed char)p[192 + e / 16], 0,
                     field(p + 64 * half + e % 64, in_half / 64 * 4, 4) + 16 * field(p + 128 + byte, two, 2) - 32};
  }
}

/* A float of four bits by its definition: exponent bias 1, one bit of fraction. */
static double e2m1_value(int code) {
  int exponent = code >> 1 & 3, fraction = code & 1;
  double x = exponent ? ldexp(2 + fraction, exponent - 2) : ldexp(fraction, -1);
  return code & 8 ? -x : x;
}

/* Four bits of exponent with bias 7, three of fraction; no sign, and no NaN. */
static double e4m3_value(int code) {
  int exponent = code >> 3 & 15, fraction = code & 7;
  if (exponent == 15 && fraction == 7) return 0;
  return exponent ? ldexp(1 + fraction / 8.0, exponent - 7) : ldexp(fraction / 8.0, -6);
}

/* Digit k, the most significant first, of byte b as a binary fraction written in base 3. */
static int ternary_digit(int b, int k) {
  double x = b / 256.0;
  for (; k > 0; k--) x = 3 * x - floor(3 * x);
  return (int)floor(3 * x) - 1;
}

static int ternary_of_tq1(const unsigned char *p, int e) {
  if (e < 160) return ternary_digit(p[e % 32], e / 32);
  if (e < 240) return ternary_digit(p[32 + (e - 160) % 16], (e - 160) / 16);
  return ternary_digit(p[48 + (e - 240) % 4], (e - 240) / 4);
}

/* The formats whose numbers come from a list or are ternary; those of list four bits wide. */
static double value_of_code(Dtype d, const unsigned char *p, int e) {
  static const int list[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  const int g = e / 32, scale = field(p + 4, 4 * g, 4) + 16 * field(p + 2, 2 * g, 2) - 32;
  switch (d) {
    case DTYPE_IQ4_NL:
      return half_in(p) * list[field(p + 2, nibble_of_32(e), 4)];
    case DTYPE_IQ4_XS:
      return half_in(p) * scale * list[field(p + 8 + 16 * g, nibble_of_32(e % 32), 4)];
    case DTYPE_MXFP4:
      return p[0] == 255 ? (double)NAN : ldexp(e2m1_value(field(p + 1, nibble_of_32(e), 4)), p[0] - 127);
    case DTYPE_NVFP4:
      return e4m3_value(p[e / 16]) * e2m1_value(field(p + 4 + e / 16 * 8, e % 8 * 8 + e % 16 / 8 * 4, 4));
    case DTYPE_TQ1_0:
      return half_in(p + 52) * ternary_of_tq1(p, e);
    case DTYPE_TQ2_0:
      return half_in(p + 64) * (field(p + 32 * (e / 128) + e % 32, e % 128 / 32 * 2, 2) - 1);
    case DTYPE_Q1_0:
      return half_in(p) * (field(p + 2, e, 1) ? 1 : -1);
    case DTYPE_Q2_0:
      return half_in(p) * (field(p + 2, 2 * e, 2) - 1);
    default:
      return (double)NAN;
  }
}

static bool is_code(Dtype d) { return (d >= DTYPE_IQ4_NL && d <= DTYPE_NVFP4) || d == DTYPE_Q1_0 || d == DTYPE_Q2_0; }

static float reference(Dtype d, const unsigned char *p, int e) {
  if (is_code(d)) return (float)value_of_code(d, p, e);
  Parts x = dtype_block(d) == 32 ? parts_of_32(d, p, e) : parts_of_256(d, p, e);
  double product = x.scale * x.q;
  return (float)(x.min != 0 ? product - x.min : product);
}

static bool same_bits(float a, float b) {
  return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)) || (a == 0 && b == 0);
}

static void assert_decodes(Dtype d, const unsigned char *bytes, size_t blocks) {
  const size_t block = dtype_block(d), width = (size_t)block_bytes(d);
  g_autofree float *x = g_new(float, (blocks * block));
  dtype_to_f32(d, bytes, x, blocks * block);
  for (size_t i = 0; i < blocks * block; i++) {
    float want = reference(d, bytes + i / block * width, (int)(i % block));
    if (!same_bits(x[i], want)) g_error("%s: number %zu is %a, not %a", dtype_name(d), i, (double)x[i], (double)want);
  }
}

/* Where the halves of a block are; the second at -1 when there is none. */
static void places_of_halves(Dtype d, int at[2]) {
  at[0] = d == DTYPE_MXFP4 || d == DTYPE_NVFP4 ? -1
          : d == DTYPE_TQ1_0                   ? 52
          : d == DTYPE_TQ2_0                   ? 64
          : d == DTYPE_Q2_K                    ? 80
          : d == DTYPE_Q3_K                    ? 108
          : d == DTYPE_Q6_K                    ? 208
                                               : 0;
  bool two = d == DTYPE_Q4_1 || d == DTYPE_Q5_1 || d == DTYPE_Q2_K || d == DTYPE_Q4_K || d == DTYPE_Q5_K;
  at[1] = two ? at[0] + 2 : -1;
}

static void set_half(unsigned char *p, unsigned h) {
  p[0] = (unsigned char)h;
  p[1] = (unsigned char)(h >> 8);
}

/* Random bytes, with scales over the whole range of finite halves. */
static void test_random(gconstpointer user) {
  const Dtype d = *(const Dtype *)user;
  const size_t width = (size_t)block_bytes(d);
  g_autofree unsigned char *bytes = g_malloc(BLOCKS * width + 1);
  Rng rng;
  rng_init(&rng, 11, d);
  for (size_t i = 0; i < BLOCKS * width + 1; i++) bytes[i] = (unsigned char)rng_u64(&rng);
  int at[2];
  places_of_halves(d, at);
  for (size_t b = 0; b < BLOCKS; b++)
    for (int k = 0; k < 2 && at[k] >= 0; k++) {
      unsigned char *high = bytes + b * width + at[k] + 1;
      if ((*high & 0x7c) == 0x7c) *high &= 0xfb; /* an exponent of all ones: infinity or NaN */
    }
  assert_decodes(d, bytes, BLOCKS);
  memmove(bytes + 1, bytes, BLOCKS * width); /* and from an odd address */
  assert_decodes(d, bytes + 1, BLOCKS);
}

/* Each bit of a block by itself, so that no field can stand for another. */
static void test_each_bit(gconstpointer user) {
  const Dtype d = *(const Dtype *)user;
  const size_t width = (size_t)block_bytes(d);
  unsigned char block[DTYPE_MAX_BLOCK_BYTES];
  int at[2];
  places_of_halves(d, at);
  for (size_t bit = 0; bit < width * 8; bit++)
    for (int fill = 0; fill < 2; fill++) {
      memset(block, fill ? 0xff : 0, width);
      if (at[0] >= 0) set_half(block + at[0], 0x3e00); /* 1.5 */
      if (at[1] >= 0) set_half(block + at[1], 0x4480); /* 4.5 */
      block[bit / 8] ^= (unsigned char)(1 << bit % 8);
      assert_decodes(d, block, 1);
    }
}

/* Every half as the scale of a block: conversion is exact, infinities and NaN included. */
static void test_halves(void) {
  unsigned char block[34] = {0};
  float x[32];
  block[2] = 1;
  for (unsigned h = 0; h < 0x10000; h++) {
    float want = (float)half_value(h);
    set_half(block, h);
    dtype_to_f32(DTYPE_Q8_0, block, x, 32);
    g_assert_true(same_bits(x[0], want));
    float direct = half_to_f32((uint16_t)h);
    g_assert_true(isnan(want) ? isnan(direct) : memcmp(&direct, &want, sizeof want) == 0);
  }
}

/* Blocks whose numbers can be worked out on paper. */
static void test_by_hand(void) {
  unsigned char q4_0[18] = {0x00, 0x38, 0x98};        /* 0.5; 8 and 9: 0 and 1 steps */
  unsigned char q4_k[144] = {0x00, 0x3c, 0x00, 0x40}; /* 1, 2 */
  unsigned char q6_k[210] = {0};
  float x[256];
  dtype_to_f32(DTYPE_Q4_0, q4_0, x, 32);
  g_assert_cmpfloat(x[0], ==, 0);
  g_assert_cmpfloat(x[16], ==, 0.5f);
  g_assert_cmpfloat(x[1], ==, -4);
  q4_k[4 + 1] = 3;      /* scale of group 1 */
  q4_k[4 + 4 + 1] = 5;  /* and its minimum */
  q4_k[4 + 8] = 0x21;   /* low bits of group 4: scale 1, minimum 2 */
  q4_k[4] = 0x40;       /* its scale's fifth bit: 17 */
  q4_k[16 + 7] = 0xc0;  /* number 32 + 7: twelve */
  q4_k[16 + 64] = 0x0d; /* number 128: thirteen */
  dtype_to_f32(DTYPE_Q4_K, q4_k, x, 256);
  g_assert_cmpfloat(x[32 + 7], ==, 3 * 12 - 2 * 5);
  g_assert_cmpfloat(x[32], ==, -10);
  g_assert_cmpfloat(x[128], ==, 17 * 13 - 2 * 2);
  g_assert_cmpfloat(x[0], ==, 0);
  set_half(q6_k + 208, 0x3c00);
  q6_k[192 + 9] = 0xfe;     /* group 9: minus two */
  q6_k[64 + 16 + 2] = 0x05; /* number 128 + 18: low bits 5 */
  q6_k[128 + 32 + 18] = 2;  /* high bits 2: 37 */
  dtype_to_f32(DTYPE_Q6_K, q6_k, x, 256);
  g_assert_cmpfloat(x[128 + 18], ==, -2 * (37 - 32));
  g_assert_cmpfloat(x[128 + 19], ==, 64);
}

/* Names, sizes, and who may use them. */
static void test_table(void) {
  static const struct {
    const char *name;
    size_t block, bytes;
  } sizes[] = {{"Q4_0", 32, 18},     {"Q4_1", 32, 20},     {"Q5_0", 32, 22},     {"Q5_1", 32, 24},
               {"Q8_0", 32, 34},     {"Q8_1", 32, 36},     {"Q2_K", 256, 84},    {"Q3_K", 256, 110},
               {"Q4_K", 256, 144},   {"Q5_K", 256, 176},   {"Q6_K", 256, 210},   {"Q8_K", 256, 292},
               {"IQ1_S", 256, 50},   {"IQ1_M", 256, 56},   {"IQ2_XXS", 256, 66}, {"IQ2_XS", 256, 74},
               {"IQ2_S", 256, 82},   {"IQ3_XXS", 256, 98}, {"IQ3_S", 256, 110},  {"IQ4_NL", 32, 18},
               {"IQ4_XS", 256, 136}, {"TQ1_0", 256, 54},   {"TQ2_0", 256, 66},   {"MXFP4", 32, 17},
               {"NVFP4", 64, 36},    {"Q1_0", 128, 18},    {"Q2_0", 64, 18}};
  Dtype d;
  for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
    g_assert_false(dtype_from_name(sizes[i].name, &d)); /* safetensors has no such type */
    g_assert_true(dtype_from_any_name(sizes[i].name, &d));
    g_assert_cmpuint(dtype_block(d), ==, sizes[i].block);
    g_assert_cmpuint(block_bytes(d), ==, sizes[i].bytes);
    g_assert_true(dtype_is_float(d));
    uint64_t bytes;
    g_assert_false(dtype_bytes(d, sizes[i].block + 1, &bytes));
  }
  for (int i = 0; i < DTYPE_COUNT; i++) {
    g_assert_true(dtype_from_any_name(dtype_name((Dtype)i), &d));
    g_assert_cmpint(d, ==, i);
    g_assert_true(dtype_block(d) <= DTYPE_MAX_BLOCK);
    if (dtype_has_size(d)) g_assert_true(block_bytes(d) <= DTYPE_MAX_BLOCK_BYTES);
  }
  float x[256];
  g_assert_false(quant_to_f32(DTYPE_Q8_K, sizes, x, 1));
  g_assert_true(dtype_from_name("F4", &d));
}

static float clamp(float x, float low, float high) { return fminf(fmaxf(x, low), high); }

/* What is left of a block's numbers when a plain encoder has rounded them. */
static void round_block(Dtype d, const float *x, float *rounded) {
  float low = x[0], high = x[0], top = 0;
  int bits = d == DTYPE_Q8_0 ? 8 : d == DTYPE_Q4_0 || d == DTYPE_Q4_1 ? 4 : 5;
  for (int i = 0; i < 32; i++) {
    low = fminf(low, x[i]);
    high = fmaxf(high, x[i]);
    if (fabsf(x[i]) > fabsf(top)) top = x[i];
  }
  bool offset = d == DTYPE_Q4_1 || d == DTYPE_Q5_1;
  int steps = 1 << bits, middle = steps / 2;
  float step = offset ? (high - low) / (float)(steps - 1) : d == DTYPE_Q8_0 ? fabsf(top) / 127 : -top / (float)middle;
  for (int i = 0; i < 32; i++) {
    float q = offset ? roundf((x[i] - low) / step) : roundf(x[i] / step);
    q = offset ? clamp(q, 0, (float)(steps - 1)) : clamp(q, (float)-middle, (float)(middle - 1));
    rounded[i] = step * q + (offset ? low : 0);
  }
}

/* dtype_epsilon() bounds what rounding does, relative to the block's largest magnitude. */
static void test_epsilon(void) {
  Rng rng;
  rng_init(&rng, 3, 0);
  for (size_t f = 0; f < 5; f++)
    for (int trial = 0; trial < 200; trial++) {
      float x[32], y[32], top = 0;
      rng_fill_normal(&rng, x, 32, 1);
      round_block(readable[f], x, y);
      for (int i = 0; i < 32; i++) top = fmaxf(top, fabsf(x[i]));
      for (int i = 0; i < 32; i++) g_assert_cmpfloat(fabsf(x[i] - y[i]), <=, (float)dtype_epsilon(readable[f]) * top);
    }
  g_assert_true(dtype_epsilon(DTYPE_Q6_K) < dtype_epsilon(DTYPE_Q4_K));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(readable); i++) {
    g_autofree char *random = g_strdup_printf("/quant/random/%s", dtype_name(readable[i]));
    g_autofree char *bits = g_strdup_printf("/quant/each-bit/%s", dtype_name(readable[i]));
    g_test_add_data_func(random, &readable[i], test_random);
    g_test_add_data_func(bits, &readable[i], test_each_bit);
  }
  g_test_add_func("/quant/halves", test_halves);
  g_test_add_func("/quant/by-hand", test_by_hand);
  g_test_add_func("/quant/table", test_table);
  g_test_add_func("/quant/epsilon", test_epsilon);
  return g_test_run();
}
