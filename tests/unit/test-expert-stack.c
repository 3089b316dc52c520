/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices that files keep otherwise than one by one: GPT-2's stored inputs first, and experts stacked in one tensor,
 * with their gates on their ups or apart. */
#include <math.h>
#include <string.h>

#include "lineage/diff/model_diff.h"
#include "lineage/diff/model_verify.h"
#include "tests/unit/collection_fixture.h"
#include "tests/unit/raw_tensors.h"
#include "weights/layers/expert_stack.h"
#include "weights/layers/layer.h"

enum { D = 4, F = 6, E = 3 };

/* c_attn tells how the others of the file lie; the square one could lie either way. */
static void test_conv1d(void) {
  float wide[D * 3 * D], square[D * D], table[5 * D];
  for (int i = 0; i < D * 3 * D; i++) wide[i] = (float)i;
  for (int i = 0; i < D * D; i++) square[i] = (float)(100 + i);
  for (int i = 0; i < 5 * D; i++) table[i] = (float)-i;
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "transformer.h.0.attn.c_attn.weight", "F32", (int[]){D, 3 * D, -1}, wide, sizeof wide);
  raw_tensors_add(&t, "transformer.h.0.attn.c_proj.weight", "F32", (int[]){D, D, -1}, square, sizeof square);
  raw_tensors_add(&t, "transformer.wte.weight", "F32", (int[]){5, D, -1}, table, sizeof table);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  const TensorInfo *info = weight_file_info(f, 0);
  g_assert_cmpuint(info->shape[0], ==, 3 * D);
  g_assert_cmpuint(info->shape[1], ==, D);
  float x[3 * D * D];
  g_assert_true(weight_file_read_f32(f, 0, 0, 3 * D * D, x, NULL));
  for (int r = 0; r < 3 * D; r++)
    for (int c = 0; c < D; c++) g_assert_cmpfloat(x[r * D + c], ==, wide[c * 3 * D + r]);
  g_assert_true(weight_file_read_f32(f, 1, D + 1, 2, x, NULL)); /* a part, after another matrix was kept */
  g_assert_cmpfloat(x[0], ==, square[D + 1]);
  g_assert_cmpfloat(x[1], ==, square[2 * D + 1]);
  g_assert_true(weight_file_read_f32(f, 2, 0, 5 * D, x, NULL));
  g_assert_cmpfloat(x[7], ==, -7);
}

/* Flax's kernels of such layers have the outputs first, against its own habit: turned as kernels they lie so again. */
static void test_conv1d_kernels(void) {
  float wide[D * 3 * D], square[D * D];
  for (int i = 0; i < D * 3 * D; i++) wide[i] = (float)i;
  for (int i = 0; i < D * D; i++) square[i] = (float)(100 + i);
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "transformer.h.0.attn.c_attn.kernel", "F32", (int[]){D, 3 * D, -1}, wide, sizeof wide);
  raw_tensors_add(&t, "transformer.h.0.attn.c_proj.kernel", "F32", (int[]){D, D, -1}, square, sizeof square);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  float x[2];
  g_assert_cmpuint(weight_file_info(f, 0)->shape[0], ==, 3 * D);
  g_assert_true(weight_file_read_f32(f, 0, 1, 1, x, NULL));
  g_assert_cmpfloat(x[0], ==, wide[3 * D]);
  g_assert_true(weight_file_read_f32(f, 1, D + 1, 2, x, NULL));
  g_assert_cmpfloat(x[0], ==, square[D + 1]);
  g_assert_cmpfloat(x[1], ==, square[2 * D + 1]);
}

/* Networks that call a linear layer so keep it as it lies. */
static void test_linear_stays(void) {
  float tall[3 * D * D] = {0, 1};
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "transformer.h.0.attn.c_attn.weight", "F32", (int[]){3 * D, D, -1}, tall, sizeof tall);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  float x;
  g_assert_cmpuint(weight_file_info(f, 0)->shape[0], ==, 3 * D);
  g_assert_true(weight_file_read_f32(f, 0, 1, 1, &x, NULL));
  g_assert_cmpfloat(x, ==, 1);
}

static float gates[E][F * D], ups[E][F * D], downs[E][D * F];

static void fill_experts(void) {
  for (int e = 0; e < E; e++)
    for (int i = 0; i < F * D; i++) {
      gates[e][i] = sinf((float)(e * 1000 + i));
      ups[e][i] = sinf((float)(e * 1000 + i + 300));
      downs[e][i] = sinf((float)(e * 1000 + i + 600));
    }
}

static void put_apart(const Fixture *f, const char *path) {
  static const char *const words[] = {"w1", "w3", "w2"};
  TensorOut t[3 * E];
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (int k = 0; k < 3 * E; k++) {
    int e = k / 3, part = k % 3;
    char *name = g_strdup_printf("model.layers.0.block_sparse_moe.experts.%d.%s.weight", e, words[part]);
    g_ptr_array_add(names, name);
    const float *x = part == 0 ? gates[e] : part == 1 ? ups[e] : downs[e];
    uint64_t rows = part == 2 ? D : F;
    t[k] = (TensorOut){name, DTYPE_F32, 2, {rows, F * D / rows}, x};
  }
  put_tensors(f, path, t, G_N_ELEMENTS(t), NULL);
}

