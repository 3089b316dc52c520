/* SPDX-License-Identifier: Apache-2.0 */
/* The text encoder "clip:DIR": tokenizer and text tower of a Hub folder. */
#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "numerics/linalg.h"
#include "encoders/clip/clip_tokenizer.h"
#include "encoders/clip/clip_tower.h"
#include "encoders/encoder_impl.h"

typedef struct {
  ClipConfig config;
  ClipWeights *weights;
  ClipTokenizer *tokenizer;
} Clip;

static void clip_close(TextEncoder *e) {
  Clip *c = e->private_data;
  if (!c) return;
  clip_weights_free(c->weights);
  clip_tokenizer_free(c->tokenizer);
  g_free(c);
}

/* Place of the pooled token: the first of id config.end, else the first end token. Old files mean the largest id, which
 * the end token is until others are added. */
static size_t pooled_at(const Clip *c, const uint32_t *ids, size_t n) {
  uint32_t end = clip_tokenizer_end(c->tokenizer);
  for (size_t i = 0; i < n && c->config.end >= 0; i++)
    if (ids[i] == c->config.end) return i;
  for (size_t i = 0; i < n; i++)
    if (ids[i] == end) return i;
  return n - 1;
}

static bool clip_tokens(TextEncoder *e, const char *text, GArray *ids, GPtrArray *shown, GError **error) {
  (void)error;
  const Clip *c = e->private_data;
  guint first = ids->len;
  clip_tokenizer_encode(c->tokenizer, text, c->weights->context, ids);
  for (guint i = first; shown && i < ids->len; i++)
    g_ptr_array_add(shown, clip_tokenizer_show(c->tokenizer, g_array_index(ids, uint32_t, i)));
  return true;
}

/* Weights that are no numbers give answers that are none. */
static bool check_answers(const Clip *c, const float *x, size_t n, GError **error) {
  if (first_not_finite(x, n) == n) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: the weights give NaN or infinity where a vector is expected: the file is damaged, fetch it again",
              clip_weights_label(c->weights));
  return false;
}

static bool clip_encode_many(TextEncoder *e, const char *const *texts, size_t n, float *dst, GError **error) {
  const Clip *c = e->private_data;
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  g_autofree ClipText *all = g_new0(ClipText, n + 1);
  g_autofree size_t *start = g_new0(size_t, n + 1);
  for (size_t i = 0; i < n; i++) {
    start[i] = ids->len;
    clip_tokens(e, texts[i], ids, NULL, NULL);
    size_t length = ids->len - start[i];
    all[i].n = pooled_at(c, &g_array_index(ids, uint32_t, start[i]), length) + 1;
  }
  for (size_t i = 0; i < n; i++) all[i].ids = &g_array_index(ids, uint32_t, start[i]);
  return clip_tower_encode(c->weights, &c->config, all, n, dst, error) && check_answers(c, dst, n * e->dim, error);
}

static size_t clip_encode(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown, GError **error) {
  (void)unknown; /* every byte has a token */
  return clip_encode_many(e, &text, 1, dst, error) ? 1 : 0;
}

/* Does all that was read fit together? */
static bool check(const Clip *c, GError **error) {
  const ClipWeights *w = c->weights;
  const char *label = clip_weights_label(w);
  if (w->width % c->config.heads != 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: width %zu cannot be cut into %u attention heads, as the configuration says", label, w->width,
                c->config.heads);
    return false;
  }
  if (clip_tokenizer_ids(c->tokenizer) > w->vocabulary) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: the token table should have %u rows, one a token of the vocabulary, and has "
                "%zu",
                label, clip_tokenizer_ids(c->tokenizer), w->vocabulary);
    return false;
  }
  if (w->context >= 2) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: at least 2 positions are needed, and its table has fewer: damaged? fetch it again", label);
  return false;
}

/* The folder that holds the model: a pipeline's text_encoder, a Hub cache's snapshot. The caller
 * frees it. */
static char *model_folder(const char *folder) {
  g_autofree char *own = g_build_filename(folder, "config.json", NULL);
  g_autofree char *inner = g_build_filename(folder, "text_encoder", NULL);
  g_autofree char *reference = g_build_filename(folder, "refs", "main", NULL);
  g_autofree char *revision = NULL;
  if (g_file_test(own, G_FILE_TEST_EXISTS)) return g_strdup(folder);
  if (g_file_test(inner, G_FILE_TEST_IS_DIR)) return g_steal_pointer(&inner);
  if (g_file_test(reference, G_FILE_TEST_IS_REGULAR) && (revision = file_read_small(reference, 256, NULL, NULL))) {
    g_strstrip(revision);
    g_autofree char *snapshot = g_build_filename(folder, "snapshots", revision, NULL);
    if (!strchr(revision, '/') && g_file_test(snapshot, G_FILE_TEST_IS_DIR))
      return g_strcmp0(revision, "..") == 0 ? g_strdup(folder) : model_folder(snapshot);
  }
  return g_strdup(folder);
}

bool clip_open(TextEncoder *e, const char *folder, GError **error) {
  static const TextEncoderOps ops = {
      .encode = clip_encode, .encode_many = clip_encode_many, .tokens = clip_tokens, .close = clip_close};
  Clip *c = g_new0(Clip, 1);
  e->ops = &ops;
  e->private_data = c;
  g_autofree char *place = model_folder(folder);
  if (!clip_config_open(place, &c->config, error)) return false;
  c->tokenizer = clip_tokenizer_open(place, error);
  if (!c->tokenizer) return false;
  c->weights = clip_weights_open(place, c->config.layers, error);
  if (!c->weights || !check(c, error)) return false;
  e->dim = c->weights->dim;
  uint64_t hash = clip_weights_hash(c->weights) ^ clip_tokenizer_hash(c->tokenizer);
  uint32_t eps;
  memcpy(&eps, &c->config.eps, sizeof eps);
  hash = hash * 31 + 1000 * c->config.activation + c->config.heads;
  hash = (hash * 31 + eps) * 31 + (uint64_t)c->config.end;
  e->own = g_strdup_printf("clip:%016" G_GINT64_MODIFIER "x", hash);
  return true;
}
