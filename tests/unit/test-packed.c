/* SPDX-License-Identifier: Apache-2.0 */
/* Packed matrices against the numbers they were made of: codes and scales are drawn, the expected value of each number
 * is computed from them, and only then the codes are packed, bit by bit, as each tool lays them out. */
#include <math.h>
#include <string.h>

#include "tests/unit/packed_case.h"
#include "weights/convert.h"
#include "weights/packed/packed.h"

/* --- integers --------------------------------------------------------------------------------- */

typedef struct {
  unsigned bits;
  bool order;  /* inputs belong to groups out of order */
  bool second; /* the form that keeps zeros as they are, all of them the middle */
  bool told;   /* the same form with any zeros, of which the configuration tells */
} Gptq;

static void test_gptq(gconstpointer data) {
  const Gptq *kind = data;
  enum { GROUP = 32, GROUPS = IN / GROUP };
  g_autofree PackedCase *c = packed_case_new(kind->bits);
  RawTensors t = raw_tensors_new();
  uint32_t codes[OUT * IN] = {0}, zeros[GROUPS * OUT] = {0};
  unsigned z[GROUPS * OUT];
  float s[GROUPS * OUT];
  int32_t order[IN];
  packed_draw(c, kind->bits, OUT * IN);
  for (int g = 0; g < GROUPS * OUT; g++) {
    s[g] = packed_draw_scale(c);
    z[g] = kind->second ? 1u << (kind->bits - 1) : 1 + (unsigned)rng_below(&c->rng, (1u << kind->bits) - 1);
    unsigned stored = kind->second || kind->told ? z[g] : z[g] - 1;
    packed_put_bits(zeros + g / OUT * (OUT * kind->bits / 32), (size_t)(g % OUT) * kind->bits, kind->bits, stored);
  }
  for (int i = 0; i < IN; i++) order[i] = kind->order ? (i * 7) % GROUPS : i / GROUP;
  for (int o = 0; o < OUT; o++)
    for (int i = 0; i < IN; i++) {
      int g = order[i] * OUT + o;
      unsigned q = c->q[o * IN + i];
      c->want[o * IN + i] = ((float)q - (float)z[g]) * s[g];
      for (unsigned b = 0; b < kind->bits; b++) {
        size_t bit = (size_t)i * kind->bits + b;
        if (q >> b & 1) codes[bit / 32 * OUT + (size_t)o] |= 1u << (bit % 32);
      }
    }
  int words = IN * (int)kind->bits / 32, zero_words = OUT * (int)kind->bits / 32;
  raw_tensors_add(&t, "l.q.qweight", "I32", (int[]){words, OUT, -1}, codes, (size_t)(words * OUT) * 4);
  raw_tensors_add(&t, "l.q.qzeros", "I32", (int[]){GROUPS, zero_words, -1}, zeros, (size_t)(GROUPS * zero_words) * 4);
  packed_add_halves(&t, "l.q.scales", s, GROUPS, OUT);
  raw_tensors_add(&t, "l.q.g_idx", "I32", (int[]){IN, -1}, order, sizeof order);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  if (kind->told) packed_say_zeros_are_whole(f);
  const Dtype d = kind->bits == 2 ? DTYPE_PACKED_INT2 : kind->bits == 4 ? DTYPE_PACKED_INT4 : DTYPE_PACKED_INT8;
  packed_assert(f, "l.q.weight", d, (int[]){OUT, IN, -1}, c);
}

