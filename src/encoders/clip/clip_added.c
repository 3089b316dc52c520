/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/clip/clip_added.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"

enum { MOST_BYTES = 8 << 20 };

struct ClipAdded {
  Vocabulary *tokens;
  GPtrArray *names; /* borrowed from the vocabulary, longest first */
};

ClipAdded *clip_added_new(void) {
  ClipAdded *a = g_new0(ClipAdded, 1);
  a->tokens = vocabulary_new();
  a->names = g_ptr_array_new();
  return a;
}

void clip_added_free(ClipAdded *a) {
  if (!a) return;
  g_ptr_array_unref(a->names);
  vocabulary_free(a->tokens);
  g_free(a);
}

uint32_t clip_added_ids(const ClipAdded *a) { return vocabulary_ids(a->tokens); }

const char *clip_added_token(const ClipAdded *a, uint32_t id) { return vocabulary_token(a->tokens, id); }

uint64_t clip_added_hash(const ClipAdded *a) { return vocabulary_hash(a->tokens); }

static int longest_first(gconstpointer a, gconstpointer b) {
  size_t x = strlen(*(const char *const *)a), y = strlen(*(const char *const *)b);
  return (x < y) - (x > y);
}

/* Takes one token. The tokens that start and end every text are known without being added. */
static bool take(ClipAdded *a, const char *token, double id) {
  if (!*token || !(id >= 0 && id < VOCABULARY_MAX_IDS)) return false;
  bool special = strcmp(token, "<|startoftext|>") == 0 || strcmp(token, "<|endoftext|>") == 0;
  if (special || vocabulary_find(a->tokens, token) >= 0 || vocabulary_token(a->tokens, (uint32_t)id)) return true;
  if (!vocabulary_add(a->tokens, token, (uint64_t)id)) return false;
  g_ptr_array_add(a->names, (gpointer)vocabulary_token(a->tokens, (uint32_t)id));
  g_ptr_array_sort(a->names, longest_first);
  return true;
}

static bool refuse(const char *label, const char *what, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s%s", label, what, damage_hint(what));
  return false;
}

bool clip_added_parse(ClipAdded *a, const char *bytes, size_t n, const char *label, GError **error) {
  g_autoptr(cJSON) o = json_parse(bytes, n);
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "added_tokens"), *item;
  cJSON_ArrayForEach(item, list) {
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(item, "content");
    if (!cJSON_IsString(content) || !take(a, content->valuestring, json_number(item, "id", -1)))
      return refuse(label, "an added token without content or id", error);
  }
  return true;
}

/* {"<fox-toy>": 49408, …} */
static bool take_table(ClipAdded *a, const cJSON *o, const char *label, GError **error) {
  const cJSON *item;
  if (!cJSON_IsObject(o)) return refuse(label, "an object of tokens and ids is expected", error);
  cJSON_ArrayForEach(item, o) if (!cJSON_IsNumber(item) || !take(a, item->string, item->valuedouble)) return refuse(
      label, "an added token whose id is none", error);
  return true;
}

/* {"added_tokens_decoder": {"49408": {"content": "<fox-toy>"}, …}} */
static bool take_decoder(ClipAdded *a, const cJSON *o, const char *label, GError **error) {
  const cJSON *item;
  cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(o, "added_tokens_decoder")) {
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(item, "content");
    bool digits = *item->string && strspn(item->string, "0123456789") == strlen(item->string);
    double id = digits ? g_ascii_strtod(item->string, NULL) : -1;
    if (!cJSON_IsString(content) || !take(a, content->valuestring, id))
      return refuse(label, "an added token without content or id", error);
  }
  return true;
}

static bool read_one(ClipAdded *a, const char *folder, const char *name,
                     bool (*read)(ClipAdded *, const cJSON *, const char *, GError **), GError **error) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) return true;
  size_t n;
  g_autofree char *bytes = file_read_small(path, MOST_BYTES, &n, error);
  if (!bytes) return false;
  g_autoptr(cJSON) o = json_parse(bytes, n);
  g_autofree SafeText *label = safe_text(path, -1);
  return o ? read(a, o, label, error) : refuse(label, "this is no JSON", error);
}

bool clip_added_read(ClipAdded *a, const char *folder, GError **error) {
  return read_one(a, folder, "added_tokens.json", take_table, error) &&
         read_one(a, folder, "tokenizer_config.json", take_decoder, error);
}

const char *clip_added_find(const ClipAdded *a, const char *text, size_t *n, uint32_t *id) {
  const char *first = NULL;
  for (guint i = 0; i < a->names->len; i++) {
    const char *token = a->names->pdata[i], *at = strstr(text, token);
    if (!at || (first && at >= first)) continue; /* of tokens at one place the longest was looked for first */
    first = at;
    *n = strlen(token);
    *id = (uint32_t)vocabulary_find(a->tokens, token);
  }
  return first;
}
