/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/clip_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "weights/formats/safetensors.h"

enum { VOCABULARY = 1214, CONTEXT = 77, D = CLIP_FIXTURE_WIDTH, INNER = 4 * D, LAYERS = 2 };

typedef struct {
  const ClipFixture *f;
  uint32_t state;
  GArray *tensors; /* of TensorOut */
  GPtrArray *owned;
} Writer;

static float next(Writer *w, float scale, float add) {
  w->state = w->state * 1664525u + 1013904223u;
  return ((float)((double)(w->state >> 8) / 16777216.0 - 0.5)) * scale + add;
}

static float *fill(Writer *w, size_t n, float scale, float add) {
  float *x = g_new(float, n);
  for (size_t i = 0; i < n; i++) x[i] = next(w, scale, add);
  g_ptr_array_add(w->owned, x);
  return x;
}

/* Takes the name. */
static void put(Writer *w, char *name, size_t rows, size_t columns, const float *x) {
  g_ptr_array_add(w->owned, name);
  if (g_strcmp0(name, w->f->leave_out) == 0) return;
  if (g_strcmp0(name, w->f->misshape) == 0) rows--;
  TensorOut t = {.name = name,
                 .dtype = w->f->dtype ? w->f->dtype : DTYPE_F32,
                 .rank = columns ? 2 : 1,
                 .shape = {rows, columns},
                 .data = x};
  g_array_append_val(w->tensors, t);
}

static char *layer_name(const Writer *w, int l, const char *part, const char *open_part, const char *end) {
  return w->f->open_clip ? g_strdup_printf("transformer.resblocks.%d.%s%s", l, open_part, end)
                         : g_strdup_printf("%sencoder.layers.%d.%s.%s", w->f->prefix, l, part, end + 1);
}

/* A matrix with its bias. */
static void put_linear(Writer *w, int l, const char *part, const char *open_part, size_t rows, size_t columns,
                       float scale) {
  put(w, layer_name(w, l, part, open_part, ".weight"), rows, columns, fill(w, rows * columns, scale, 0));
  put(w, layer_name(w, l, part, open_part, ".bias"), rows, 0, fill(w, rows, 0.25f, 0));
}

static void put_norm(Writer *w, int l, const char *part, const char *open_part) {
  put(w, layer_name(w, l, part, open_part, ".weight"), D, 0, fill(w, D, 0.5f, 1));
  put(w, layer_name(w, l, part, open_part, ".bias"), D, 0, fill(w, D, 0.25f, 0));
}

/* Query, key and value: three matrices, or one above the other. */
static void put_attention(Writer *w, int l) {
  static const char *const parts[] = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"};
  if (!w->f->open_clip) {
    for (int i = 0; i < 3; i++) put_linear(w, l, parts[i], "", D, D, 1);
    return;
  }
  float *weight = g_new(float, 3 * D * D), *bias = g_new(float, 3 * D);
  for (int i = 0; i < 3; i++) {
    memcpy(weight + i * D * D, fill(w, D * D, 1, 0), D * D * sizeof(float));
    memcpy(bias + i * D, fill(w, D, 0.25f, 0), D * sizeof(float));
  }
  g_ptr_array_add(w->owned, weight);
  g_ptr_array_add(w->owned, bias);
  put(w, layer_name(w, l, "", "attn.in_proj", "_weight"), 3 * D, D, weight);
  put(w, layer_name(w, l, "", "attn.in_proj", "_bias"), 3 * D, 0, bias);
}

static char *outer(const Writer *w, const char *name, const char *open_name) {
  return w->f->open_clip ? g_strdup(open_name) : g_strconcat(w->f->prefix, name, NULL);
}

static void put_projection(Writer *w) {
  float *x = fill(w, CLIP_FIXTURE_DIM * D, 1, 0);
  if (w->f->no_projection) return;
  if (!w->f->open_clip) {
    put(w, g_strdup("text_projection.weight"), CLIP_FIXTURE_DIM, D, x);
    return;
  }
  float *turned = g_new(float, (CLIP_FIXTURE_DIM * D));
  for (size_t i = 0; i < CLIP_FIXTURE_DIM; i++)
    for (size_t j = 0; j < D; j++) turned[j * CLIP_FIXTURE_DIM + i] = x[i * D + j];
  g_ptr_array_add(w->owned, turned);
  put(w, g_strdup("text_projection"), D, CLIP_FIXTURE_DIM, turned);
}

static void put_all(Writer *w) {
  put(w, outer(w, "embeddings.token_embedding.weight", "token_embedding.weight"), VOCABULARY, D,
      fill(w, VOCABULARY * D, 1, 0));
  put(w, outer(w, "embeddings.position_embedding.weight", "positional_embedding"), CONTEXT, D,
      fill(w, CONTEXT * D, 0.5f, 0));
  for (int l = 0; l < LAYERS; l++) {
    put_norm(w, l, "layer_norm1", "ln_1");
    put_attention(w, l);
    put_linear(w, l, "self_attn.out_proj", "attn.out_proj", D, D, 0.5f);
    put_norm(w, l, "layer_norm2", "ln_2");
    put_linear(w, l, "mlp.fc1", "mlp.c_fc", INNER, D, 1);
    put_linear(w, l, "mlp.fc2", "mlp.c_proj", D, INNER, 0.5f);
  }
  put(w, outer(w, "final_layer_norm.weight", "ln_final.weight"), D, 0, fill(w, D, 0.5f, 1));
  put(w, outer(w, "final_layer_norm.bias", "ln_final.bias"), D, 0, fill(w, D, 0.25f, 0));
  put_projection(w);
}

static void copy_fixture(const char *folder, const char *name) {
  g_autofree char *from = g_build_filename(g_getenv("G_TEST_SRCDIR"), "fixtures", "clip", name, NULL);
  g_autofree char *to = g_build_filename(folder, name, NULL), *bytes = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(from, &bytes, &n, NULL));
  g_assert_true(g_file_set_contents(to, bytes, (gssize)n, NULL));
}

void clip_fixture_write(const char *folder, const ClipFixture *f) {
  Writer w = {f, 1, g_array_new(FALSE, FALSE, sizeof(TensorOut)), g_ptr_array_new_with_free_func(g_free)};
  g_mkdir_with_parents(folder, 0700);
  put_all(&w);
  g_autofree char *weights = g_build_filename(folder, f->weights_name ? f->weights_name : "model.safetensors", NULL);
  g_autofree char *config = g_build_filename(folder, f->config_name ? f->config_name : "config.json", NULL);
  g_assert_true(safetensors_write(weights, (TensorOut *)(void *)w.tensors->data, w.tensors->len, NULL, NULL));
  if (f->config) g_assert_true(g_file_set_contents(config, f->config, -1, NULL));
  if (!f->no_tokenizer) copy_fixture(folder, "vocab.json"), copy_fixture(folder, "merges.txt");
  g_array_unref(w.tensors);
  g_ptr_array_unref(w.owned);
}
