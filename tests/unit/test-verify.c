/* SPDX-License-Identifier: Apache-2.0 */
/* Is a file what it is said to be: equal, rounded, quantised or changed, and where. */
#include <math.h>
#include <string.h>

#include "lineage/diff/model_verify.h"
#include "lineage/sketch/kinship.h"
#include "numerics/rng.h"
#include "tests/unit/raw_tensors.h"
#include "weights/convert.h"

enum { ROWS = 8, COLUMNS = 512, N = ROWS * COLUMNS };

static float *draw(uint64_t seed) {
  float *x = g_new(float, N);
  Rng rng;
  rng_init(&rng, seed, 0);
  rng_fill_normal(&rng, x, N, 0.02f);
  return x;
}

static void add_vector(RawTensors *t) {
  static const float ones[COLUMNS] = {1};
  raw_tensors_add(t, "norm.weight", "F32", (int[]){COLUMNS, -1}, ones, sizeof ones);
}

static WeightFile *file_of(const float *x, Dtype dtype) {
  RawTensors t = raw_tensors_new();
  g_autofree unsigned char *bytes = g_malloc(N * sizeof(double));
  uint64_t n;
  g_assert_true(dtype_from_f32(dtype, x, bytes, N) && dtype_bytes(dtype, N, &n));
  raw_tensors_add(&t, "layer.weight", dtype_name(dtype), (int[]){ROWS, COLUMNS, -1}, bytes, n);
  add_vector(&t);
  return raw_tensors_open(&t);
}

/* Eight bits with a scale a row, as bitsandbytes has them. */
static WeightFile *int8_of(const float *x) {
  RawTensors t = raw_tensors_new();
  g_autofree int8_t *codes = g_new(int8_t, N);
  float most[ROWS] = {0};
  for (int i = 0; i < N; i++) most[i / COLUMNS] = fmaxf(most[i / COLUMNS], fabsf(x[i]));
  for (int i = 0; i < N; i++) codes[i] = (int8_t)lrintf(x[i] / most[i / COLUMNS] * 127);
  raw_tensors_add(&t, "layer.weight", "I8", (int[]){ROWS, COLUMNS, -1}, codes, N);
  raw_tensors_add(&t, "layer.SCB", "F32", (int[]){ROWS, -1}, most, sizeof most);
  add_vector(&t);
  return raw_tensors_open(&t);
}

static ModelVerify *verify(WeightFile *a, WeightFile *b) {
  g_autoptr(GError) error = NULL;
  ModelVerify *v = model_verify_files(a, b, NULL, &error);
  g_assert_no_error(error);
  return v;
}

static void test_same(void) {
  g_autofree float *x = draw(1);
  g_autoptr(WeightFile) a = file_of(x, DTYPE_F32), b = file_of(x, DTYPE_F32), c = file_of(x, DTYPE_F64);
  g_autoptr(ModelVerify) v = verify(a, b), w = verify(a, c);
  g_assert_cmpint(v->state, ==, VERIFY_SAME);
  g_assert_cmpuint(v->count[VERIFY_SAME], ==, 2);
  g_assert_cmpfloat(v->relative, ==, 0);
  g_assert_true(model_verify_is_same(v));
  g_assert_cmpint(w->state, ==, VERIFY_SAME);
}

static void test_rounded(void) {
  g_autofree float *x = draw(2);
  g_autoptr(WeightFile) a = file_of(x, DTYPE_BF16), b = file_of(x, DTYPE_F32);
  g_autoptr(ModelVerify) v = verify(a, b), back = verify(b, a);
  g_assert_cmpint(v->state, ==, VERIFY_ROUNDED);
  g_assert_cmpint(v->rounding, ==, DTYPE_BF16);
  g_assert_true(model_verify_is_same(v));
  g_assert_cmpint(back->state, ==, VERIFY_ROUNDED);
}

/* One number of a recast is off by the least step: its block is named. */
static void test_changed(void) {
  g_autofree float *x = draw(3), *y = g_memdup2(x, N * sizeof *x);
  y[1000] *= 1.02f;
  g_autoptr(WeightFile) a = file_of(y, DTYPE_F16), b = file_of(x, DTYPE_F32);
  g_autoptr(ModelVerify) v = verify(a, b);
  g_assert_cmpint(v->state, ==, VERIFY_DIFFERENT);
  g_assert_false(model_verify_is_same(v));
  g_assert_cmpuint(v->count[VERIFY_DIFFERENT], ==, 1);
}

