/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/clip/clip_weights.h"

#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "encoders/clip/clip_names.h"
#include "encoders/clip/clip_store.h"
#include "numerics/hash.h"

static const char *const file_names[] = {
    "model.safetensors", "model.safetensors.index.json", "model.fp16.safetensors", "open_clip_model.safetensors",
    "pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model.fp16.bin", "open_clip_pytorch_model.bin"};

void clip_weights_free(ClipWeights *w) {
  if (!w) return;
  clip_store_free(w->store);
  g_free(w->layer);
  g_free(w);
}

const char *clip_weights_label(const ClipWeights *w) { return clip_store_label(w->store); }

bool clip_weights_check(const ClipWeights *w, GError **error) { return clip_store_check(w->store, error); }

/* Asks for a tensor of one or two dimensions (n2 = 0: one) under a name of the tower. */
static bool want(ClipWeights *w, const ClipNames *names, const char *name, size_t n1, size_t n2, const float **where,
                 GError **error) {
  g_autofree char *full = g_strconcat(names->prefix, name, NULL);
  return clip_store_want(w->store, full, n1, n2, where, error);
}

/* Asks for weight (n1, n2) and bias (n1) of a part of layer l. */
static bool want_pair(ClipWeights *w, const ClipNames *names, size_t l, const char *part, size_t n1, size_t n2,
                      const float **weight, const float **bias, GError **error) {
  const char *joint = strchr(part, ' ') ? "_" : "."; /* "in_proj weight" is written in_proj_weight */
  g_autofree char *stem = g_strndup(part, strcspn(part, " "));
  g_autofree char *a = g_strdup_printf("%s%zu.%s%sweight", names->layers, l, stem, joint);
  g_autofree char *b = g_strdup_printf("%s%zu.%s%sbias", names->layers, l, stem, joint);
  return want(w, names, a, n1, n2, weight, error) && want(w, names, b, n1, 0, bias, error);
}

static bool want_attention(ClipWeights *w, const ClipNames *n, size_t l, GError **error) {
  ClipLayer *y = &w->layer[l];
  size_t d = w->width;
  if (n->fused) return want_pair(w, n, l, n->fused, 3 * d, d, &y->q, &y->q_b, error);
  return want_pair(w, n, l, "self_attn.q_proj", d, d, &y->q, &y->q_b, error) &&
         want_pair(w, n, l, "self_attn.k_proj", d, d, &y->k, &y->k_b, error) &&
         want_pair(w, n, l, "self_attn.v_proj", d, d, &y->v, &y->v_b, error);
}

static bool want_layer(ClipWeights *w, const ClipNames *n, size_t l, GError **error) {
  ClipLayer *y = &w->layer[l];
  size_t d = w->width;
  return want_pair(w, n, l, n->norm1, d, 0, &y->norm1, &y->norm1_b, error) && want_attention(w, n, l, error) &&
         want_pair(w, n, l, n->out, d, d, &y->out, &y->out_b, error) &&
         want_pair(w, n, l, n->norm2, d, 0, &y->norm2, &y->norm2_b, error) &&
         want_pair(w, n, l, n->fc1, w->inner, d, &y->fc1, &y->fc1_b, error) &&
         want_pair(w, n, l, n->fc2, d, w->inner, &y->fc2, &y->fc2_b, error);
}

/* Sizes, from the tensors themselves. */
static bool measure(ClipWeights *w, const ClipNames *n, unsigned layers, GError **error) {
  size_t present = 0;
  g_autofree char *tokens = g_strconcat(n->prefix, n->tokens, NULL);
  g_autofree char *positions = g_strconcat(n->prefix, n->positions, NULL);
  for (bool more = true; more;) {
    g_autofree char *name = g_strdup_printf("%s%s%zu.%s.weight", n->prefix, n->layers, present, n->norm1);
    more = clip_store_has(w->store, name);
    present += more;
  }
  g_autofree char *fc1 = g_strdup_printf("%s%s0.%s.weight", n->prefix, n->layers, n->fc1);
  size_t width = 0;
  if (!clip_store_shape(w->store, tokens, &w->vocabulary, &w->width, error) ||
      !clip_store_shape(w->store, positions, &w->context, &width, error) ||
      !clip_store_shape(w->store, fc1, &w->inner, &width, error))
    return false;
  w->layers = layers ? layers : present;
  if (!w->layers) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: no layer of a text tower: %s%s0.%s.weight is missing",
                clip_weights_label(w), n->prefix, n->layers, n->norm1);
    return false;
  }
  w->layer = g_new0(ClipLayer, w->layers);
  return true;
}