/* Three bits run over the ends of words: the width must be whole words for the zeros too. */
static void test_gptq_3(void) {
  enum { WIDE = 32, GROUPS = 2, GROUP = IN / 2 };
  g_autofree PackedCase *c = packed_case_new(3);
  RawTensors t = raw_tensors_new();
  uint32_t codes[WIDE * IN] = {0}, zeros[GROUPS * WIDE] = {0};
  float s[GROUPS * WIDE];
  packed_draw(c, 3, WIDE * IN);
  for (int g = 0; g < GROUPS * WIDE; g++) {
    s[g] = packed_draw_scale(c);
    packed_put_bits(zeros + g / WIDE * 3, (size_t)(g % WIDE) * 3, 3, (unsigned)g % 5);
  }
  for (int o = 0; o < WIDE; o++)
    for (int i = 0; i < IN; i++) {
      int g = i / GROUP * WIDE + o;
      c->want[o * IN + i] = ((float)c->q[o * IN + i] - (float)(g % 5) - 1) * s[g];
      for (unsigned b = 0; b < 3; b++) {
        size_t bit = (size_t)i * 3 + b;
        if (c->q[o * IN + i] >> b & 1) codes[bit / 32 * WIDE + (size_t)o] |= 1u << (bit % 32);
      }
    }
  raw_tensors_add(&t, "q.qweight", "I32", (int[]){6, WIDE, -1}, codes, 6 * WIDE * 4);
  raw_tensors_add(&t, "q.qzeros", "I32", (int[]){GROUPS, 3, -1}, zeros, GROUPS * 3 * 4);
  packed_add_halves(&t, "q.scales", s, GROUPS, WIDE);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  packed_assert(f, "q.weight", DTYPE_PACKED_INT3, (int[]){WIDE, IN, -1}, c);
}

/* Columns 0, 2, 4, 6, 1, 3, 5, 7 of each eight, lowest bits first. */
static void test_awq(void) {
  static const int woven[8] = {0, 2, 4, 6, 1, 3, 5, 7};
  enum { GROUP = 32, GROUPS = IN / GROUP };
  g_autofree PackedCase *c = packed_case_new(5);
  RawTensors t = raw_tensors_new();
  uint32_t codes[IN * OUT / 8] = {0}, zeros[GROUPS * OUT / 8] = {0};
  unsigned z[GROUPS * OUT];
  float s[GROUPS * OUT];
  packed_draw(c, 4, OUT * IN);
  for (int g = 0; g < GROUPS * OUT; g++) s[g] = packed_draw_scale(c), z[g] = (unsigned)rng_below(&c->rng, 16);
  for (int i = 0; i < IN; i++)
    for (int w = 0; w < OUT / 8; w++)
      for (int k = 0; k < 8; k++) {
        int o = 8 * w + woven[k];
        codes[i * OUT / 8 + w] |= c->q[o * IN + i] << (4 * k);
        if (i < GROUPS) zeros[i * OUT / 8 + w] |= z[i * OUT + o] << (4 * k);
      }
  for (int o = 0; o < OUT; o++)
    for (int i = 0; i < IN; i++) {
      int g = i / GROUP * OUT + o;
      c->want[o * IN + i] = ((float)c->q[o * IN + i] - (float)z[g]) * s[g];
    }
  raw_tensors_add(&t, "a.qweight", "I32", (int[]){IN, OUT / 8, -1}, codes, sizeof codes);
  raw_tensors_add(&t, "a.qzeros", "I32", (int[]){GROUPS, OUT / 8, -1}, zeros, sizeof zeros);
  packed_add_halves(&t, "a.scales", s, GROUPS, OUT);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  packed_assert(f, "a.weight", DTYPE_PACKED_INT4, (int[]){OUT, IN, -1}, c);
}

