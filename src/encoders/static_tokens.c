/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/static_tokens.h"

#include <string.h>

#include "core/error.h"
#include "encoders/bpe.h"
#include "encoders/clip/clip_text.h"

enum { LONGEST_WORD = 100 }; /* characters; longer ones are unknown to WordPiece */

struct StaticTokens {
  Bpe *bpe;               /* byte pairs, or NULL */
  Vocabulary *vocabulary; /* of WordPiece, or NULL */
  char *prefix;           /* of pieces within a word: "##" */
  bool lower, strip, prefix_space;
};

void static_tokens_free(StaticTokens *t) {
  if (!t) return;
  bpe_free(t->bpe);
  vocabulary_free(t->vocabulary);
  g_free(t->prefix);
  g_free(t);
}

const Vocabulary *static_tokens_vocabulary(const StaticTokens *t) {
  return t->bpe ? bpe_vocabulary(t->bpe) : t->vocabulary;
}

SafeText *static_tokens_show(const StaticTokens *t, uint32_t id) {
  return t->bpe ? bpe_token_text(t->bpe, id) : safe_text(vocabulary_token(t->vocabulary, id), -1);
}

/* --- making one --------------------------------------------------------------------------------- */

/* A true or false of an object, or of the first in its list (of a Sequence) that has it. */
static bool flag(const cJSON *o, const char *key, bool fallback) {
  const cJSON *own = cJSON_GetObjectItemCaseSensitive(o, key);
  if (cJSON_IsBool(own)) return cJSON_IsTrue(own);
  static const char *const lists[] = {"normalizers", "pretokenizers"};
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
    const cJSON *part, *list = cJSON_GetObjectItemCaseSensitive(o, lists[i]);
    cJSON_ArrayForEach(part, list) {
      const cJSON *item = cJSON_GetObjectItemCaseSensitive(part, key);
      if (cJSON_IsBool(item)) return cJSON_IsTrue(item);
    }
  }
  return fallback;
}

static bool make_bpe(StaticTokens *t, TokenizerFile *file, const char *label, GError **error) {
  t->prefix_space = flag(file->pre_tokenizer, "add_prefix_space", false);
  t->bpe = bpe_new(g_steal_pointer(&file->vocabulary), file->suffix, label, error);
  if (!t->bpe) return false;
  for (guint i = 0; i + 1 < file->merges->len; i += 2) {
    if (bpe_add_merge(t->bpe, file->merges->pdata[i], file->merges->pdata[i + 1])) continue;
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: merge %u is of tokens that the vocabulary lacks", label,
                i / 2 + 1);
    return false;
  }
  return true;
}

StaticTokens *static_tokens_new(TokenizerFile *file, const char *label, GError **error) {
  g_autoptr(StaticTokens) t = g_new0(StaticTokens, 1);
  if (file->vocabulary && strcmp(file->type, "BPE") == 0)
    return make_bpe(t, file, label, error) ? g_steal_pointer(&t) : NULL;
  if (!file->vocabulary || strcmp(file->type, "WordPiece") != 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: a tokenizer of type WordPiece or BPE is expected, and this is '%s'", label, file->type);
    return NULL;
  }
  enum { LONGEST_PREFIX = 64 };
  if (strlen(file->prefix) > LONGEST_PREFIX) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: a prefix of %zu bytes inside words; %d are taken",
                label, strlen(file->prefix), (int)LONGEST_PREFIX);
    return NULL;
  }
  t->lower = flag(file->normalizer, "lowercase", false);
  t->strip = flag(file->normalizer, "strip_accents", t->lower);
  t->prefix = g_strdup(*file->prefix ? file->prefix : "##");
  t->vocabulary = g_steal_pointer(&file->vocabulary);
  return g_steal_pointer(&t);
}

/* --- WordPiece ---------------------------------------------------------------------------------- */

