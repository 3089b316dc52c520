/* SPDX-License-Identifier: Apache-2.0 */
/* Two models layer by layer. */
#include <math.h>

#include "lineage/diff/model_diff.h"
#include "tests/unit/collection_fixture.h"
#include "tests/unit/counting_source.h"
#include "weights/weight_open.h"

static float ramp[64], moved[64];

static void put_pair(Fixture *f) {
  for (int i = 0; i < 64; i++) ramp[i] = (float)(i % 7) - 3, moved[i] = ramp[i];
  moved[5] += 2;
  const TensorOut before[] = {{"fc.weight", DTYPE_F32, 2, {8, 8}, ramp},
                              {"same.weight", DTYPE_F32, 2, {8, 8}, ramp},
                              {"head.weight", DTYPE_F32, 2, {2, 8}, ramp},
                              {"gone.weight", DTYPE_F16, 2, {4, 4}, ramp},
                              {"fc.bias", DTYPE_F32, 1, {3}, ramp}};
  const TensorOut after[] = {{"fc.weight", DTYPE_F32, 2, {8, 8}, moved},
                             {"same.weight", DTYPE_F32, 2, {8, 8}, ramp},
                             {"head.weight", DTYPE_F32, 2, {3, 8}, ramp},
                             {"fresh.weight", DTYPE_F32, 2, {4, 4}, ramp},
                             {"fc.bias", DTYPE_F32, 1, {3}, ramp}};
  put_tensors(f, "p.safetensors", before, G_N_ELEMENTS(before), NULL);
  put_tensors(f, "x.safetensors", after, G_N_ELEMENTS(after), NULL);
}

static const DiffRow *row_in(const GArray *rows, const char *name) {
  for (guint i = 0; i < rows->len; i++) {
    const DiffRow *r = &g_array_index(rows, DiffRow, i);
    if (g_str_equal(r->name, name)) return r;
  }
  g_error("no row %s", name);
}

static const DiffRow *row_named(const ModelDiff *d, const char *name) { return row_in(d->rows, name); }

static void test_states(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_pair(f);
  scan(f);
  g_autoptr(GError) error = NULL;
  g_autoptr(ModelDiff) d =
      model_diff_new(f->collection, model_at(f, "p.safetensors"), model_at(f, "x.safetensors"), NULL, &error);
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
  const TensorOut base[] = {{"fc.weight", DTYPE_F32, 2, {8, 8}, ramp}, {"other.weight", DTYPE_F32, 2, {8, 8}, ramp}};
  const TensorOut lora[] = {{"fc.lora_A.weight", DTYPE_F32, 2, {2, 8}, ramp},
                            {"fc.lora_B.weight", DTYPE_F32, 2, {8, 2}, ramp}};
  put_tensors(f, "base.safetensors", base, 2, NULL);
  put_tensors(f, "lora.safetensors", lora, 2, NULL);
  scan(f);
  g_autoptr(ModelDiff) d =
      model_diff_new(f->collection, model_at(f, "base.safetensors"), model_at(f, "lora.safetensors"), NULL, NULL);
  g_assert_cmpuint(d->rows->len, ==, 1); /* what it leaves alone is no difference */
  const DiffRow *r = row_named(d, "fc");
  g_assert_cmpint(r->state, ==, LAYER_ADDED_TO);
  g_assert_cmpfloat(fabs(r->relative - 2), <, 1e-5); /* every entry of BA is 2, of W 1 */
  g_assert_cmpuint(r->rank, ==, 2);
}