/* compressed-tensors: along the rows, 8 above the signed value; zeros packed down the rows. */
static void test_rows(gconstpointer zeros_too) {
  enum { GROUP = 32, GROUPS = IN / GROUP };
  g_autofree PackedCase *c = packed_case_new(6);
  RawTensors t = raw_tensors_new();
  uint32_t codes[OUT * IN / 8] = {0}, zeros[OUT / 8 * GROUPS] = {0};
  unsigned z[OUT * GROUPS];
  float s[OUT * GROUPS];
  int64_t shape[2] = {OUT, IN};
  packed_draw(c, 4, OUT * IN);
  for (int o = 0; o < OUT; o++)
    for (int g = 0; g < GROUPS; g++) {
      s[o * GROUPS + g] = packed_draw_scale(c);
      z[o * GROUPS + g] = zeros_too ? (unsigned)rng_below(&c->rng, 16) : 8;
      zeros[o / 8 * GROUPS + g] |= z[o * GROUPS + g] << (o % 8 * 4);
    }
  for (int o = 0; o < OUT; o++)
    for (int i = 0; i < IN; i++) {
      int g = o * GROUPS + i / GROUP;
      c->want[o * IN + i] = ((float)c->q[o * IN + i] - (float)z[g]) * s[g];
      packed_put_bits(codes + o * IN / 8, (size_t)i * 4, 4, c->q[o * IN + i]);
    }
  raw_tensors_add(&t, "c.weight_packed", "I32", (int[]){OUT, IN / 8, -1}, codes, sizeof codes);
  packed_add_halves(&t, "c.weight_scale", s, OUT, GROUPS);
  raw_tensors_add(&t, "c.weight_shape", "I64", (int[]){2, -1}, shape, sizeof shape);
  if (zeros_too) raw_tensors_add(&t, "c.weight_zero_point", "I32", (int[]){OUT / 8, GROUPS, -1}, zeros, sizeof zeros);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  packed_assert(f, "c.weight", DTYPE_PACKED_INT4, (int[]){OUT, IN, -1}, c);
}

static void test_mlx(gconstpointer data) {
  const unsigned bits = GPOINTER_TO_UINT(data);
  enum { WIDE = 2 * IN, GROUPS = WIDE / 64 };
  g_autofree PackedCase *c = packed_case_new(bits);
  RawTensors t = raw_tensors_new();
  uint32_t codes[OUT * WIDE] = {0};
  float s[OUT * GROUPS], b[OUT * GROUPS];
  packed_draw(c, bits, OUT * WIDE);
  for (int g = 0; g < OUT * GROUPS; g++) s[g] = packed_draw_scale(c), b[g] = -packed_draw_scale(c);
  const int words = WIDE * (int)bits / 32;
  for (int o = 0; o < OUT; o++)
    for (int i = 0; i < WIDE; i++) {
      int g = o * GROUPS + i / 64;
      c->want[o * WIDE + i] = (float)c->q[o * WIDE + i] * s[g] + b[g];
      packed_put_bits(codes + o * words, (size_t)i * bits, bits, c->q[o * WIDE + i]);
    }
  raw_tensors_add(&t, "m.weight", "U32", (int[]){OUT, words, -1}, codes, (size_t)(OUT * words) * 4);
  packed_add_halves(&t, "m.scales", s, OUT, GROUPS);
  packed_add_halves(&t, "m.biases", b, OUT, GROUPS);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  const Dtype d = bits == 3 ? DTYPE_PACKED_INT3 : bits == 4 ? DTYPE_PACKED_INT4 : DTYPE_PACKED_INT6;
  packed_assert(f, "m.weight", d, (int[]){OUT, WIDE, -1}, c);
}

/* Eight bits by 32 and four by 64 come out even both: the length of a norm tells which. */
static void test_mlx_told_by_norms(void) {
  enum { GROUP = 32, GROUPS = IN / GROUP };
  g_autofree PackedCase *c = packed_case_new(8);
  RawTensors t = raw_tensors_new();
  uint32_t codes[OUT * IN / 4] = {0};
  float s[OUT * GROUPS], b[OUT * GROUPS], norm[IN] = {0};
  packed_draw(c, 8, OUT * IN);
  for (int g = 0; g < OUT * GROUPS; g++) s[g] = packed_draw_scale(c), b[g] = -packed_draw_scale(c);
  for (int i = 0; i < OUT * IN; i++) {
    c->want[i] = (float)c->q[i] * s[i / GROUP] + b[i / GROUP];
    packed_put_bits(codes, (size_t)i * 8, 8, c->q[i]);
  }
  raw_tensors_add(&t, "m.weight", "U32", (int[]){OUT, IN / 4, -1}, codes, sizeof codes);
  packed_add_halves(&t, "m.scales", s, OUT, GROUPS);
  packed_add_halves(&t, "m.biases", b, OUT, GROUPS);
  raw_tensors_add(&t, "norm.weight", "F32", (int[]){IN, -1}, norm, sizeof norm);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 2);
  packed_assert(f, "m.weight", DTYPE_PACKED_INT8, (int[]){OUT, IN, -1}, c);
}

