/* SPDX-License-Identifier: Apache-2.0 */
/* The text encoder "model2vec:DIR": a static token table, as model2vec distils them.
 *
 *   v = mean over tokens of weight_t * E[mapping_t]     weights and mapping are optional
 *
 * brought to length 1 when config.json says "normalize". */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "numerics/linalg.h"
#include "encoders/encoder_impl.h"
#include "encoders/static_tokens.h"
#include "numerics/hash.h"
#include "weights/weight_file.h"
#include "weights/weight_open.h"

enum { MAX_TOKENS = 512, CONFIG_BYTES = 1 << 20 };

typedef struct {
  StaticTokens *tokens;
  size_t rows, ids; /* of the table; tokens that have one */
  float *table;     /* (rows, dim) */
  float *weight;    /* (ids), or NULL */
  float *mapping;   /* (ids): rows, or NULL */
  bool normalise;
} Model2Vec;

static void model2vec_close(TextEncoder *e) {
  Model2Vec *m = e->private_data;
  if (!m) return;
  static_tokens_free(m->tokens);
  big_free(m->table, m->rows * e->dim);
  g_free(m->weight);
  g_free(m->mapping);
  g_free(m);
}

/* Reads a tensor of one dimension, if it is there. */
static bool read_list(WeightFile *f, const char *name, float **list, size_t *n, GError **error) {
  gssize i = weight_file_find(f, name);
  if (i < 0) return true;
  const TensorInfo *t = weight_file_info(f, (size_t)i);
  if (t->rank != 1 || t->count > VOCABULARY_MAX_IDS || !dtype_is_readable(t->dtype)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s should be one number a token",
                weight_file_label(f), name);
    return false;
  }
  *n = (size_t)t->count;
  *list = g_new(float, *n + 1);
  if (!weight_file_read_f32(f, (size_t)i, 0, *n, *list, error)) return false;
  size_t at = first_not_finite(*list, *n);
  if (at == *n) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s holds what is no number, at %zu",
              weight_file_label(f), name, at);
  return false;
}

static bool read_table(TextEncoder *e, WeightFile *f, GError **error) {
  Model2Vec *m = e->private_data;
  gssize i = weight_file_find(f, "embeddings");
  if (i < 0) i = weight_file_find(f, "embedding.weight");
  const TensorInfo *t = i >= 0 ? weight_file_info(f, (size_t)i) : NULL;
  if (!t || t->rank != 2 || t->count == 0 || !dtype_is_readable(t->dtype)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: a matrix 'embeddings' of one row a token is expected",
                weight_file_label(f));
    return false;
  }
  m->rows = (size_t)t->shape[0];
  e->dim = (size_t)t->shape[1];
  m->table = big_alloc(m->rows * e->dim, error);
  return m->table && weight_file_read_f32(f, (size_t)i, 0, m->rows * e->dim, m->table, error);
}

/* Every token must have a row, and each row must be in the table. */
static bool check_rows(const Model2Vec *m, const char *label, size_t weights, size_t mapped, GError **error) {
  const Vocabulary *v = static_tokens_vocabulary(m->tokens);
  bool ok = m->ids <= (m->mapping ? mapped : m->rows) && (!m->weight || m->ids <= weights);
  for (size_t i = 0; m->mapping && i < mapped && ok; i++)
    ok = m->mapping[i] >= 0 && (double)m->mapping[i] < (double)m->rows;
  if (ok) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: embeddings, weights and mapping do not cover the %u tokens of tokenizer.json", label,
              vocabulary_ids(v));
  return false;
}

static bool read_weights(TextEncoder *e, const char *folder, GError **error) {
  Model2Vec *m = e->private_data;
  g_autofree char *path = g_build_filename(folder, "model.safetensors", NULL);
  g_autoptr(WeightFile) f = weight_file_open(path, error);
  size_t weights = 0, mapped = 0;
  if (!f || !read_table(e, f, error) || !read_list(f, "weights", &m->weight, &weights, error) ||
      !read_list(f, "mapping", &m->mapping, &mapped, error))
    return false;
  return check_rows(m, weight_file_label(f), weights, mapped, error);
}

