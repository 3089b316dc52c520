/* SPDX-License-Identifier: Apache-2.0 */
/* Which bases an adapter fits, and which it was made for. */
#include "lineage/grow/adapter_fit.h"
#include "tests/unit/raw_tensors.h"

enum { D = 8 };

static const float numbers[12 * D * D] = {1, 2, 3, 5, 7, 11};

static void add(RawTensors *t, const char *name, int rows, int columns) {
  size_t count = (size_t)rows * (size_t)(columns ? columns : 1);
  raw_tensors_add(t, name, "F32", columns ? (int[]){rows, columns, -1} : (int[]){rows, -1}, numbers,
                  count * sizeof(float));
}

static ModelSketch *sketch(RawTensors *t) {
  g_autoptr(WeightFile) f = raw_tensors_open(t);
  ModelSketch *s = model_sketch_read(f, NULL, 1, NULL, NULL);
  g_assert_nonnull(s);
  return s;
}

/* One block with q, k and v fused, their bias beside them; stored inputs first. */
static ModelSketch *gpt2(void) {
  RawTensors t = raw_tensors_new();
  add(&t, "transformer.h.0.attn.c_attn.bias", 3 * D, 0);
  add(&t, "transformer.h.0.attn.c_attn.weight", D, 3 * D);
  add(&t, "transformer.h.0.mlp.c_proj.weight", 4 * D, D);
  add(&t, "transformer.h.0.mlp.c_proj.bias", D, 0);
  return sketch(&t);
}

/* A block of the same shapes. */
static ModelSketch *bert(void) {
  RawTensors t = raw_tensors_new();
  add(&t, "bert.encoder.layer.0.attention.self.query.weight", D, D);
  add(&t, "bert.encoder.layer.0.attention.self.key.weight", D, D);
  add(&t, "bert.encoder.layer.0.attention.self.value.weight", D, D);
  add(&t, "bert.encoder.layer.0.output.dense.weight", D, 4 * D);
  return sketch(&t);
}

static ModelSketch *lora(const char *module, int d_out, int d_in) {
  RawTensors t = raw_tensors_new();
  g_autofree char *a = g_strdup_printf("base_model.model.%s.lora_A.weight", module);
  g_autofree char *b = g_strdup_printf("base_model.model.%s.lora_B.weight", module);
  add(&t, a, 2, d_in);
  add(&t, b, d_out, 2);
  return sketch(&t);
}

static Fit fit(const ModelSketch *base, const char *module, int d_out, int d_in) {
  g_autoptr(FitIndex) index = fit_index_new(base);
  g_autoptr(ModelSketch) adapter = lora(module, d_out, d_in);
  return fit_compare(index, adapter);
}

static void test_own(void) {
  g_autoptr(ModelSketch) base = gpt2();
  Fit fused = fit(base, "transformer.h.0.attn.c_attn", 3 * D, D), plain = fit(base, "h.0.mlp.c_proj", D, 4 * D);
  g_assert_true(fit_is_native(&fused));
  g_assert_true(fit_is_native(&plain));
  Fit clash = fit(base, "transformer.h.0.attn.c_attn", 3 * D + 1, D);
  g_assert_false(fit_is_whole(&clash));
  g_assert_cmpuint(clash.clashing, ==, 1);
}

/* It fits by its shapes, and yet was made for another. */
static void test_foreign(void) {
  g_autoptr(ModelSketch) base = bert();
  Fit fused = fit(base, "transformer.h.0.attn.c_attn", 3 * D, D), plain = fit(base, "h.0.mlp.c_proj", D, 4 * D);
  g_assert_true(fit_is_whole(&fused));
  g_assert_false(fit_is_native(&fused));
  g_assert_cmpuint(fused.refitted, ==, 1);
  g_assert_true(fit_is_whole(&plain));
  g_assert_false(fit_is_native(&plain));
  g_assert_cmpuint(plain.foreign, ==, 1);
  Fit own = fit(base, "encoder.layer.0.attention.self.query", D, D);
  g_assert_true(fit_is_native(&own));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/adapter-fit/own", test_own);
  g_test_add_func("/adapter-fit/foreign", test_foreign);
  return g_test_run();
}
