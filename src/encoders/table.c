/* SPDX-License-Identifier: Apache-2.0 */
/* The text encoder "table:FILE": texts that were encoded elsewhere, in one safetensors file.
 *
 * Either a matrix `embeddings` (texts, dim) whose names are the metadata `names`, a JSON list of
 * strings; or a vector (dim), or (1, dim), a text, named by it. A text is looked up without regard
 * to case and white space. One that is not there is taken for the nearest name, and said to be. */
#include <string.h>

#include "core/error.h"
#include "core/json.h"
#include "numerics/linalg.h"
#include "encoders/encoder_impl.h"
#include "numerics/hash.h"
#include "weights/weight_file.h"
#include "weights/weight_open.h"

enum { MAX_TEXTS = 4 << 20 };
static const double NEAR_ENOUGH = 0.5;

typedef struct {
  GPtrArray *names; /* of SafeText */
  GPtrArray *keys;  /* of char*: folded names */
  GHashTable *rows; /* key -> row + 1; borrows the keys */
  float *vectors;   /* (names, dim) */
} Table;

static void table_close(TextEncoder *e) {
  Table *t = e->private_data;
  if (!t) return;
  big_free(t->vectors, t->names->len * e->dim);
  g_hash_table_unref(t->rows);
  g_ptr_array_unref(t->keys);
  g_ptr_array_unref(t->names);
  g_free(t);
}

/* Case folded, words apart by one space. The caller frees it. */
static char *key_of(const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autofree char *folded = g_utf8_casefold(valid, -1);
  g_auto(GStrv) words = g_strsplit_set(folded, " \t\r\n_-", -1);
  GString *out = g_string_new(NULL);
  for (char **w = words; *w; w++)
    if (**w) g_string_append_printf(out, "%s%s", out->len ? " " : "", *w);
  return g_string_free(out, FALSE);
}

static void add_name(Table *t, const char *name) {
  char *key = key_of(name);
  g_ptr_array_add(t->names, safe_text(name, -1));
  g_ptr_array_add(t->keys, key);
  if (!g_hash_table_contains(t->rows, key)) g_hash_table_insert(t->rows, key, GSIZE_TO_POINTER((gsize)t->names->len));
}

/* --- near names --------------------------------------------------------------------------------- */

/* Pairs of neighbouring bytes that both keys have, over those of both: 1 when they are equal. */
static double likeness(const char *a, const char *b) {
  unsigned char seen[65536 / 8] = {0};
  size_t n = strlen(a), m = strlen(b), common = 0;
  if (n < 2 || m < 2) return 0;
  for (size_t i = 0; i + 1 < n; i++) {
    unsigned pair = (unsigned char)a[i] << 8 | (unsigned char)a[i + 1];
    seen[pair / 8] |= (unsigned char)(1u << pair % 8);
  }
  for (size_t i = 0; i + 1 < m; i++) {
    unsigned pair = (unsigned char)b[i] << 8 | (unsigned char)b[i + 1];
    common += seen[pair / 8] >> pair % 8 & 1;
    seen[pair / 8] &= (unsigned char)~(1u << pair % 8);
  }
  return 2 * (double)common / (double)(n + m - 2);
}

/* True when the words of one stand in the other, as "fox" does in "a photo of a fox". */
static bool contains(const char *whole, const char *part) {
  g_autofree char *a = g_strconcat(" ", whole, " ", NULL), *b = g_strconcat(" ", part, " ", NULL);
  return strstr(a, b) != NULL;
}

/* The row of the name nearest to a key, or -1 when none is near enough. */
static gssize nearest_name(const Table *t, const char *key) {
  double best = NEAR_ENOUGH;
  gssize row = -1;
  for (guint i = 0; i < t->keys->len && *key; i++) {
    const char *name = t->keys->pdata[i];
    double alike = likeness(key, name);
    if (contains(name, key)) alike = 0.5 + alike / 2;
    if (alike > best || (row < 0 && alike >= best)) best = alike, row = i;
  }
  return row;
}

static size_t table_encode(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown, GError **error) {
  (void)error;
  const Table *t = e->private_data;
  g_autofree char *key = key_of(text);
  gssize row = (gssize)GPOINTER_TO_SIZE(g_hash_table_lookup(t->rows, key)) - 1;
  if (row < 0) {
    row = nearest_name(t, key);
    g_autofree SafeText *shown = safe_text(text, -1);
    g_ptr_array_add(unknown, row < 0 ? g_strdup(shown)
                                     : g_strdup_printf("%s (taken for '%s')", shown, (char *)t->names->pdata[row]));
  }
  if (row < 0) return 0;
  memcpy(dst, t->vectors + (size_t)row * e->dim, e->dim * sizeof *dst);
  return 1;
}