/* Whichever side the adapter is, it is measured against the other; what it leaves alone has no row. */
static void test_adapter_first(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < 64; i++) ramp[i] = 1;
  const TensorOut base[] = {{"fc.weight", DTYPE_F32, 2, {8, 8}, ramp},
                            {"other.weight", DTYPE_F32, 2, {8, 8}, ramp},
                            {"fc.bias", DTYPE_F32, 1, {8}, ramp}};
  const TensorOut lora[] = {{"fc.lora_A.weight", DTYPE_F32, 2, {2, 8}, ramp},
                            {"fc.lora_B.weight", DTYPE_F32, 2, {8, 2}, ramp},
                            {"stray.lora_A.weight", DTYPE_F32, 2, {2, 8}, ramp},
                            {"stray.lora_B.weight", DTYPE_F32, 2, {8, 2}, ramp}};
  put_tensors(f, "base.safetensors", base, 3, NULL);
  put_tensors(f, "lora.safetensors", lora, 4, NULL);
  scan(f);
  for (int turned = 0; turned < 2; turned++) {
    const char *const names[] = {"base.safetensors", "lora.safetensors"};
    g_autoptr(ModelDiff) d =
        model_diff_new(f->collection, model_at(f, names[turned]), model_at(f, names[!turned]), NULL, NULL);
    g_assert_true(d->p_adds == turned && d->x_adds == !turned);
    g_assert_cmpuint(d->rows->len, ==, 2);
    g_assert_cmpuint(d->others->len, ==, 0);
    const DiffRow *r = row_named(d, "fc");
    g_assert_cmpint(r->state, ==, LAYER_ADDED_TO);
    g_assert_cmpfloat(fabs(r->distance - 16), <, 1e-5);
    g_assert_cmpfloat(fabs(r->relative - 2), <, 1e-5);
    g_assert_cmpuint(r->rank, ==, 2);
    g_assert_cmpint(row_named(d, "stray")->state, ==, turned ? LAYER_ONLY_P : LAYER_ONLY_X);
  }
}

/* The overall change is told with the output layers and without, which is what trees tell. */
static void test_output_layers(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < 64; i++) ramp[i] = 1, moved[i] = 4;
  const TensorOut before[] = {{"body.weight", DTYPE_F32, 2, {8, 8}, ramp},
                              {"classifier.weight", DTYPE_F32, 2, {8, 8}, ramp}};
  const TensorOut after[] = {{"body.weight", DTYPE_F32, 2, {8, 8}, ramp},
                             {"classifier.weight", DTYPE_F32, 2, {8, 8}, moved}};
  put_tensors(f, "p.safetensors", before, 2, NULL);
  put_tensors(f, "x.safetensors", after, 2, NULL);
  scan(f);
  g_autoptr(ModelDiff) d =
      model_diff_new(f->collection, model_at(f, "p.safetensors"), model_at(f, "x.safetensors"), NULL, NULL);
  g_assert_cmpfloat_with_epsilon(d->relative, 3 / sqrt(2), 1e-6);
  g_assert_cmpfloat(d->trunk, ==, 0);
}

