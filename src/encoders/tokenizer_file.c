/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/tokenizer_file.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"

void tokenizer_file_free(TokenizerFile *t) {
  if (!t) return;
  g_free(t->type);
  vocabulary_free(t->vocabulary);
  g_ptr_array_unref(t->merges);
  g_free(t->suffix);
  g_free(t->prefix);
  g_free(t->unknown);
  cJSON_Delete(t->normalizer);
  cJSON_Delete(t->pre_tokenizer);
  g_free(t);
}

/* A string, or null, which leaves *s as it is. */
static bool read_optional(JsonReader *r, char **s) {
  if (json_reader_peek(r) != '"') return json_reader_skip(r);
  g_free(*s);
  return json_reader_string(r, s);
}

/* Adds both halves of "left right". */
static bool read_joined_merge(JsonReader *r, GPtrArray *merges) {
  g_autofree char *both = NULL;
  if (!json_reader_string(r, &both)) return false;
  char *space = strchr(both, ' ');
  if (!space) return json_reader_fail(r, "a merge without two parts");
  g_ptr_array_add(merges, g_strndup(both, (gsize)(space - both)));
  g_ptr_array_add(merges, g_strdup(space + 1));
  return true;
}

/* Adds both strings of ["left", "right"]. */
static bool read_paired_merge(JsonReader *r, GPtrArray *merges) {
  int parts = 0;
  if (!json_reader_open(r, '[')) return false;
  while (json_reader_next_item(r)) {
    char *part;
    if (parts++ == 2) return json_reader_fail(r, "a merge of more than two parts");
    if (!json_reader_string(r, &part)) return false;
    g_ptr_array_add(merges, part);
  }
  return !r->failed && (parts == 2 || json_reader_fail(r, "a merge without two parts"));
}

static bool read_merges(JsonReader *r, GPtrArray *merges) {
  if (!json_reader_open(r, '[')) return false;
  while (json_reader_next_item(r)) {
    if (merges->len / 2 >= VOCABULARY_MAX_IDS) return json_reader_fail(r, "more merges than there may be tokens");
    if (!(json_reader_peek(r) == '[' ? read_paired_merge(r, merges) : read_joined_merge(r, merges))) return false;
  }
  return !r->failed;
}

static bool read_vocabulary(JsonReader *r, TokenizerFile *t) {
  if (json_reader_peek(r) != '{') return json_reader_skip(r); /* Unigram's list of scores */
  if (!t->vocabulary) t->vocabulary = vocabulary_new();
  return vocabulary_read(t->vocabulary, r);
}

static bool read_type(JsonReader *r, TokenizerFile *t) {
  g_autofree char *type = NULL;
  if (!json_reader_string(r, &type)) return false;
  g_free(t->type);
  t->type = safe_text(type, -1);
  return true;
}

static bool read_model(JsonReader *r, TokenizerFile *t) {
  if (!json_reader_open(r, '{')) return false;
  char *key;
  while (json_reader_next_key(r, &key)) {
    g_autofree char *k = key;
    bool ok = strcmp(k, "type") == 0                        ? read_type(r, t)
              : strcmp(k, "vocab") == 0                     ? read_vocabulary(r, t)
              : strcmp(k, "merges") == 0                    ? read_merges(r, t->merges)
              : strcmp(k, "end_of_word_suffix") == 0        ? read_optional(r, &t->suffix)
              : strcmp(k, "continuing_subword_prefix") == 0 ? read_optional(r, &t->prefix)
              : strcmp(k, "unk_token") == 0                 ? read_optional(r, &t->unknown)
                                                            : json_reader_skip(r);
    if (!ok) return false;
  }
  return !r->failed;
}

static bool read_added_token(JsonReader *r, Vocabulary *added) {
  g_autofree char *content = NULL;
  uint64_t id = VOCABULARY_MAX_IDS;
  if (!json_reader_open(r, '{')) return false;
  char *key;
  while (json_reader_next_key(r, &key)) {
    g_autofree char *k = key;
    bool ok = strcmp(k, "id") == 0        ? json_reader_u64(r, &id)
              : strcmp(k, "content") == 0 ? read_optional(r, &content)
                                          : json_reader_skip(r);
    if (!ok) return false;
  }
  if (r->failed) return false;
  return (content && vocabulary_add(added, content, id)) || json_reader_fail(r, "an added token without content or id");
}

/* Added tokens may come before the vocabulary they are added to. */
static bool read_added(JsonReader *r, TokenizerFile *t) {
  if (json_reader_peek(r) != '[') return json_reader_skip(r);
  if (!t->vocabulary) t->vocabulary = vocabulary_new();
  if (!json_reader_open(r, '[')) return false;
  while (json_reader_next_item(r))
    if (!read_added_token(r, t->vocabulary)) return false;
  return !r->failed;
}

/* A value of any kind as a tree; null and the like give NULL. */
static bool read_tree(JsonReader *r, cJSON **tree) {
  json_reader_peek(r);
  size_t start = r->at;
  if (!json_reader_skip(r)) return false;
  cJSON_Delete(*tree);
  *tree = json_parse(r->bytes + start, r->at - start);
  return true;
}

static bool read_all(JsonReader *r, TokenizerFile *t) {
  bool has_model = false;
  if (!json_reader_open(r, '{')) return false;
  char *key;
  while (json_reader_next_key(r, &key)) {
    g_autofree char *k = key;
    has_model |= strcmp(k, "model") == 0;
    bool ok = strcmp(k, "model") == 0           ? read_model(r, t)
              : strcmp(k, "added_tokens") == 0  ? read_added(r, t)
              : strcmp(k, "normalizer") == 0    ? read_tree(r, &t->normalizer)
              : strcmp(k, "pre_tokenizer") == 0 ? read_tree(r, &t->pre_tokenizer)
                                                : json_reader_skip(r);
    if (!ok) return false;
  }
  if (!r->failed && !json_reader_at_end(r)) json_reader_fail(r, "text after the object");
  if (!r->failed && !has_model) json_reader_fail(r, "there is no 'model'");
  return !r->failed;
}

TokenizerFile *tokenizer_file_parse(const char *bytes, size_t n, const char *label, GError **error) {
  g_autoptr(TokenizerFile) t = g_new0(TokenizerFile, 1);
  t->type = g_strdup("");
  t->merges = g_ptr_array_new_with_free_func(g_free);
  t->suffix = g_strdup("");
  t->prefix = g_strdup("");
  t->unknown = g_strdup("");
  JsonReader r;
  json_reader_init(&r, bytes, n);
  if (read_all(&r, t)) return g_steal_pointer(&t);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: at byte %zu: %s", label, r.at, r.problem);
  return NULL;
}

TokenizerFile *tokenizer_file_open(const char *path, GError **error) {
  size_t n;
  g_autofree char *bytes = file_read_small(path, VOCABULARY_MAX_BYTES, &n, error);
  g_autofree SafeText *label = safe_text(path, -1);
  return bytes ? tokenizer_file_parse(bytes, n, label, error) : NULL;
}
