/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/encoder.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "encoders/encoder_impl.h"

/* Kinds that are read from a path. */
static const struct {
  const char *prefix;
  bool (*open)(TextEncoder *encoder, const char *path, GError **error);
} kinds[] = {{"clip:", clip_open}, {"model2vec:", model2vec_open}, {"glove:", glove_open}, {"table:", table_open}};

static bool open_kind(TextEncoder *e, const char *description, GError **error) {
  if (strcmp(description, "words") == 0) {
    e->name = g_strdup(description);
    return words_open(e, error);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    if (!g_str_has_prefix(description, kinds[i].prefix)) continue;
    const char *given = description + strlen(kinds[i].prefix);
    if (!*given) break;
    g_autofree char *path = g_canonicalize_filename(given, NULL);
    e->name = g_strconcat(kinds[i].prefix, path, NULL);
    return kinds[i].open(e, path, error);
  }
  g_autofree SafeText *shown = safe_text(description, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "unknown text encoder '%s'; there are: words, clip:DIR, model2vec:DIR, glove:FILE, "
              "table:FILE",
              shown);
  return false;
}

TextEncoder *text_encoder_open(const char *description, GError **error) {
  g_autoptr(TextEncoder) e = g_new0(TextEncoder, 1);
  if (!open_kind(e, description, error) || !text_encoder_set_prompts(e, NULL, error)) return NULL;
  return g_steal_pointer(&e);
}

void text_encoder_free(TextEncoder *e) {
  if (!e) return;
  if (e->ops && e->ops->close) e->ops->close(e);
  prompts_free(e->prompts);
  g_free(e->name);
  g_free(e->own);
  g_free(e->fingerprint);
  g_free(e);
}

const char *text_encoder_name(const TextEncoder *e) { return e->name; }

const char *text_encoder_fingerprint(const TextEncoder *e) { return e->fingerprint; }

size_t text_encoder_dim(const TextEncoder *e) { return e->dim; }

const char *text_encoder_prompts(const TextEncoder *e) { return e->prompts->name; }

bool text_encoder_set_prompts(TextEncoder *e, const char *prompts, GError **error) {
  Prompts *p = prompts_new(prompts ? prompts : prompts_default(e->name), error);
  if (!p) return false;
  g_autofree char *mark = prompts_fingerprint(p);
  prompts_free(e->prompts);
  e->prompts = p;
  g_free(e->fingerprint);
  e->fingerprint = g_strconcat(e->own, mark, NULL);
  return true;
}

void text_encoder_keep_length(TextEncoder *e, bool keep) { e->own_length = keep; }

/* --- encoding ----------------------------------------------------------------------------------- */

/* Brings a vector to length 1; false when it has none. */
static bool normalise(float *x, size_t n) {
  float length = sqrtf(dot(x, x, n));
  if (!(length > 0) || !isfinite(length)) return false;
  for (size_t i = 0; i < n; i++) x[i] /= length;
  return true;
}

/* Of the sum of a text's prompts: the mean, or a vector of length 1. */
static bool settle(const TextEncoder *e, float *sum) {
  if (!e->own_length) return normalise(sum, e->dim);
  for (size_t i = 0; i < e->dim; i++) sum[i] /= (float)e->prompts->count;
  float square = dot(sum, sum, e->dim);
  return square > 0 && isfinite(square);
}

static bool no_vector(const TextEncoder *e, const char *text, float *dst, GError **error) {
  g_autofree SafeText *shown = safe_text(text, -1);
  memset(dst, 0, e->dim * sizeof *dst);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "the encoder '%s' knows no word of '%s'", e->name, shown);
  return false;
}

/* Hands the collected words over as a list; NULL when there are none. */
static char **take_list(GPtrArray *words) {
  if (words->len == 0) {
    g_ptr_array_unref(words);
    return NULL;
  }
  g_ptr_array_add(words, NULL);
  return (char **)g_ptr_array_free(words, FALSE);
}

/* One text's own vector; *known tells whether there is one. */
static bool embed(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown, bool *known, GError **error) {
  g_autoptr(GError) problem = NULL;
  memset(dst, 0, e->dim * sizeof *dst);
  *known = e->ops->encode(e, text, dst, unknown, &problem) > 0;
  bool ok = !problem;
  if (problem) g_propagate_error(error, g_steal_pointer(&problem));
  return ok;
}