/* Biases, norm vectors and counters are looked at too, whatever their format. */
static void test_other_tensors(Fixture *f, gconstpointer unused) {
  (void)unused;
  float bias[] = {1, 2, 2}, drifted[] = {1, 2, 2.3f}, nan[] = {1, NAN, 2}, early = 7, late = 8;
  for (int i = 0; i < 64; i++) ramp[i] = 1;
  const TensorOut before[] = {
      {"fc.weight", DTYPE_F32, 2, {8, 8}, ramp}, {"fc.bias", DTYPE_F32, 1, {3}, bias},
      {"norm.weight", DTYPE_F32, 1, {3}, nan},   {"recast.bias", DTYPE_F32, 1, {3}, bias},
      {"long.bias", DTYPE_F32, 1, {3}, bias},    {"gone.bias", DTYPE_F32, 1, {3}, bias},
      {"steps", DTYPE_F32, 0, {0}, &early},      {"bn.num_batches_tracked", DTYPE_I64, 0, {0}, &early}};
  const TensorOut after[] = {
      {"fc.weight", DTYPE_F32, 2, {8, 8}, ramp}, {"module.fc.bias", DTYPE_F32, 1, {3}, drifted},
      {"norm.weight", DTYPE_F32, 1, {3}, nan},   {"recast.bias", DTYPE_F16, 1, {3}, bias},
      {"long.bias", DTYPE_F32, 1, {2}, bias},    {"fresh.bias", DTYPE_F32, 1, {3}, bias},
      {"steps", DTYPE_F32, 1, {1}, &late},       {"bn.num_batches_tracked", DTYPE_I64, 0, {0}, &late}};
  put_tensors(f, "p.safetensors", before, G_N_ELEMENTS(before), NULL);
  put_tensors(f, "x.safetensors", after, G_N_ELEMENTS(after), NULL);
  scan(f);
  g_autoptr(ModelDiff) d =
      model_diff_new(f->collection, model_at(f, "p.safetensors"), model_at(f, "x.safetensors"), NULL, NULL);
  static const struct {
    const char *name;
    LayerState state;
    double distance;
  } expected[] = {{"fc.bias", LAYER_MOVED, 0.3},
                  {"norm", LAYER_SAME, (double)NAN},
                  {"recast.bias", LAYER_SAME, 0},
                  {"long.bias", LAYER_OTHER_SHAPE, (double)NAN},
                  {"fresh.bias", LAYER_ONLY_X, (double)NAN},
                  {"steps", LAYER_MOVED, 1},
                  {"bn.num_batches_tracked", LAYER_MOVED, (double)NAN},
                  {"gone.bias", LAYER_ONLY_P, (double)NAN}};
  g_assert_cmpuint(d->rows->len, ==, 1);
  g_assert_cmpuint(d->others->len, ==, G_N_ELEMENTS(expected));
  for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
    const DiffRow *r = row_in(d->others, expected[i].name);
    g_assert_cmpint(r->state, ==, expected[i].state);
    g_assert_true(isnan(expected[i].distance) == isnan(r->distance));
    if (!isnan(r->distance)) g_assert_cmpfloat_with_epsilon(r->distance, expected[i].distance, 1e-6);
  }
  g_assert_cmpuint(d->count[LAYER_SAME], ==, 1);
  g_assert_cmpuint(d->other_count[LAYER_MOVED], ==, 3);
  g_autofree char *several = model_diff_others_text(d, LAYER_MOVED);
  g_autofree char *one = model_diff_others_text(d, LAYER_ONLY_X);
  g_assert_cmpstr(several, ==, "3 other tensors moved");
  g_assert_cmpstr(one, ==, "1 other tensor only here");
  g_assert_null(model_diff_others_text(d, LAYER_UNREAD));
  g_assert_cmpfloat(d->relative, ==, 0); /* of the layers */
}

/* A file is its own copy, whatever its numbers: all NaN, factors of which the distance is rounded. */
static void test_copies_are_the_same(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < 64; i++) ramp[i] = i % 5 ? NAN : INFINITY, moved[i] = 0.1f * (float)(i % 13) - 0.7f;
  const TensorOut full[] = {{"fc.weight", DTYPE_F32, 2, {8, 8}, ramp}, {"fc.bias", DTYPE_F32, 1, {8}, ramp}};
  const TensorOut lora[] = {{"fc.lora_A.weight", DTYPE_F32, 2, {2, 8}, moved},
                            {"fc.lora_B.weight", DTYPE_F32, 2, {8, 2}, moved + 16}};
  for (int copy = 0; copy < 2; copy++) {
    put_tensors(f, copy ? "full-2.safetensors" : "full-1.safetensors", full, 2, NULL);
    put_tensors(f, copy ? "lora-2.safetensors" : "lora-1.safetensors", lora, 2, NULL);
  }
  scan(f);
  g_autoptr(ModelDiff) a =
      model_diff_new(f->collection, model_at(f, "full-1.safetensors"), model_at(f, "full-2.safetensors"), NULL, NULL);
  g_autoptr(ModelDiff) b =
      model_diff_new(f->collection, model_at(f, "lora-1.safetensors"), model_at(f, "lora-2.safetensors"), NULL, NULL);
  g_assert_cmpuint(a->count[LAYER_SAME], ==, 1);
  g_assert_cmpuint(a->other_count[LAYER_SAME], ==, 1);
  g_assert_cmpuint(b->count[LAYER_SAME], ==, 1);
  g_assert_cmpfloat(b->relative, ==, 0);
}