/* As transformers keeps them: the gates' rows above the ups'. */
static void put_stacked(const Fixture *f, const char *path) {
  float both[E][2 * F * D];
  for (int e = 0; e < E; e++) {
    memcpy(both[e], gates[e], sizeof gates[e]);
    memcpy(both[e] + F * D, ups[e], sizeof ups[e]);
  }
  const TensorOut t[] = {{"model.layers.0.mlp.experts.gate_up_proj", DTYPE_F32, 3, {E, 2 * F, D}, both[0]},
                         {"model.layers.0.mlp.experts.down_proj", DTYPE_F32, 3, {E, D, F}, downs[0]}};
  put_tensors(f, path, t, G_N_ELEMENTS(t), NULL);
}

/* As GGUF does, under its names. */
static void put_gguf_names(const Fixture *f, const char *path) {
  const TensorOut t[] = {{"blk.0.ffn_gate_exps.weight", DTYPE_F32, 3, {E, F, D}, gates[0]},
                         {"blk.0.ffn_up_exps.weight", DTYPE_F32, 3, {E, F, D}, ups[0]},
                         {"blk.0.ffn_down_exps.weight", DTYPE_F32, 3, {E, D, F}, downs[0]}};
  put_tensors(f, path, t, G_N_ELEMENTS(t), NULL);
}

static void expect_same(const Fixture *f, const char *a, const char *b) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ModelDiff) d = model_diff_new(f->collection, model_at(f, a), model_at(f, b), NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(d->rows->len, >=, 2 * E);
  g_assert_cmpuint(d->count[LAYER_SAME], ==, d->rows->len);
}

static void test_stacks(Fixture *f, gconstpointer unused) {
  (void)unused;
  fill_experts();
  put_apart(f, "apart.safetensors");
  put_stacked(f, "stacked.safetensors");
  put_gguf_names(f, "gguf.safetensors");
  scan(f);
  expect_same(f, "apart.safetensors", "stacked.safetensors");
  expect_same(f, "stacked.safetensors", "gguf.safetensors");
  expect_same(f, "gguf.safetensors", "apart.safetensors");
  ups[E - 1][F * D - 1] += 1; /* the last number of the last expert */
  put_gguf_names(f, "gguf.safetensors");
  scan(f);
  g_autoptr(ModelDiff) d =
      model_diff_new(f->collection, model_at(f, "gguf.safetensors"), model_at(f, "apart.safetensors"), NULL, NULL);
  g_assert_cmpuint(d->count[LAYER_MOVED], ==, 1);
  g_autoptr(WeightFile) one = collection_open_weights(f->collection, model_at(f, "gguf.safetensors"), NULL);
  g_autoptr(WeightFile) other = collection_open_weights(f->collection, model_at(f, "apart.safetensors"), NULL);
  g_autoptr(ModelVerify) v = model_verify_files(one, other, NULL, NULL);
  g_assert_cmpuint(v->count[VERIFY_DIFFERENT], ==, 1);
  g_assert_cmpuint(v->count[VERIFY_SAME], ==, 3 * E - 1);
  g_autoptr(WeightFile) fused = collection_open_weights(f->collection, model_at(f, "stacked.safetensors"), NULL);
  g_autoptr(ModelVerify) split = model_verify_files(other, fused, NULL, NULL); /* gates and ups apart and fused */
  g_assert_cmpuint(split->rows->len, ==, 3 * E);
  g_assert_cmpuint(split->count[VERIFY_SAME], ==, 3 * E);
  g_autoptr(ModelVerify) turned = model_verify_files(fused, one, NULL, NULL);
  g_assert_cmpuint(turned->rows->len, ==, 2 * E);
  g_assert_cmpuint(turned->count[VERIFY_SAME], ==, 2 * E - 1);
  g_assert_cmpuint(turned->count[VERIFY_DIFFERENT], ==, 1);
}

/* A kernel of three dimensions is one layer, and so is a hostile stack of more experts than there are. */
static void test_no_stacks(void) {
  TensorInfo kernel = {.rank = 3, .shape = {8, 4, 3}, .count = 96, .dtype = DTYPE_F32};
  TensorInfo many = {.rank = 3, .shape = {EXPERT_STACK_MOST + 1, 1, 1}, .count = EXPERT_STACK_MOST + 1};
  many.dtype = DTYPE_F32;
  g_assert_cmpuint(expert_stack_count(&kernel, "conv.experts_like"), ==, 0);
  g_assert_cmpuint(expert_stack_count(&kernel, "mlp.experts.down_proj"), ==, 8);
  g_assert_cmpuint(expert_stack_count(&kernel, "notexperts.down_proj"), ==, 0);
  g_assert_cmpuint(expert_stack_count(&many, "mlp.experts.down_proj"), ==, 0);
  g_autofree char *name = expert_stack_name("mlp.experts.down_proj", 7);
  g_assert_cmpstr(name, ==, "mlp.experts.7.down_proj");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/conv1d/turned", test_conv1d);
  g_test_add_func("/conv1d/kernels", test_conv1d_kernels);
  g_test_add_func("/conv1d/linear-stays", test_linear_stays);
  g_test_add_func("/expert-stack/none", test_no_stacks);
  add_test("/expert-stack", "three-ways", test_stacks);
  return g_test_run();
}