/* One way to compute a vector: embed(), encode_prompted() and encode_alone() are such. */
typedef bool (*Compute)(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown, bool *known, GError **error);

/* What callers get of it: the words that were left out, and an error where no word is known. */
static bool compute_one(TextEncoder *e, Compute compute, const char *text, float *dst, char ***unknown,
                        GError **error) {
  g_autoptr(GError) problem = NULL;
  GPtrArray *left_out = g_ptr_array_new_with_free_func(g_free);
  bool known;
  bool ok = compute(e, text, dst, left_out, &known, &problem);
  char **words = take_list(left_out);
  if (unknown) *unknown = words;
  else g_strfreev(words);
  if (ok && !known) ok = no_vector(e, text, dst, &problem);
  if (!ok) g_propagate_error(error, g_steal_pointer(&problem));
  return ok;
}

bool text_encoder_embed(TextEncoder *e, const char *text, float *dst, char ***unknown, GError **error) {
  return compute_one(e, embed, text, dst, unknown, error);
}

/* One text in every prompt: the mean of the vectors, of length 1. */
static bool encode_prompted(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown, bool *known,
                            GError **error) {
  g_autofree float *one = g_new(float, e->dim);
  size_t words = unknown->len;
  memset(dst, 0, e->dim * sizeof *dst);
  for (guint i = 0; i < e->prompts->count; i++) {
    g_autofree char *filled = prompts_fill(e->prompts, i, text);
    bool has;
    g_ptr_array_set_size(unknown, (gint)words); /* every prompt leaves out the same ones */
    if (!embed(e, filled, one, unknown, &has, error)) return false;
    if (has && (e->own_length || normalise(one, e->dim))) axpy(1, one, dst, e->dim);
  }
  *known = settle(e, dst);
  return true;
}

/* The same by an encoder that computes many together; such a one leaves no word out. */
static bool encode_alone(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown, bool *known,
                         GError **error) {
  (void)unknown;
  return text_encoder_encode_many(e, &text, 1, dst, known, error);
}

bool text_encoder_encode(TextEncoder *e, const char *text, float *dst, char ***unknown, GError **error) {
  Compute compute = e->ops->encode_many ? encode_alone : encode_prompted;
  return compute_one(e, compute, text, dst, unknown, error);
}

/* Texts in all prompts, computed together: `all` (n * prompts, dim). */
static bool compute_many(TextEncoder *e, const char *const *texts, size_t n, float *all, GError **error) {
  guint k = e->prompts->count;
  g_autoptr(GPtrArray) filled = g_ptr_array_new_with_free_func(g_free);
  for (size_t i = 0; i < n; i++)
    for (guint j = 0; j < k; j++) g_ptr_array_add(filled, prompts_fill(e->prompts, j, texts[i]));
  return e->ops->encode_many(e, (const char *const *)filled->pdata, n * k, all, error);
}

/* The mean of each text's vectors. */
static void average(const TextEncoder *e, float *all, size_t n, float *dst, bool *known) {
  size_t d = e->dim, k = e->prompts->count;
  memset(dst, 0, n * d * sizeof *dst);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < k; j++) {
      float *one = all + (i * k + j) * d;
      if (e->own_length || normalise(one, d)) axpy(1, one, dst + i * d, d);
    }
    known[i] = settle(e, dst + i * d);
  }
}

bool text_encoder_encode_many(TextEncoder *e, const char *const *texts, size_t n, float *dst, bool *known,
                              GError **error) {
  enum { AT_ONCE = 256 };
  g_autoptr(GPtrArray) unknown = g_ptr_array_new_with_free_func(g_free);
  if (!e->ops->encode_many) {
    for (size_t i = 0; i < n; i++) {
      if (!encode_prompted(e, texts[i], dst + i * e->dim, unknown, &known[i], error)) return false;
      if (!known[i]) memset(dst + i * e->dim, 0, e->dim * sizeof *dst);
    }
    return true;
  }
  for (size_t done = 0; done < n; done += AT_ONCE) {
    size_t k = MIN(n - done, (size_t)AT_ONCE);
    g_autofree float *all = g_new(float, k * e->prompts->count * e->dim);
    if (!compute_many(e, texts + done, k, all, error)) return false;
    average(e, all, k, dst + done * e->dim, known + done);
  }
  return true;
}