/* Each byte of both files is read once. */
static void test_reads_once(Fixture *f, gconstpointer unused) {
  (void)unused;
  GError *error = NULL;
  put_pair(f);
  const char *const names[] = {"p.safetensors", "x.safetensors"};
  CountingSource *counts[2];
  WeightFile *file[2];
  for (int i = 0; i < 2; i++) {
    g_autofree char *path = place(f, names[i]);
    g_autoptr(ByteSource) source = counting_source_open(path, &counts[i]);
    file[i] = weight_file_open_source(source, &error);
    g_assert_no_error(error);
    counting_source_reset(counts[i]);
  }
  g_autoptr(ModelDiff) d = model_diff_files(file[0], NULL, file[1], NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(d->others->len, ==, 1);
  for (int i = 0; i < 2; i++) {
    g_assert_cmpuint(counting_source_more(counts[i]), ==, 0);
    g_assert_cmpuint(counting_source_once(counts[i]), ==, (2 * 64 + 3) * sizeof(float));
    weight_file_free(file[i]);
  }
}

/* q, k and v fused under other names, against the same apart: whichever comes first, all is compared. */
static void test_fused(Fixture *f, gconstpointer unused) {
  (void)unused;
  enum { D = 4 };
  for (int i = 0; i < 64; i++) ramp[i] = (float)(i * i % 23) - 11, moved[i] = ramp[i];
  moved[2 * D * D] += 3; /* in v */
  const TensorOut fused[] = {{"double_blocks.0.img_attn.qkv.weight", DTYPE_F32, 2, {3 * D, D}, ramp}};
  const TensorOut apart[] = {{"transformer_blocks.0.attn.to_q.weight", DTYPE_F32, 2, {D, D}, moved},
                             {"transformer_blocks.0.attn.to_k.weight", DTYPE_F32, 2, {D, D}, moved + D * D},
                             {"transformer_blocks.0.attn.to_v.weight", DTYPE_F32, 2, {D, D}, moved + 2 * D * D}};
  put_tensors(f, "fused.safetensors", fused, 1, NULL);
  put_tensors(f, "apart.safetensors", apart, 3, NULL);
  scan(f);
  const Model *one = model_at(f, "fused.safetensors"), *three = model_at(f, "apart.safetensors");
  g_autoptr(ModelDiff) d = model_diff_new(f->collection, one, three, NULL, NULL);
  g_assert_cmpuint(d->rows->len, ==, 3);
  g_assert_cmpint(row_named(d, "transformer_blocks.0.attn.to_q")->state, ==, LAYER_SAME);
  g_assert_cmpint(row_named(d, "transformer_blocks.0.attn.to_k")->state, ==, LAYER_SAME);
  g_assert_cmpfloat(fabs(row_named(d, "transformer_blocks.0.attn.to_v")->distance - 3), <, 1e-5);
  g_autoptr(ModelDiff) turned = model_diff_new(f->collection, three, one, NULL, NULL);
  g_assert_cmpuint(turned->rows->len, ==, 1);
  g_assert_cmpfloat(fabs(row_named(turned, "double_blocks.0.img_attn.qkv")->distance - 3), <, 1e-5);
}

/* What a change that depends on the base adds is computed beside it, or named and left open. */
static void test_forms(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < 64; i++) ramp[i] = 1, moved[i] = 3;
  const TensorOut base[] = {{"q.weight", DTYPE_F32, 2, {8, 8}, ramp}, {"k.weight", DTYPE_F32, 2, {8, 8}, ramp}};
  const TensorOut ia3[] = {{"base_model.model.q.ia3_l", DTYPE_F32, 2, {8, 1}, moved}};
  const TensorOut oft[] = {{"base_model.model.q.oft_R.weight", DTYPE_F32, 2, {4, 1}, ramp}};
  const TensorOut boft[] = {{"base_model.model.q.boft_R", DTYPE_F32, 4, {1, 2, 4, 4}, ramp}};
  const TensorOut hra[] = {{"base_model.model.q.hra_u", DTYPE_F32, 2, {8, 2}, ramp}};
  const TensorOut whole[] = {{"q.diff", DTYPE_F32, 2, {8, 8}, moved}};
  put_tensors(f, "base.safetensors", base, 2, NULL);
  put_tensors(f, "ia3.safetensors", ia3, 1, NULL);
  put_tensors(f, "oft.safetensors", oft, 1, NULL);
  put_tensors(f, "boft.safetensors", boft, 1, NULL);
  put_tensors(f, "hra.safetensors", hra, 1, NULL);
  put_tensors(f, "whole.safetensors", whole, 1, NULL);
  scan(f);
  const Model *b = model_at(f, "base.safetensors");
  g_autoptr(ModelDiff) scaled = model_diff_new(f->collection, b, model_at(f, "ia3.safetensors"), NULL, NULL);
  g_assert_cmpuint(scaled->rows->len, ==, 1);
  g_assert_cmpint(row_named(scaled, "q")->state, ==, LAYER_ADDED_TO);
  g_assert_cmpfloat(fabs(row_named(scaled, "q")->relative - 2), <, 1e-5); /* three times as large */
  g_autoptr(ModelDiff) turned = model_diff_new(f->collection, b, model_at(f, "oft.safetensors"), NULL, NULL);
  g_assert_cmpuint(turned->rows->len, ==, 1);
  g_assert_cmpint(row_named(turned, "q")->state, ==, LAYER_ADDED_TO);
  g_assert_cmpfloat(fabs(row_named(turned, "q")->relative - sqrt(2)), <, 1e-5); /* a right angle */
  g_autoptr(ModelDiff) still = model_diff_new(f->collection, b, model_at(f, "boft.safetensors"), NULL, NULL);
  g_assert_cmpint(row_named(still, "q")->state, ==, LAYER_ADDED_TO);
  g_assert_cmpfloat(row_named(still, "q")->relative, ==, 0); /* of a symmetric block nothing is skew */
  g_autoptr(ModelDiff) open = model_diff_new(f->collection, b, model_at(f, "hra.safetensors"), NULL, NULL);
  g_assert_cmpuint(open->rows->len, ==, 1);
  g_assert_cmpint(row_named(open, "q")->state, ==, LAYER_UNCOMPUTED);
  g_assert_true(isnan(row_named(open, "q")->relative));
  g_assert_cmpint(open->form, ==, FORM_HRA);
  g_autoptr(ModelDiff) added = model_diff_new(f->collection, b, model_at(f, "whole.safetensors"), NULL, NULL);
  g_assert_cmpint(row_named(added, "q")->state, ==, LAYER_ADDED_TO);
  g_assert_cmpfloat(fabs(row_named(added, "q")->relative - 3), <, 1e-5);
}

