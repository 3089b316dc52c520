/* SPDX-License-Identifier: Apache-2.0 */
/* Two models layer by layer. */
#include <math.h>

#include "lineage/model_diff.h"
#include "tests/unit/collection_fixture.h"

static float ramp[64], moved[64];

static void put_pair(Fixture *f) {
  for (int i = 0; i < 64; i++) ramp[i] = (float)(i % 7) - 3, moved[i] = ramp[i];
  moved[5] += 2;
  const TensorOut before[] = {{"fc.weight", DTYPE_F32, 2, {8, 8}, ramp},
                              {"same.weight", DTYPE_F32, 2, {8, 8}, ramp},
                              {"head.weight", DTYPE_F32, 2, {2, 8}, ramp},
                              {"gone.weight", DTYPE_F16, 2, {4, 4}, ramp}};
  const TensorOut after[] = {{"fc.weight", DTYPE_F32, 2, {8, 8}, moved},
                             {"same.weight", DTYPE_F32, 2, {8, 8}, ramp},
                             {"head.weight", DTYPE_F32, 2, {3, 8}, ramp},
                             {"fresh.weight", DTYPE_F32, 2, {4, 4}, ramp}};
  put_tensors(f, "p.safetensors", before, G_N_ELEMENTS(before), NULL);
  put_tensors(f, "x.safetensors", after, G_N_ELEMENTS(after), NULL);
}

static const DiffRow *row_named(const ModelDiff *d, const char *name) {
  for (guint i = 0; i < d->rows->len; i++) {
    const DiffRow *r = &g_array_index(d->rows, DiffRow, i);
    if (g_str_equal(r->name, name)) return r;
  }
  g_error("no row %s", name);
}

static void test_states(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_pair(f);
  scan(f);
  g_autoptr(GError) error = NULL;
  g_autoptr(ModelDiff) d = model_diff_new(f->collection, model_at(f, "p.safetensors"),
                                          model_at(f, "x.safetensors"), NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(d->rows->len, ==, 5);
  const DiffRow *fc = row_named(d, "fc");
  g_assert_cmpint(fc->state, ==, LAYER_MOVED);
  g_assert_cmpfloat(fabs(fc->distance - 2), <, 1e-5);
  g_assert_cmpuint(fc->rank, ==, 1);
  g_assert_cmpint(row_named(d, "same")->state, ==, LAYER_SAME);
  g_assert_cmpint(row_named(d, "head")->state, ==, LAYER_OTHER_SHAPE);
  g_assert_cmpint(row_named(d, "fresh")->state, ==, LAYER_ONLY_X);
  const DiffRow *gone = row_named(d, "gone");
  g_assert_cmpint(gone->state, ==, LAYER_ONLY_P);
  g_assert_cmpint(gone->p.dtype, ==, DTYPE_F16);
  g_assert_cmpuint(gone->x.d_out, ==, 0);
  g_assert_cmpuint(d->count[LAYER_MOVED], ==, 1);
  g_assert_cmpfloat(d->relative, >, 0);
  g_assert_cmpfloat(d->relative, <, fc->relative);
}

static void test_adapter_on_its_base(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < 64; i++) ramp[i] = 1;
  const TensorOut base[] = {{"fc.weight", DTYPE_F32, 2, {8, 8}, ramp},
                            {"other.weight", DTYPE_F32, 2, {8, 8}, ramp}};
  const TensorOut lora[] = {{"fc.lora_A.weight", DTYPE_F32, 2, {2, 8}, ramp},
                            {"fc.lora_B.weight", DTYPE_F32, 2, {8, 2}, ramp}};
  put_tensors(f, "base.safetensors", base, 2, NULL);
  put_tensors(f, "lora.safetensors", lora, 2, NULL);
  scan(f);
  g_autoptr(ModelDiff) d = model_diff_new(f->collection, model_at(f, "base.safetensors"),
                                          model_at(f, "lora.safetensors"), NULL, NULL);
  g_assert_cmpuint(d->rows->len, ==, 1); /* what it leaves alone is no difference */
  const DiffRow *r = row_named(d, "fc");
  g_assert_cmpint(r->state, ==, LAYER_ADDED_TO);
  g_assert_cmpfloat(fabs(r->relative - 2), <, 1e-5); /* every entry of BA is 2, of W 1 */
  g_assert_cmpuint(r->rank, ==, 2);
}

static void test_cancel(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_pair(f);
  scan(f);
  CancelToken token;
  cancel_token_init(&token);
  cancel_token_set(&token);
  Progress p = {.cancel = &token};
  g_autoptr(GError) error = NULL;
  g_assert_null(model_diff_new(f->collection, model_at(f, "p.safetensors"),
                               model_at(f, "x.safetensors"), &p, &error));
  g_assert_nonnull(error);
  g_autoptr(ModelDiff) alone = model_layers_new(f->collection, model_at(f, "x.safetensors"), NULL);
  g_assert_cmpuint(alone->count[LAYER_ONLY_X], ==, 4);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/diff", "states", test_states);
  add_test("/diff", "adapter", test_adapter_on_its_base);
  add_test("/diff", "cancel", test_cancel);
  return g_test_run();
}