static bool read_tokenizer(Model2Vec *m, const char *folder, GError **error) {
  g_autofree char *path = g_build_filename(folder, "tokenizer.json", NULL);
  g_autofree SafeText *label = safe_text(path, -1);
  g_autoptr(TokenizerFile) file = tokenizer_file_open(path, error);
  m->tokens = file ? static_tokens_new(file, label, error) : NULL;
  if (m->tokens) m->ids = vocabulary_ids(static_tokens_vocabulary(m->tokens));
  return m->tokens != NULL;
}

/* A folder without config.json, or one that does not say, is normalised. */
static void read_config(Model2Vec *m, const char *folder) {
  g_autofree char *path = g_build_filename(folder, "config.json", NULL);
  size_t n = 0;
  g_autofree char *bytes = file_read_small(path, CONFIG_BYTES, &n, NULL);
  g_autoptr(cJSON) config = bytes ? json_parse(bytes, n) : NULL;
  m->normalise = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(config, "normalize"));
}

/* Adds a token's weighted row. */
static void add_token(const TextEncoder *e, uint32_t id, float *dst) {
  const Model2Vec *m = e->private_data;
  size_t row = m->mapping ? (size_t)m->mapping[id] : id;
  axpy(m->weight ? m->weight[id] : 1, m->table + row * e->dim, dst, e->dim);
}

static size_t model2vec_encode(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown, GError **error) {
  (void)error;
  const Model2Vec *m = e->private_data;
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  static_tokens_encode(m->tokens, text, MAX_TOKENS, ids, unknown);
  for (guint i = 0; i < ids->len; i++) add_token(e, g_array_index(ids, uint32_t, i), dst);
  float length = sqrtf(dot(dst, dst, e->dim));
  float divisor = m->normalise ? length : (float)ids->len;
  for (size_t i = 0; i < e->dim && divisor > 0; i++) dst[i] /= divisor;
  return ids->len;
}

static bool model2vec_tokens(TextEncoder *e, const char *text, GArray *ids, GPtrArray *shown, GError **error) {
  (void)error;
  const Model2Vec *m = e->private_data;
  guint first = ids->len;
  static_tokens_encode(m->tokens, text, first + MAX_TOKENS, ids, NULL);
  for (guint i = first; shown && i < ids->len; i++)
    g_ptr_array_add(shown, static_tokens_show(m->tokens, g_array_index(ids, uint32_t, i)));
  return true;
}

static bool model2vec_vector(TextEncoder *e, size_t i, float *dst) {
  const Model2Vec *m = e->private_data;
  memset(dst, 0, e->dim * sizeof *dst);
  if (!vocabulary_token(static_tokens_vocabulary(m->tokens), (uint32_t)i)) return false;
  add_token(e, (uint32_t)i, dst);
  return true;
}

static SafeText *model2vec_word(TextEncoder *e, size_t i) {
  const Model2Vec *m = e->private_data;
  return static_tokens_show(m->tokens, (uint32_t)i);
}

static uint64_t hash_of(const TextEncoder *e) {
  const Model2Vec *m = e->private_data;
  uint64_t h = vocabulary_hash(static_tokens_vocabulary(m->tokens)) ^ (uint64_t)m->normalise;
  size_t n = m->rows * e->dim, step = n / 4096 + 1;
  for (size_t i = 0; i < n; i += step) {
    uint32_t bits;
    memcpy(&bits, &m->table[i], sizeof bits);
    h = hash_name_step(h, bits);
  }
  for (size_t i = 0; m->weight && i < m->ids; i++) {
    uint32_t bits;
    memcpy(&bits, &m->weight[i], sizeof bits);
    h = hash_name_step(h, bits);
  }
  return h;
}

bool model2vec_open(TextEncoder *e, const char *folder, GError **error) {
  static const TextEncoderOps ops = {.encode = model2vec_encode,
                                     .tokens = model2vec_tokens,
                                     .vector = model2vec_vector,
                                     .word = model2vec_word,
                                     .close = model2vec_close};
  Model2Vec *m = g_new0(Model2Vec, 1);
  e->ops = &ops;
  e->private_data = m;
  read_config(m, folder);
  if (!read_tokenizer(m, folder, error) || !read_weights(e, folder, error)) return false;
  e->words = m->ids;
  e->own = g_strdup_printf("model2vec:%016" G_GINT64_MODIFIER "x", hash_of(e));
  return true;
}