/* An adapter without its base still says how much it changes: |s B A| of each layer, its rank and its scale. */
static void test_adapter_alone(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const float alpha[] = {4}, a[] = {1, 0, 0, 0, 0, 2}, b[] = {3, 0, 0, 1};
  const TensorOut lora[] = {{"fc.alpha", DTYPE_F32, 0, {0}, alpha},
                            {"fc.lora_down.weight", DTYPE_F32, 2, {2, 3}, a},
                            {"fc.lora_up.weight", DTYPE_F32, 2, {2, 2}, b}};
  put_tensors(f, "lora.safetensors", lora, 3, NULL);
  scan(f);
  g_autoptr(ModelDiff) d = model_layers_new(f->collection, model_at(f, "lora.safetensors"), NULL);
  const DiffRow *row = row_named(d, "fc");
  g_assert_cmpint(row->state, ==, LAYER_ONLY_X);
  g_assert_cmpuint(row->x.rank, ==, 2);
  g_assert_cmpfloat(row->scale, ==, 2); /* alpha over the rank */
  g_assert_cmpfloat(fabs(row->distance - 2 * sqrt(9 + 4)), <, 1e-5);
  g_assert_true(isnan(row->relative));
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
  g_assert_null(model_diff_new(f->collection, model_at(f, "p.safetensors"), model_at(f, "x.safetensors"), &p, &error));
  g_assert_nonnull(error);
  g_autoptr(ModelDiff) alone = model_layers_new(f->collection, model_at(f, "x.safetensors"), NULL);
  g_assert_cmpuint(alone->count[LAYER_ONLY_X], ==, 4);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/diff", "states", test_states);
  add_test("/diff", "adapter", test_adapter_on_its_base);
  add_test("/diff", "adapter-first", test_adapter_first);
  add_test("/diff", "output-layers", test_output_layers);
  add_test("/diff", "other-tensors", test_other_tensors);
  add_test("/diff", "copies", test_copies_are_the_same);
  add_test("/diff", "reads-once", test_reads_once);
  add_test("/diff", "fused", test_fused);
  add_test("/diff", "forms", test_forms);
  add_test("/diff", "adapter-alone", test_adapter_alone);
  add_test("/diff", "cancel", test_cancel);
  return g_test_run();
}