static bool table_vector(TextEncoder *e, size_t i, float *dst) {
  const Table *t = e->private_data;
  memcpy(dst, t->vectors + i * e->dim, e->dim * sizeof *dst);
  return true;
}

static SafeText *table_word(TextEncoder *e, size_t i) {
  const Table *t = e->private_data;
  return g_strdup(t->names->pdata[i]);
}

/* --- reading ------------------------------------------------------------------------------------ */

static bool refuse(const WeightFile *f, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s", weight_file_label(f), problem);
  return false;
}

/* A matrix with the list of its names. */
static bool read_matrix(TextEncoder *e, WeightFile *f, size_t i, GError **error) {
  Table *t = e->private_data;
  const TensorInfo *info = weight_file_info(f, i);
  const char *text = g_hash_table_lookup(weight_file_metadata(f), "names");
  g_autoptr(cJSON) names = text ? json_parse(text, strlen(text)) : NULL;
  const cJSON *name;
  if (!cJSON_IsArray(names) || info->rank != 2 || info->count == 0 ||
      (uint64_t)cJSON_GetArraySize(names) != info->shape[0])
    return refuse(f, "the metadata 'names' must be a JSON list with one name a row of embeddings", error);
  cJSON_ArrayForEach(name, names) {
    if (!cJSON_IsString(name)) return refuse(f, "the metadata 'names' holds what is no string", error);
    add_name(t, name->valuestring);
  }
  e->dim = (size_t)info->shape[1];
  t->vectors = big_alloc((size_t)info->count, error);
  return t->vectors && weight_file_read_f32(f, i, 0, (size_t)info->count, t->vectors, error);
}

/* A vector a name; all of one length. */
static bool read_vectors(TextEncoder *e, WeightFile *f, GError **error) {
  Table *t = e->private_data;
  size_t n = weight_file_count(f);
  e->dim = n ? (size_t)weight_file_info(f, 0)->count : 0;
  if (!e->dim || n > MAX_TEXTS) return refuse(f, "no vectors by name, nor 'embeddings'", error);
  for (size_t i = 0; i < n; i++) {
    const TensorInfo *info = weight_file_info(f, i);
    bool flat = info->rank == 1 || (info->rank == 2 && info->shape[0] == 1);
    if (!flat || info->count != e->dim)
      return refuse(f, "every tensor must be one vector of the same length, named by its text", error);
    add_name(t, info->name);
  }
  t->vectors = big_alloc(n * e->dim, error);
  for (size_t i = 0; i < n; i++)
    if (!t->vectors || !weight_file_read_f32(f, i, 0, e->dim, t->vectors + i * e->dim, error)) return false;
  return true;
}

static uint64_t hash_of(const TextEncoder *e) {
  const Table *t = e->private_data;
  uint64_t h = HASH_NAME_BEGIN;
  for (guint i = 0; i < t->keys->len; i++) h = hash_name_step(h, g_str_hash(t->keys->pdata[i]));
  for (size_t i = 0; i < t->names->len * e->dim; i++) {
    uint32_t bits;
    memcpy(&bits, &t->vectors[i], sizeof bits);
    h = hash_name_step(h, bits);
  }
  return h;
}

bool table_open(TextEncoder *e, const char *path, GError **error) {
  static const TextEncoderOps ops = {
      .encode = table_encode, .vector = table_vector, .word = table_word, .close = table_close};
  Table *t = g_new0(Table, 1);
  t->names = g_ptr_array_new_with_free_func(g_free);
  t->keys = g_ptr_array_new_with_free_func(g_free);
  t->rows = g_hash_table_new(g_str_hash, g_str_equal);
  e->ops = &ops;
  e->private_data = t;
  g_autoptr(WeightFile) f = weight_file_open(path, error);
  if (!f) return false;
  gssize matrix = weight_file_find(f, "embeddings");
  if (!(matrix >= 0 ? read_matrix(e, f, (size_t)matrix, error) : read_vectors(e, f, error))) return false;
  e->words = t->names->len;
  e->own = g_strdup_printf("table:%016" G_GINT64_MODIFIER "x", hash_of(e));
  return true;
}