bool text_encoder_tokens(TextEncoder *e, const char *text, GArray *ids, GPtrArray *shown, GError **error) {
  if (e->ops->tokens) return e->ops->tokens(e, text, ids, shown, error);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "the encoder '%s' has no tokens", e->name);
  return false;
}

char *text_encoder_unknown_text(char *const *unknown) {
  g_autoptr(GString) lost = g_string_new(NULL), read = g_string_new(NULL);
  for (char *const *word = unknown; word && *word; word++) {
    g_autofree SafeText *shown = safe_text(*word, -1);
    GString *to = strchr(shown, '(') ? read : lost;
    g_string_append_printf(to, "%s%s", to->len ? ", " : "", shown);
  }
  if (!lost->len && !read->len) return NULL;
  return g_strdup_printf("unknown words, %s%s%s%s%s", lost->len ? "left out: " : "", lost->str,
                         lost->len && read->len ? "; " : "", read->len ? "read as others: " : "", read->str);
}

/* --- neighbours --------------------------------------------------------------------------------- */

static void near_clear(void *data) { g_free(((NearWord *)data)->word); }

typedef struct {
  size_t i;
  double cosine;
} Near;

static int best_first(gconstpointer a, gconstpointer b) {
  const Near *x = a, *y = b;
  if (x->cosine != y->cosine) return x->cosine > y->cosine ? -1 : 1;
  return (x->i > y->i) - (x->i < y->i);
}

static bool same_word(const char *a, const char *b) {
  g_autofree char *x = g_utf8_casefold(a, -1), *y = g_utf8_casefold(b, -1);
  return strcmp(x, y) == 0;
}

/* Cosines of `wanted` (length 1) with every word of the encoder's list. */
static GArray *near_own(TextEncoder *e, const float *wanted) {
  GArray *all = g_array_sized_new(FALSE, FALSE, sizeof(Near), (guint)e->words);
  g_autofree float *x = g_new(float, e->dim);
  for (size_t i = 0; i < e->words; i++) {
    if (!e->ops->vector(e, i, x) || !normalise(x, e->dim)) continue;
    Near one = {i, (double)dot(x, wanted, e->dim)};
    g_array_append_val(all, one);
  }
  return all;
}

/* The same with words that are encoded first. */
static GArray *near_among(TextEncoder *e, const float *wanted, char *const *among, GError **error) {
  size_t n = g_strv_length((char **)among);
  g_autofree float *x = g_new(float, n * e->dim + 1);
  g_autofree bool *known = g_new0(bool, n + 1);
  if (!text_encoder_encode_many(e, (const char *const *)among, n, x, known, error)) return NULL;
  GArray *all = g_array_sized_new(FALSE, FALSE, sizeof(Near), (guint)n);
  for (size_t i = 0; i < n; i++) {
    Near one = {i, (double)dot(x + i * e->dim, wanted, e->dim)};
    if (known[i]) g_array_append_val(all, one);
  }
  return all;
}

GArray *text_encoder_nearest(TextEncoder *e, const char *text, char *const *among, size_t limit, GError **error) {
  if (!among && !e->ops->vector) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "the encoder '%s' has no list of words: name one with --among", e->name);
    return NULL;
  }
  g_autofree float *wanted = g_new(float, e->dim);
  if (!text_encoder_encode(e, text, wanted, NULL, error)) return NULL;
  g_autoptr(GArray) all = among ? near_among(e, wanted, among, error) : near_own(e, wanted);
  if (!all) return NULL;
  g_array_sort(all, best_first);
  GArray *best = g_array_new(FALSE, FALSE, sizeof(NearWord));
  g_array_set_clear_func(best, near_clear);
  for (guint i = 0; i < all->len && best->len < limit; i++) {
    const Near *one = &g_array_index(all, Near, i);
    NearWord word = {among ? safe_text(among[one->i], -1) : e->ops->word(e, one->i), one->cosine};
    if (same_word(word.word, text)) g_free(word.word);
    else g_array_append_val(best, word);
  }
  return best;
}