/* --- bitsandbytes ----------------------------------------------------------------------------- */

static const float table[16] = {-1.0f, -0.7f, -0.52f, -0.4f, -0.28f, -0.18f, -0.09f, 0.0f,
                                0.08f, 0.16f, 0.25f,  0.34f, 0.44f,  0.56f,  0.72f,  1.0f};

static void test_table(gconstpointer nested) {
  enum { BLOCK = 64, BLOCKS = OUT * IN / BLOCK, OUTER = 8 };
  g_autofree PackedCase *c = packed_case_new(7);
  RawTensors t = raw_tensors_new();
  unsigned char codes[OUT * IN / 2], packed[BLOCKS];
  float absmax[BLOCKS], map[256], outer[BLOCKS / OUTER];
  packed_draw(c, 4, OUT * IN);
  for (int i = 0; i < 256; i++) map[i] = (float)(i - 128) / 128;
  for (int i = 0; i < BLOCKS / OUTER; i++) outer[i] = packed_draw_scale(c);
  for (int i = 0; i < BLOCKS; i++) {
    packed[i] = (unsigned char)rng_below(&c->rng, 256);
    absmax[i] = nested ? map[packed[i]] * outer[i / OUTER] + 0.5f : packed_draw_scale(c);
  }
  for (int i = 0; i < OUT * IN; i++) c->want[i] = table[c->q[i]] * absmax[i / BLOCK];
  for (int i = 0; i < OUT * IN / 2; i++) codes[i] = (unsigned char)(c->q[2 * i] << 4 | c->q[2 * i + 1]);
  const char *state =
      nested
          ? "{\"quant_type\":\"nf4\",\"blocksize\":64,\"shape\":[32,64],\"nested_blocksize\":8,\"nested_offset\":0.5}"
          : "{\"quant_type\":\"fp4\",\"blocksize\":64,\"shape\":[32,64],\"dtype\":\"float16\"}";
  /* The codes may be kept as numbers of any type. */
  if (nested) raw_tensors_add(&t, "b.weight", "BF16", (int[]){OUT * IN / 4, 1, -1}, codes, sizeof codes);
  else raw_tensors_add(&t, "b.weight", "U8", (int[]){OUT * IN / 2, 1, -1}, codes, sizeof codes);
  raw_tensors_add(&t, "b.weight.quant_map", "F32", (int[]){16, -1}, table, sizeof table);
  if (nested) {
    raw_tensors_add(&t, "b.weight.absmax", "U8", (int[]){BLOCKS, -1}, packed, sizeof packed);
    raw_tensors_add(&t, "b.weight.nested_absmax", "F32", (int[]){BLOCKS / OUTER, -1}, outer, sizeof outer);
    raw_tensors_add(&t, "b.weight.nested_quant_map", "F32", (int[]){256, -1}, map, sizeof map);
    raw_tensors_add(&t, "b.weight.quant_state.bitsandbytes__nf4", "U8", (int[]){(int)strlen(state), -1}, state,
                    strlen(state));
  } else {
    raw_tensors_add(&t, "b.weight.absmax", "F32", (int[]){BLOCKS, -1}, absmax, sizeof absmax);
    raw_tensors_add(&t, "b.weight.quant_state.bitsandbytes__fp4", "U8", (int[]){(int)strlen(state), -1}, state,
                    strlen(state));
  }
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  packed_assert(f, "b.weight", nested ? DTYPE_PACKED_NF4 : DTYPE_PACKED_FP4, (int[]){OUT, IN, -1}, c);
}

/* --- small floats ----------------------------------------------------------------------------- */

/* E2M1 by its definition: sign, two bits of exponent with bias 1, one of fraction. */
static float e2m1_of(unsigned q) {
  int exponent = q >> 1 & 3, fraction = q & 1;
  float x = exponent ? ldexpf(1 + (float)fraction / 2, exponent - 1) : (float)fraction / 2;
  return q & 8 ? -x : x;
}

