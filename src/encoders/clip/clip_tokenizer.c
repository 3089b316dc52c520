/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/clip/clip_tokenizer.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "encoders/clip/clip_added.h"
#include "encoders/clip/clip_text.h"
#include "encoders/tokenizer_file.h"

static const char start_token[] = "<|startoftext|>", end_token[] = "<|endoftext|>";
static const char word_end[] = "</w>";

struct ClipTokenizer {
  Bpe *bpe;
  ClipAdded *added;
  uint32_t start, end;
};

void clip_tokenizer_free(ClipTokenizer *t) {
  if (!t) return;
  bpe_free(t->bpe);
  clip_added_free(t->added);
  g_free(t);
}

uint32_t clip_tokenizer_end(const ClipTokenizer *t) { return t->end; }

uint32_t clip_tokenizer_ids(const ClipTokenizer *t) {
  return MAX(vocabulary_ids(bpe_vocabulary(t->bpe)), clip_added_ids(t->added));
}

uint64_t clip_tokenizer_hash(const ClipTokenizer *t) {
  return vocabulary_hash(bpe_vocabulary(t->bpe)) ^ bpe_hash(t->bpe) ^ clip_added_hash(t->added);
}

/* --- loading ------------------------------------------------------------------------------------ */

/* Takes the encoder and finds the special tokens. */
static ClipTokenizer *with_specials(Bpe *bpe, const char *label, GError **error) {
  int64_t start = vocabulary_find(bpe_vocabulary(bpe), start_token);
  int64_t end = vocabulary_find(bpe_vocabulary(bpe), end_token);
  if (start < 0 || end < 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: no token %s, which CLIP's have", label,
                start < 0 ? start_token : end_token);
    bpe_free(bpe);
    return NULL;
  }
  ClipTokenizer *t = g_new0(ClipTokenizer, 1);
  *t = (ClipTokenizer){bpe, clip_added_new(), (uint32_t)start, (uint32_t)end};
  return t;
}

static ClipTokenizer *from_tokenizer_json(TokenizerFile *file, const char *label, GError **error) {
  bool pairs = file->vocabulary && (!*file->type || strcmp(file->type, "BPE") == 0);
  if (!pairs) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: a tokenizer of type BPE is expected, and this is '%s'", label, file->type);
    return NULL;
  }
  g_autoptr(Bpe) bpe = bpe_new(g_steal_pointer(&file->vocabulary), word_end, label, error);
  if (!bpe) return NULL;
  for (guint i = 0; i + 1 < file->merges->len; i += 2) {
    if (bpe_add_merge(bpe, file->merges->pdata[i], file->merges->pdata[i + 1])) continue;
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: merge %u is of tokens that the vocabulary lacks", label,
                i / 2 + 1);
    return NULL;
  }
  return with_specials(g_steal_pointer(&bpe), label, error);
}

static ClipTokenizer *from_two_files(const char *vocabulary, size_t n, const char *merges, size_t m, const char *label,
                                     GError **error) {
  g_autoptr(Vocabulary) v = vocabulary_new();
  JsonReader r;
  json_reader_init(&r, vocabulary, n);
  if (!vocabulary_read(v, &r) || !json_reader_at_end(&r)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: vocab.json at byte %zu: %s", label, r.at,
                r.failed ? r.problem : "text after the object");
    return NULL;
  }
  g_autofree char *merges_label = g_strconcat(label, ": merges.txt", NULL);
  g_autoptr(Bpe) bpe = bpe_new(g_steal_pointer(&v), word_end, label, error);
  if (!bpe || !bpe_add_merges(bpe, merges, m, merges_label, error)) return NULL;
  return with_specials(g_steal_pointer(&bpe), label, error);
}

ClipTokenizer *clip_tokenizer_parse(const char *vocabulary, size_t n, const char *merges, size_t m, const char *label,
                                    GError **error) {
  if (merges) return from_two_files(vocabulary, n, merges, m, label, error);
  g_autoptr(TokenizerFile) file = tokenizer_file_parse(vocabulary, n, label, error);
  g_autoptr(ClipTokenizer) t = file ? from_tokenizer_json(file, label, error) : NULL;
  return t && clip_added_parse(t->added, vocabulary, n, label, error) ? g_steal_pointer(&t) : NULL;
}