static bool is_ideograph(gunichar c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

static bool stands_alone(gunichar c) {
  if (c < 0x80) return g_ascii_ispunct((char)c);
  return is_ideograph(c) || g_unichar_ispunct(c);
}

static bool is_dropped(gunichar c) {
  GUnicodeType type = g_unichar_type(c);
  return c == 0xfffd || type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_PRIVATE_USE ||
         type == G_UNICODE_SURROGATE;
}

/* BERT's cleaning: words apart by one space, punctuation and ideographs words of their own. */
static char *bert_clean(const StaticTokens *t, const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autofree char *normal = t->strip ? g_utf8_normalize(valid, -1, G_NORMALIZE_DEFAULT) : g_strdup(valid);
  GString *out = g_string_new(NULL);
  for (const char *p = normal ? normal : ""; *p; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    bool alone = stands_alone(c);
    if (clip_text_is_space(c)) {
      g_string_append_c(out, ' ');
    } else if (!is_dropped(c) && !(t->strip && g_unichar_type(c) == G_UNICODE_NON_SPACING_MARK)) {
      if (alone) g_string_append_c(out, ' ');
      if (t->lower) clip_text_append_lower(out, c);
      else g_string_append_unichar(out, c);
      if (alone) g_string_append_c(out, ' ');
    }
  }
  return g_string_free(out, FALSE);
}

/* The longest piece that a word goes on with: its id, and in *n its bytes; -1 when there is
 * none. */
static int64_t longest_piece(const StaticTokens *t, const char *s, bool inside, size_t *n) {
  for (*n = strlen(s); *n > 0; *n = (size_t)(g_utf8_find_prev_char(s, s + *n) - s)) {
    g_autofree char *piece = g_strndup(s, *n);
    g_autofree char *token = g_strconcat(inside ? t->prefix : "", piece, NULL);
    int64_t id = vocabulary_find(t->vocabulary, token);
    if (id >= 0) return id;
    if (g_utf8_find_prev_char(s, s + *n) == NULL) return -1;
  }
  return -1;
}

/* All pieces of a word, or nothing. */
static bool encode_word(const StaticTokens *t, const char *word, GArray *ids) {
  guint first = ids->len;
  if (g_utf8_strlen(word, -1) > LONGEST_WORD) return false;
  for (const char *p = word; *p;) {
    size_t n;
    int64_t id = longest_piece(t, p, p > word, &n);
    if (id < 0) {
      g_array_set_size(ids, first);
      return false;
    }
    uint32_t token = (uint32_t)id;
    g_array_append_val(ids, token);
    p += n;
  }
  return true;
}

static void encode_pieces(const StaticTokens *t, const char *text, size_t limit, GArray *ids, GPtrArray *unknown) {
  g_autofree char *clean = bert_clean(t, text);
  g_auto(GStrv) words = g_strsplit(clean, " ", -1);
  for (char **w = words; *w && ids->len < limit; w++)
    if (**w && !encode_word(t, *w, ids) && unknown) g_ptr_array_add(unknown, g_strdup(*w));
}

/* --- byte pairs --------------------------------------------------------------------------------- */

typedef enum { KIND_SPACE, KIND_LETTER, KIND_NUMBER, KIND_OTHER } CharKind;

static CharKind kind_of(gunichar c) {
  GUnicodeType type = g_unichar_type(c);
  if (clip_text_is_space(c)) return KIND_SPACE;
  if (g_unichar_isalpha(c)) return KIND_LETTER;
  bool number = type == G_UNICODE_DECIMAL_NUMBER || type == G_UNICODE_LETTER_NUMBER || type == G_UNICODE_OTHER_NUMBER;
  return number ? KIND_NUMBER : KIND_OTHER;
}

static const char *run_end(const char *p, CharKind kind) {
  while (*p && kind_of(g_utf8_get_char(p)) == kind) p = g_utf8_next_char(p);
  return p;
}

/* The end of GPT-2's next word: a contraction; a run of letters, numbers or others with the space
 * before it; white space, but for its last character before a word. */
static const char *gpt_word_end(const char *p) {
  static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_prefix(p, endings[i])) return p + strlen(endings[i]);
  const char *body = *p == ' ' ? p + 1 : p;
  if (*body && kind_of(g_utf8_get_char(body)) != KIND_SPACE) return run_end(body, kind_of(g_utf8_get_char(body)));
  const char *end = run_end(p, KIND_SPACE), *last = g_utf8_find_prev_char(p, end);
  return *end && last && last > p ? last : end;
}

static void encode_pairs(const StaticTokens *t, const char *text, size_t limit, GArray *ids) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  bool add = t->prefix_space && *valid && *valid != ' ';
  g_autofree char *whole = g_strconcat(add ? " " : "", valid, NULL);
  for (const char *p = whole, *end; *p && ids->len < limit; p = end) {
    end = gpt_word_end(p);
    bpe_encode_word(t->bpe, p, (size_t)(end - p), ids);
  }
}

void static_tokens_encode(const StaticTokens *t, const char *text, size_t limit, GArray *ids, GPtrArray *unknown) {
  if (t->bpe) encode_pairs(t, text, limit, ids);
  else encode_pieces(t, text, limit, ids, unknown);
  if (ids->len > limit) g_array_set_size(ids, (guint)limit);
}