/* Blocks and scales of several experts: the plain model has them input first. */
static void test_blocks(gconstpointer experts) {
  const int n = experts ? 3 : 1, groups = IN / 32;
  g_autofree PackedCase *c = packed_case_new(9);
  RawTensors t = raw_tensors_new();
  g_autofree unsigned char *codes = g_new0(unsigned char, (size_t)(n * OUT * IN / 2));
  g_autofree unsigned char *scales = g_new(unsigned char, (size_t)(n * OUT * groups));
  packed_draw(c, 4, (size_t)(n * OUT * IN));
  for (int g = 0; g < n * OUT * groups; g++) scales[g] = (unsigned char)(110 + rng_below(&c->rng, 20));
  for (int e = 0; e < n; e++)
    for (int o = 0; o < OUT; o++)
      for (int i = 0; i < IN; i++) {
        int at = (e * OUT + o) * IN + i;
        int shown = experts ? (e * IN + i) * OUT + o : at;
        codes[at / 2] |= (unsigned char)(c->q[at] << (at % 2 * 4));
        c->want[shown] = e2m1_of(c->q[at]) * ldexpf(1, scales[at / 32] - 127);
      }
  const int four[] = {n, OUT, groups, 16, -1}, three[] = {n, OUT, groups, -1};
  raw_tensors_add(&t, "x.up_blocks", "U8", experts ? four : four + 1, codes, (size_t)(n * OUT * IN / 2));
  raw_tensors_add(&t, "x.up_scales", "U8", experts ? three : three + 1, scales, (size_t)(n * OUT * groups));
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  const int shown[] = {n, IN, OUT, -1};
  packed_assert(f, "x.up", DTYPE_PACKED_MXFP4, experts ? shown : (int[]){OUT, IN, -1}, c);
}

/* F4 of safetensors with exponents, and NVFP4 of two writers: one multiplies by the whole's scale, one divides. */
static void test_fp4(gconstpointer data) {
  const unsigned kind = GPOINTER_TO_UINT(data); /* 0: F4, 1: NVFP4, 2: NVFP4 that divides */
  const int group = kind ? 16 : 32, groups = IN / group;
  g_autofree PackedCase *c = packed_case_new(10 + kind);
  RawTensors t = raw_tensors_new();
  unsigned char codes[OUT * IN / 2] = {0}, scales[OUT * IN / 16];
  const float whole = 0.25f;
  packed_draw(c, 4, OUT * IN);
  for (int g = 0; g < OUT * groups; g++) scales[g] = (unsigned char)(kind ? 1 + rng_below(&c->rng, 120) : 120);
  for (int i = 0; i < OUT * IN; i++) {
    float s;
    dtype_to_f32(DTYPE_F8_E4M3, &scales[i / group], &s, 1);
    if (kind == 0) s = ldexpf(1, 120 - 127);
    codes[i / 2] |= (unsigned char)(c->q[i] << (i % 2 * 4));
    c->want[i] = e2m1_of(c->q[i]) * s * (kind == 1 ? whole : kind == 2 ? 1 / whole : 1);
  }
  const int shape[] = {OUT, kind ? IN / 2 : IN, -1}, one[] = {1, -1};
  raw_tensors_add(&t, kind == 2 ? "n.weight_packed" : "n.weight", kind ? "U8" : "F4", shape, codes, sizeof codes);
  raw_tensors_add(&t, "n.weight_scale", kind ? "F8_E4M3" : "F8_E8M0", (int[]){OUT, groups, -1}, scales,
                  (size_t)(OUT * groups));
  if (kind) raw_tensors_add(&t, kind == 1 ? "n.weight_scale_2" : "n.weight_global_scale", "F32", one, &whole, 4);
  if (kind) raw_tensors_add(&t, "n.input_scale", "F32", one, &whole, 4);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  packed_assert(f, "n.weight", kind ? DTYPE_PACKED_NVFP4 : DTYPE_PACKED_F4, (int[]){OUT, IN, -1}, c);
}