static void test_blocks(void) {
  g_autofree float *x = draw(4), *y = g_memdup2(x, N * sizeof *x);
  y[1000] += 1;
  y[1030] += 2;
  y[3000] += 1;
  g_autoptr(WeightFile) a = file_of(y, DTYPE_F32), b = file_of(x, DTYPE_F32);
  g_autoptr(ModelVerify) v = verify(a, b);
  const VerifyRow *row = &g_array_index(v->rows, VerifyRow, 0);
  g_assert_cmpstr(row->name, ==, "layer");
  g_assert_cmpuint(row->numbers.differing, ==, 3);
  g_assert_cmpuint(row->numbers.blocks, ==, 3);
  g_assert_cmpuint(row->numbers.runs->len, ==, 2);
  const VerifyRun *run = &g_array_index(row->numbers.runs, VerifyRun, 0);
  g_assert_cmpuint(run->first, ==, 768);
  g_assert_cmpuint(run->count, ==, 512);
  g_assert_cmpfloat_with_epsilon(row->numbers.largest, 2, 1e-3);
}

static void test_quantised(void) {
  g_autofree float *x = draw(5), *y = draw(6);
  g_autoptr(WeightFile) a = int8_of(x), b = file_of(x, DTYPE_F32), stranger = file_of(y, DTYPE_F32);
  g_autoptr(ModelVerify) v = verify(a, b), w = verify(a, stranger);
  g_assert_cmpint(v->state, ==, VERIFY_WITHIN);
  g_assert_cmpint(v->rounding, ==, DTYPE_PACKED_INT8);
  g_assert_true(v->relative > 0 && v->relative < 0.02);
  g_assert_cmpint(w->state, ==, VERIFY_DIFFERENT);
  g_assert_cmpint(model_verify_compare(v, w), <, 0);
  x[77] += 0.02f; /* one number that no rounding explains */
  g_autoptr(WeightFile) bent = file_of(x, DTYPE_F32);
  g_autoptr(ModelVerify) u = verify(a, bent);
  g_assert_cmpint(u->state, ==, VERIFY_DIFFERENT);
  g_assert_cmpuint(g_array_index(u->rows, VerifyRow, 0).numbers.differing, ==, 1);
}

/* What is packed is kin of its source, and known as quantised: what a tree makes a leaf of. */
static void test_kinship(void) {
  g_autofree float *x = draw(8), *y = draw(9);
  g_autoptr(WeightFile) a = int8_of(x), b = file_of(x, DTYPE_F32), c = file_of(y, DTYPE_F32);
  g_autoptr(ModelSketch) quantised = model_sketch_read(a, NULL, 1, NULL, NULL),
                         source = model_sketch_read(b, NULL, 1, NULL, NULL);
  g_autoptr(ModelSketch) stranger = model_sketch_read(c, NULL, 1, NULL, NULL);
  g_assert_true(quantised->quantised);
  g_assert_false(source->quantised);
  g_assert_cmpuint(quantised->trunk, ==, N);
  Kinship k;
  kinship_compare(source, quantised, &k);
  g_assert_true(kinship_is_kin(&k));
  g_assert_cmpfloat(k.cosine, >, 0.99);
  kinship_compare(stranger, quantised, &k);
  g_assert_false(kinship_is_kin(&k));
}

static void test_missing(void) {
  RawTensors t = raw_tensors_new();
  add_vector(&t);
  g_autofree float *x = draw(7);
  g_autoptr(WeightFile) a = raw_tensors_open(&t), b = file_of(x, DTYPE_F32);
  g_autoptr(ModelVerify) v = verify(a, b), back = verify(b, a);
  g_assert_cmpuint(v->count[VERIFY_ONLY_B], ==, 1);
  g_assert_cmpuint(v->count[VERIFY_SAME], ==, 1);
  g_assert_cmpuint(back->count[VERIFY_ONLY_A], ==, 1);
  g_assert_false(model_verify_is_same(v));
}