/* The projection has no prefix in transformers' layout, and may be absent there. */
static bool want_projection(ClipWeights *w, const ClipNames *n, GError **error) {
  g_autofree char *name = g_strconcat(n->projection_prefix, n->projection, NULL);
  w->dim = w->width;
  w->projection_transposed = n->fused != NULL;
  if (!clip_store_has(w->store, name)) return true;
  size_t rows, columns;
  if (!clip_store_shape(w->store, name, &rows, &columns, error)) return false;
  w->dim = w->projection_transposed ? columns : rows;
  return clip_store_want(w->store, name, w->projection_transposed ? w->width : w->dim,
                         w->projection_transposed ? w->dim : w->width, &w->projection, error);
}

static bool want_all(ClipWeights *w, const ClipNames *n, unsigned layers, GError **error) {
  if (!measure(w, n, layers, error)) return false;
  g_autofree char *tokens = g_strconcat(n->prefix, n->tokens, NULL);
  g_autofree char *norm = g_strconcat(n->final, ".weight", NULL);
  g_autofree char *norm_b = g_strconcat(n->final, ".bias", NULL);
  if (!clip_store_set_table(w->store, tokens, error) ||
      !want(w, n, n->positions, w->context, w->width, &w->position, error) ||
      !want(w, n, norm, w->width, 0, &w->final, error) || !want(w, n, norm_b, w->width, 0, &w->final_b, error) ||
      !want_projection(w, n, error))
    return false;
  for (size_t l = 0; l < w->layers; l++)
    if (!want_layer(w, n, l, error)) return false;
  return true;
}

/* Cuts the fused matrix of OpenCLIP in three. */
static void split_fused(ClipWeights *w) {
  size_t d = w->width;
  for (size_t l = 0; l < w->layers; l++) {
    ClipLayer *y = &w->layer[l];
    y->k = y->q + d * d, y->v = y->q + 2 * d * d;
    y->k_b = y->q_b + d, y->v_b = y->q_b + 2 * d;
  }
}

/* The first weight file of the folder that is there. The caller frees it. */
static char *find_file(const char *folder, GError **error) {
  for (size_t i = 0; i < G_N_ELEMENTS(file_names); i++) {
    g_autofree char *path = g_build_filename(folder, file_names[i], NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS)) return g_steal_pointer(&path);
  }
  g_autofree SafeText *shown = safe_text(folder, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
              "%s: no weights: model.safetensors or pytorch_model.bin is expected there", shown);
  return NULL;
}

ClipWeights *clip_weights_open(const char *folder, unsigned layers, GError **error) {
  g_autofree char *path = find_file(folder, error);
  if (!path) return NULL;
  g_autoptr(ClipWeights) w = g_new0(ClipWeights, 1);
  w->store = clip_store_open(path, error);
  if (!w->store) return NULL;
  const ClipNames *names = clip_names_for(w->store, error);
  if (!names || !want_all(w, names, layers, error) || !clip_store_load(w->store, error)) return NULL;
  if (names->fused) split_fused(w);
  return g_steal_pointer(&w);
}

bool clip_weights_token(const ClipWeights *w, size_t id, float *dst, GError **error) {
  return clip_store_row(w->store, id, w->width, dst, error);
}

/* Of rows spread over the token table, which is read row by row and so in no store. */
static uint64_t table_hash(const ClipWeights *w, uint64_t h) {
  enum { ROWS = 64 };
  g_autofree float *row = g_new0(float, w->width);
  for (size_t k = 0; k < ROWS; k++) {
    if (!clip_weights_token(w, k * (w->vocabulary - 1) / (ROWS - 1), row, NULL)) continue;
    h = hash_name_bytes(h, row, w->width * sizeof *row);
  }
  return h;
}

uint64_t clip_weights_hash(const ClipWeights *w) {
  const uint64_t sizes[] = {w->vocabulary, w->context, w->width, w->inner, w->layers, w->dim};
  return table_hash(w, clip_store_hash(w->store, sizes, G_N_ELEMENTS(sizes)));
}