/* FP8 with one scale, one a row, and one for each block of 128 x 128, the last of which are cut. */
static void test_fp8(gconstpointer data) {
  const unsigned kind = GPOINTER_TO_UINT(data);
  enum { ROWS = 130, COLUMNS = 140 };
  g_autofree float *want = g_new(float, (ROWS * COLUMNS));
  g_autofree unsigned char *codes = g_new(unsigned char, (ROWS * COLUMNS));
  RawTensors t = raw_tensors_new();
  float scales[ROWS];
  for (int i = 0; i < ROWS; i++) scales[i] = (float)(i + 1) / 64;
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    int row = i / COLUMNS, column = i % COLUMNS;
    codes[i] = (unsigned char)(i % 126);
    dtype_to_f32(DTYPE_F8_E4M3, &codes[i], &want[i], 1);
    want[i] *= kind == 0 ? scales[0] : kind == 1 ? scales[row] : scales[row / 128 * 2 + column / 128];
  }
  raw_tensors_add(&t, "f.weight", "F8_E4M3", (int[]){ROWS, COLUMNS, -1}, codes, ROWS * COLUMNS);
  if (kind == 0) raw_tensors_add(&t, "f.weight_scale", "F32", (int[]){-1}, scales, 4);
  if (kind == 1) raw_tensors_add(&t, "f.weight_scale", "F32", (int[]){ROWS, 1, -1}, scales, sizeof scales);
  if (kind == 2) raw_tensors_add(&t, "f.weight_scale_inv", "F32", (int[]){2, 2, -1}, scales, 16);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  g_autofree float *got = g_new(float, (ROWS * COLUMNS));
  g_assert_cmpint(weight_file_info(f, 0)->dtype, ==, DTYPE_PACKED_FP8);
  g_assert_true(weight_file_read_f32(f, 0, 0, ROWS * COLUMNS, got, NULL));
  for (int i = 0; i < ROWS * COLUMNS; i++) g_assert_cmpfloat(fabsf(got[i] - want[i]), <=, 1e-6f * fabsf(want[i]));
}

int main(int argc, char **argv) {
  static const Gptq two = {.bits = 2}, four = {.bits = 4}, eight = {.bits = 8, .order = true};
  static const Gptq v2 = {.bits = 4, .order = true, .second = true}, told = {.bits = 4, .told = true};
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/packed/gptq/2", &two, test_gptq);
  g_test_add_func("/packed/gptq/3", test_gptq_3);
  g_test_add_data_func("/packed/gptq/4", &four, test_gptq);
  g_test_add_data_func("/packed/gptq/8-ordered", &eight, test_gptq);
  g_test_add_data_func("/packed/gptq/second-form", &v2, test_gptq);
  g_test_add_data_func("/packed/gptq/second-form-told", &told, test_gptq);
  g_test_add_func("/packed/awq", test_awq);
  g_test_add_data_func("/packed/rows/symmetric", NULL, test_rows);
  g_test_add_data_func("/packed/rows/zeros", &two, test_rows);
  g_test_add_data_func("/packed/mlx/3", GUINT_TO_POINTER(3), test_mlx);
  g_test_add_data_func("/packed/mlx/4", GUINT_TO_POINTER(4), test_mlx);
  g_test_add_func("/packed/mlx/told-by-norms", test_mlx_told_by_norms);
  g_test_add_data_func("/packed/mlx/6", GUINT_TO_POINTER(6), test_mlx);
  g_test_add_data_func("/packed/table/plain", NULL, test_table);
  g_test_add_data_func("/packed/table/nested", &two, test_table);
  g_test_add_data_func("/packed/blocks", NULL, test_blocks);
  g_test_add_data_func("/packed/blocks/experts", &two, test_blocks);
  for (guint k = 0; k < 3; k++) {
    g_autofree char *fp4 = g_strdup_printf("/packed/fp4/%u", k), *fp8 = g_strdup_printf("/packed/fp8/%u", k);
    g_test_add_data_func(fp4, GUINT_TO_POINTER(k), test_fp4);
    g_test_add_data_func(fp8, GUINT_TO_POINTER(k), test_fp8);
  }
  return g_test_run();
}
