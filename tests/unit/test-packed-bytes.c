/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices packed as whole bytes with scales and zero points, and HQQ's and Quanto's, as test-packed.c has the others. */
#include <math.h>
#include <string.h>

#include "tests/unit/packed_case.h"
#include "weights/convert.h"
#include "weights/packed/packed.h"

static void test_int8(void) {
  g_autofree PackedCase *c = packed_case_new(8);
  RawTensors t = raw_tensors_new();
  int8_t codes[OUT * IN];
  float most[OUT];
  unsigned char format = 0;
  for (int o = 0; o < OUT; o++) most[o] = packed_draw_scale(c);
  for (int i = 0; i < OUT * IN; i++) {
    codes[i] = (int8_t)((int)rng_below(&c->rng, 255) - 127);
    c->want[i] = (float)codes[i] * (most[i / IN] / 127);
  }
  raw_tensors_add(&t, "e.weight", "I8", (int[]){OUT, IN, -1}, codes, sizeof codes);
  raw_tensors_add(&t, "e.SCB", "F32", (int[]){OUT, -1}, most, sizeof most);
  raw_tensors_add(&t, "e.weight_format", "U8", (int[]){-1}, &format, 1);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  packed_assert(f, "e.weight", DTYPE_PACKED_INT8, (int[]){OUT, IN, -1}, c);
}

/* Bytes that are not centred, as compressed-tensors and torchao name them; a mark of ComfyUI's stands for no matrix. */
static void test_zero_points(gconstpointer data) {
  const bool torchao = data != NULL;
  g_autofree PackedCase *c = packed_case_new(31);
  int8_t codes[OUT * IN], zeros[OUT];
  float scales[OUT];
  unsigned char mark[2] = {0};
  RawTensors t = raw_tensors_new();
  for (int o = 0; o < OUT; o++) scales[o] = packed_draw_scale(c), zeros[o] = (int8_t)((int)rng_below(&c->rng, 41) - 20);
  for (int i = 0; i < OUT * IN; i++) {
    codes[i] = (int8_t)((int)rng_below(&c->rng, 255) - 127);
    c->want[i] = (float)(codes[i] - zeros[i / IN]) * scales[i / IN];
  }
  const int whole[] = {OUT, IN, -1}, column[] = {OUT, 1, -1};
  raw_tensors_add(&t, torchao ? "z._weight_qdata" : "z.weight", "I8", whole, codes, sizeof codes);
  raw_tensors_add(&t, torchao ? "z._weight_scale" : "z.weight_scale", "F32", column, scales, sizeof scales);
  raw_tensors_add(&t, torchao ? "z._weight_zero_point" : "z.weight_zero_point", "I8", column, zeros, sizeof zeros);
  raw_tensors_add(&t, "z.comfy_quant", "U8", (int[]){2, -1}, mark, 2);
  raw_tensors_add(&t, "scaled_fp8", "U8", (int[]){2, -1}, mark, 2);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  packed_assert(f, "z.weight", DTYPE_PACKED_INT8, (int[]){OUT, IN, -1}, c);
}

/* --- HQQ, Quanto ------------------------------------------------------------------------------------ */

/* Groups of 16 are rows of a matrix (axis 1) or columns of one (axis 0); bytes hold its rows a share apart. */
static void check_hqq(unsigned bits, int axis) {
  enum { GROUP = 16, GROUPS = OUT * IN / GROUP };
  g_autofree PackedCase *c = packed_case_new(bits + 10 * (unsigned)axis);
  const size_t height = axis ? GROUPS : GROUP, width = OUT * IN / height, shares = 8 / bits, share = height / shares;
  g_autofree unsigned char *bytes = g_malloc0(OUT * IN);
  float scales[GROUPS], zeros[GROUPS];
  const int64_t shape[2] = {OUT, IN};
  RawTensors t = raw_tensors_new();
  packed_draw(c, bits, OUT * IN);
  for (int g = 0; g < GROUPS; g++) scales[g] = packed_draw_scale(c), zeros[g] = (float)rng_below(&c->rng, 16) * 0.25f;
  for (size_t i = 0; i < OUT * IN; i++) {
    const size_t row = i / width, column = i % width, group = axis ? row : column;
    c->want[i] = ((float)c->q[i] - zeros[group]) * scales[group];
    bytes[row % share * width + column] |= (unsigned char)(c->q[i] << (8 - bits * (row / share + 1)));
  }
  raw_tensors_add(&t, "m.q.W_q", "U8", (int[]){(int)share, (int)width, -1}, bytes, share * width);
  raw_tensors_add(&t, "m.q.shape", "I64", (int[]){2, -1}, shape, sizeof shape);
  raw_tensors_add(&t, "m.q.scale", "F32", axis ? (int[]){GROUPS, 1, -1} : (int[]){1, GROUPS, -1}, scales,
                  sizeof scales);
  raw_tensors_add(&t, "m.q.zero", "F32", axis ? (int[]){GROUPS, 1, -1} : (int[]){1, GROUPS, -1}, zeros, sizeof zeros);
  raw_tensors_add_number(&t, "m.q.nbits", (int32_t)bits);
  raw_tensors_add_number(&t, "m.q.axis", axis);
  raw_tensors_add_number(&t, "m.q.group_size", GROUP);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  packed_assert(f, "m.q.weight",
                bits == 2   ? DTYPE_PACKED_INT2
                : bits == 4 ? DTYPE_PACKED_INT4
                            : DTYPE_PACKED_INT8,
                (int[]){OUT, IN, -1}, c);
}

static void test_hqq(void) {
  for (unsigned bits = 2; bits <= 8; bits *= 2) check_hqq(bits, 0), check_hqq(bits, 1);
}

static void test_quanto(void) {
  g_autofree PackedCase *c = packed_case_new(77);
  int8_t codes[OUT * IN];
  float scales[OUT];
  RawTensors t = raw_tensors_new();
  packed_draw(c, 8, OUT * IN);
  for (int o = 0; o < OUT; o++) scales[o] = packed_draw_scale(c);
  for (int i = 0; i < OUT * IN; i++) codes[i] = (int8_t)c->q[i], c->want[i] = (float)codes[i] * scales[i / IN];
  raw_tensors_add(&t, "m.q.weight._data", "I8", (int[]){OUT, IN, -1}, codes, sizeof codes);
  raw_tensors_add(&t, "m.q.weight._scale", "F32", (int[]){OUT, 1, -1}, scales, sizeof scales);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  packed_assert(f, "m.q.weight", DTYPE_PACKED_INT8, (int[]){OUT, IN, -1}, c);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/packed/int8", test_int8);
  g_test_add_data_func("/packed/zero-points/compressed-tensors", NULL, test_zero_points);
  g_test_add_data_func("/packed/zero-points/torchao", "", test_zero_points);
  g_test_add_func("/packed/hqq", test_hqq);
  g_test_add_func("/packed/quanto", test_quanto);
  return g_test_run();
}