/* Both factors of an adapter count, under one name whatever tool wrote them. */
static void test_adapter(void) {
  const float a[8] = {1, 2, 3, 4, 5, 6, 7, 8}, b[8] = {1, 1, 1, 1, 1, 1, 1, 2}, c[8] = {1, 2, 3, 4, 5, 6, 7, 9};
  RawTensors s = raw_tensors_new(), t = raw_tensors_new(), u = raw_tensors_new();
  raw_tensors_add(&s, "base_model.model.net.q.lora_A.weight", "F32", (int[]){2, 4, -1}, a, sizeof a);
  raw_tensors_add(&s, "base_model.model.net.q.lora_B.weight", "F32", (int[]){4, 2, -1}, b, sizeof b);
  raw_tensors_add(&t, "unet.net.q.lora.down.weight", "F32", (int[]){2, 4, -1}, a, sizeof a);
  raw_tensors_add(&t, "unet.net.q.lora.up.weight", "F32", (int[]){4, 2, -1}, b, sizeof b);
  raw_tensors_add(&u, "base_model.model.net.q.lora_A.weight", "F32", (int[]){2, 4, -1}, c, sizeof c);
  raw_tensors_add(&u, "base_model.model.net.q.lora_B.weight", "F32", (int[]){4, 2, -1}, b, sizeof b);
  g_autoptr(WeightFile) peft = raw_tensors_open(&s), other = raw_tensors_open(&t), changed = raw_tensors_open(&u);
  g_autoptr(ModelVerify) v = verify(peft, changed), w = verify(peft, other);
  g_assert_cmpint(v->state, ==, VERIFY_DIFFERENT);
  g_assert_cmpuint(v->count[VERIFY_DIFFERENT], ==, 1);
  g_assert_cmpuint(v->count[VERIFY_SAME], ==, 1);
  g_assert_cmpuint(w->rows->len, ==, 2);
}

/* Tables that one of two writers leaves out make no difference. */
static void test_computed(void) {
  const float table[4] = {1, 0.5f, 0.25f, 0.125f};
  RawTensors s = raw_tensors_new(), t = raw_tensors_new();
  add_vector(&s);
  add_vector(&t);
  raw_tensors_add(&s, "layers.0.rotary_emb.inv_freq", "F32", (int[]){4, -1}, table, sizeof table);
  raw_tensors_add(&t, "rope_freqs.weight", "F32", (int[]){4, -1}, table, sizeof table);
  g_autoptr(WeightFile) a = raw_tensors_open(&s), b = raw_tensors_open(&t);
  g_autoptr(ModelVerify) v = verify(a, b);
  g_assert_cmpint(v->state, ==, VERIFY_SAME);
  g_assert_cmpuint(v->rows->len, ==, 1);
}

/* Counters, and the shapes that a graph carries, make none either where one of both leaves them out. */
static void test_whole_numbers(void) {
  const int64_t shape[3] = {-1, 12, 64}, steps = 1000;
  RawTensors s = raw_tensors_new(), t = raw_tensors_new();
  add_vector(&s);
  add_vector(&t);
  raw_tensors_add(&s, "/encoder/layer.0/attention/Constant_4_output_0", "I64", (int[]){3, -1}, shape, sizeof shape);
  raw_tensors_add(&t, "bn.num_batches_tracked", "I64", (int[]){-1}, &steps, sizeof steps);
  g_autoptr(WeightFile) a = raw_tensors_open(&s), b = raw_tensors_open(&t);
  g_autoptr(ModelVerify) v = verify(a, b);
  g_assert_cmpint(v->state, ==, VERIFY_SAME);
  g_assert_cmpuint(v->rows->len, ==, 1);
}

/* Counters beyond what float32 tells apart. */
static void test_counters(void) {
  const int64_t one = (INT64_C(1) << 40) + 1, two = (INT64_C(1) << 40) + 2;
  RawTensors s = raw_tensors_new(), t = raw_tensors_new();
  raw_tensors_add(&s, "steps", "I64", (int[]){-1}, &one, 8);
  raw_tensors_add(&t, "steps", "I64", (int[]){-1}, &two, 8);
  g_autoptr(WeightFile) a = raw_tensors_open(&s), b = raw_tensors_open(&t);
  g_autoptr(ModelVerify) v = verify(a, b);
  g_assert_cmpint(v->state, ==, VERIFY_DIFFERENT);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/verify/same", test_same);
  g_test_add_func("/verify/rounded", test_rounded);
  g_test_add_func("/verify/changed", test_changed);
  g_test_add_func("/verify/blocks", test_blocks);
  g_test_add_func("/verify/quantised", test_quantised);
  g_test_add_func("/verify/kinship", test_kinship);
  g_test_add_func("/verify/missing", test_missing);
  g_test_add_func("/verify/adapter", test_adapter);
  g_test_add_func("/verify/computed", test_computed);
  g_test_add_func("/verify/whole-numbers", test_whole_numbers);
  g_test_add_func("/verify/counters", test_counters);
  return g_test_run();
}
