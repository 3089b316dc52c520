/* SPDX-License-Identifier: Apache-2.0 */
/* Packed matrices that are named and not computed, and groups of tensors that are none. */
#include <string.h>

#include "tests/unit/raw_tensors.h"
#include "weights/packed/packed.h"

/* Named, with the shape of the matrix; its numbers are refused, its bytes are the codes. */
static void assert_named(WeightFile *f, const char *name, Dtype dtype, uint64_t rows, uint64_t columns,
                         uint64_t bytes) {
  gssize i = weight_file_find(f, name);
  g_autoptr(GError) error = NULL;
  float x;
  unsigned char raw[2];
  g_assert_cmpint(i, >=, 0);
  const TensorInfo *t = weight_file_info(f, (size_t)i);
  g_assert_cmpint(t->dtype, ==, dtype);
  g_assert_cmpuint(t->rank, ==, 2);
  g_assert_cmpuint(t->shape[0], ==, rows);
  g_assert_cmpuint(t->shape[1], ==, columns);
  g_assert_cmpuint(t->bytes, ==, bytes);
  g_assert_false(weight_file_read_f32(f, (size_t)i, 0, 1, &x, &error));
  g_assert_nonnull(strstr(error->message, "not read"));
  g_assert_true(weight_file_read_raw(f, (size_t)i, bytes - 2, 2, raw, NULL));
  g_assert_cmpuint(raw[0], ==, 9);
}

static void test_named(void) {
  unsigned char nines[4096];
  memset(nines, 9, sizeof nines);
  const int64_t shape[2] = {30, 64};
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "a.q_weight", "I32", (int[]){8, 32, -1}, nines, 1024);
  raw_tensors_add(&t, "a.q_scale", "I32", (int[]){2, 4, -1}, nines, 32);
  raw_tensors_add(&t, "a.q_scale_max", "F16", (int[]){2, -1}, nines, 4);
  raw_tensors_add(&t, "a.q_groups", "I16", (int[]){4, -1}, nines, 8);
  raw_tensors_add(&t, "a.q_invperm", "I32", (int[]){64, -1}, nines, 256);
  raw_tensors_add(&t, "b.trellis", "I16", (int[]){4, 2, 48, -1}, nines, 768);
  raw_tensors_add(&t, "b.suh", "F16", (int[]){64, -1}, nines, 128);
  raw_tensors_add(&t, "b.svh", "F16", (int[]){32, -1}, nines, 64);
  raw_tensors_add(&t, "c.W_q", "I32", (int[]){3, 64, -1}, nines, 768); /* 3 bits */
  raw_tensors_add(&t, "c.shape", "I64", (int[]){2, -1}, shape, sizeof shape);
  raw_tensors_add(&t, "c.scale", "F16", (int[]){30, 1, -1}, nines, 60);
  raw_tensors_add(&t, "c.zero", "F16", (int[]){30, 1, -1}, nines, 60);
  raw_tensors_add_number(&t, "c.nbits", 3);
  raw_tensors_add(&t, "d.weight._data", "U8", (int[]){8, 64, -1}, nines, 512);
  raw_tensors_add(&t, "d.weight._scale", "F16", (int[]){16, 1, -1}, nines, 32);
  raw_tensors_add(&t, "d.weight._shift", "F16", (int[]){16, 1, -1}, nines, 32);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 4);
  assert_named(f, "a.weight", DTYPE_PACKED_EXL2, 32, 64, 1024);
  assert_named(f, "b.weight", DTYPE_PACKED_EXL3, 32, 64, 768);
  assert_named(f, "c.weight", DTYPE_PACKED_HQQ, 30, 64, 768);
  assert_named(f, "d.weight", DTYPE_PACKED_QUANTO, 16, 64, 512);
}

static void test_left_alone(void) {
  RawTensors t = raw_tensors_new();
  const uint32_t words[64] = {0};
  const float floats[64] = {0};
  raw_tensors_add(&t, "a.qweight", "I32", (int[]){8, 4, -1}, words, 128);
  raw_tensors_add(&t, "b.qweight", "I32", (int[]){8, 4, -1}, words, 128);
  raw_tensors_add(&t, "b.qzeros", "I32", (int[]){1, 5, -1}, words, 20);
  raw_tensors_add(&t, "b.scales", "F32", (int[]){1, 4, -1}, floats, 16);
  raw_tensors_add(&t, "c.weight", "U8", (int[]){8, 1, -1}, words, 8);
  raw_tensors_add(&t, "c.weight.absmax", "F32", (int[]){1, -1}, floats, 4);
  raw_tensors_add(&t, "c.weight.quant_map", "F32", (int[]){16, -1}, floats, 64);
  raw_tensors_add(&t, "d.weight", "U8", (int[]){8, 8, -1}, words, 64);
  raw_tensors_add(&t, "e_blocks", "U8", (int[]){2, 1, 16, -1}, words, 32);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  g_assert_cmpuint(weight_file_count(f), ==, 9);
}

/* An order that names a group beyond the last, or is of numbers nobody writes one in: an error when it is read, not
 * before. */
static void refuse_read(WeightFile *f, const char *words_of_it) {
  g_autoptr(GError) error = NULL;
  float x[8];
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  g_assert_false(weight_file_read_f32(f, 0, 0, 8, x, &error));
  g_assert_nonnull(strstr(error->message, words_of_it));
}

static void test_bad_order(void) {
  RawTensors t = raw_tensors_new();
  const uint32_t words[64] = {0};
  const float floats[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  int32_t order[8] = {0, 0, 0, 0, -1, 0, 0, 0};
  raw_tensors_add(&t, "a.qweight", "I32", (int[]){1, 8, -1}, words, 32);
  raw_tensors_add(&t, "a.qzeros", "I32", (int[]){1, 1, -1}, words, 4);
  raw_tensors_add(&t, "a.scales", "F32", (int[]){1, 8, -1}, floats, 32);
  raw_tensors_add(&t, "a.g_idx", "I32", (int[]){8, -1}, order, sizeof order);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  refuse_read(f, "names a group that is not there");
  RawTensors other = raw_tensors_new();
  raw_tensors_add(&other, "a.weight_packed", "I32", (int[]){8, 1, -1}, words, 32);
  raw_tensors_add(&other, "a.weight_scale", "F32", (int[]){8, 1, -1}, floats, 32);
  raw_tensors_add(&other, "a.weight_g_idx", "F32", (int[]){8, -1}, floats, 32);
  raw_tensors_add(&other, "a.weight_shape", "I64", (int[]){2, -1}, (const int64_t[]){8, 8}, 16);
  g_autoptr(WeightFile) g = raw_tensors_open(&other);
  refuse_read(g, "has an order of groups of an unread type");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/packed/named", test_named);
  g_test_add_func("/packed/left-alone", test_left_alone);
  g_test_add_func("/packed/bad-order", test_bad_order);
  return g_test_run();
}