/* The tokenizer whose files lie in `folder` itself. *found says whether there are any. */
static ClipTokenizer *open_in(const char *folder, bool *found, GError **error) {
  g_autofree char *vocab = g_build_filename(folder, "vocab.json", NULL);
  g_autofree char *merges = g_build_filename(folder, "merges.txt", NULL);
  g_autofree char *whole = g_build_filename(folder, "tokenizer.json", NULL);
  bool two = g_file_test(vocab, G_FILE_TEST_EXISTS) && g_file_test(merges, G_FILE_TEST_EXISTS);
  *found = two || g_file_test(whole, G_FILE_TEST_EXISTS);
  if (!*found) return NULL;
  size_t n, m = 0;
  g_autofree char *first = file_read_small(two ? vocab : whole, VOCABULARY_MAX_BYTES, &n, error);
  g_autofree char *second = first && two ? file_read_small(merges, VOCABULARY_MAX_BYTES, &m, error) : NULL;
  if (!first || (two && !second)) return NULL;
  g_autofree SafeText *label = safe_text(two ? folder : whole, -1);
  g_autoptr(ClipTokenizer) t = clip_tokenizer_parse(first, n, second, m, label, error);
  return t && clip_added_read(t->added, folder, error) ? g_steal_pointer(&t) : NULL;
}

ClipTokenizer *clip_tokenizer_open(const char *folder, GError **error) {
  g_autofree char *own = g_path_get_basename(folder);
  const char *number = g_str_has_prefix(own, "text_encoder_") ? own + strlen("text_encoder") : "";
  g_autofree char *sibling = g_strconcat("tokenizer", number, NULL);
  g_autofree char *beside = g_build_filename(folder, "..", sibling, NULL);
  const char *const places[] = {folder, beside};
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    bool found;
    ClipTokenizer *t = open_in(places[i], &found, error);
    if (found) return t;
  }
  g_autofree SafeText *shown = safe_text(folder, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
              "%s: no tokenizer: vocab.json with merges.txt, or tokenizer.json, is expected there "
              "or in ../%s",
              shown, sibling);
  return NULL;
}

/* --- encoding ----------------------------------------------------------------------------------- */

static void encode_words(const ClipTokenizer *t, const char *clean, size_t limit, GArray *ids) {
  size_t n;
  for (const char *at = clean, *word; ids->len < limit && (word = clip_text_next(&at, &n));)
    bpe_encode_word(t->bpe, word, n, ids);
}

/* Text without an end token. */
static void encode_plain(const ClipTokenizer *t, const char *text, size_t n, size_t limit, GArray *ids) {
  g_autofree char *clean = clip_text_clean(text, (gssize)n);
  g_auto(GStrv) parts = g_strsplit(clean, start_token, -1);
  for (char **part = parts; *part && ids->len < limit; part++) {
    if (part > parts) g_array_append_val(ids, t->start);
    encode_words(t, *part, limit, ids);
  }
}

/* Text between added tokens. */
static void encode_between(const ClipTokenizer *t, const char *text, size_t most, GArray *ids) {
  for (const char *p = text; *p && ids->len < most;) {
    const char *special = strstr(p, end_token);
    size_t n = special ? (size_t)(special - p) : strlen(p);
    encode_plain(t, p, n, most, ids);
    if (special) g_array_append_val(ids, t->end);
    p += special ? n + strlen(end_token) : n;
  }
}

void clip_tokenizer_encode(const ClipTokenizer *t, const char *text, size_t limit, GArray *ids) {
  guint first = ids->len;
  size_t most = first + MAX(limit, 2) - 1, n;
  uint32_t id;
  g_array_append_val(ids, t->start);
  for (const char *p = text, *added; p && ids->len < most; p = added ? added + n : NULL) {
    added = clip_added_find(t->added, p, &n, &id);
    g_autofree char *between = added ? g_strndup(p, (gsize)(added - p)) : g_strdup(p);
    encode_between(t, between, most, ids);
    if (added) g_array_append_val(ids, id);
  }
  if (ids->len > most) g_array_set_size(ids, (guint)most);
  g_array_append_val(ids, t->end);
}

SafeText *clip_tokenizer_show(const ClipTokenizer *t, uint32_t id) {
  const char *token = vocabulary_token(bpe_vocabulary(t->bpe), id), *added = clip_added_token(t->added, id);
  if (!token && added) return safe_text(added, -1);
  g_autofree SafeText *text = bpe_token_text(t->bpe, id);
  bool ends = token && g_str_has_suffix(token, word_end);
  return g_strconcat(text, ends ? word_end : "", NULL);
}
