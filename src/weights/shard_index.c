/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/shard_index.h"

#include <string.h>

#include "core/error.h"
#include "core/json_reader.h"
#include "weights/weight_format.h"

enum { MAX_NAME = 255, MAX_VALUE = 4096 };

/* While an index is read. */
typedef struct {
  WeightFile *file;
  ShardIndex *index;
  GHashTable *names; /* shard -> itself, borrowed from index->shards */
  JsonReader r;
  GError **error;
} Reading;

void shard_index_init(ShardIndex *index) {
  index->shards = g_ptr_array_new_with_free_func(g_free);
  index->tensors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void shard_index_clear(ShardIndex *index) {
  g_hash_table_unref(index->tensors);
  g_ptr_array_unref(index->shards);
}

static bool fail(const Reading *p, const char *problem) {
  g_set_error(p->error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: index at byte %zu: %s%s", weight_file_label(p->file),
              p->r.at, problem, damage_hint(problem));
  return false;
}

static bool is_plain_name(const char *name) {
  size_t n = strlen(name);
  if (n == 0 || n > MAX_NAME || strpbrk(name, "/\\")) return false;
  return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && text_is_safe(name, -1);
}

/* The index's own copy of a shard's name, or NULL after an error. Takes `name`. */
static const char *intern_shard(Reading *p, char *name) {
  g_autofree char *owned = name;
  const char *known = g_hash_table_lookup(p->names, name);
  if (known) return known;
  if (!is_plain_name(name)) {
    g_autofree SafeText *shown = safe_text(name, -1);
    g_autofree char *problem =
        g_strdup_printf("the shard \"%.80s\" is no plain name of a file beside the index", shown);
    fail(p, problem);
    return NULL;
  }
  if (p->index->shards->len == SHARD_INDEX_MAX_SHARDS) {
    fail(p, "more than 10,000 shards");
    return NULL;
  }
  g_hash_table_add(p->names, owned);
  g_ptr_array_add(p->index->shards, owned);
  return g_steal_pointer(&owned);
}

/* "tensor": "file". Takes `key`. */
static bool read_mapping(Reading *p, char *key) {
  g_autofree char *raw = key, *value = NULL;
  g_autofree SafeText *tensor = safe_text(raw, -1);
  if (!json_reader_string(&p->r, &value)) return fail(p, p->r.problem);
  const char *shard = intern_shard(p, g_steal_pointer(&value));
  if (!shard) return false;
  if (g_hash_table_contains(p->index->tensors, tensor)) return fail(p, "a tensor appears twice in weight_map");
  g_hash_table_insert(p->index->tensors, g_steal_pointer(&tensor), (char *)shard);
  return true;
}

static bool read_weight_map(Reading *p) {
  char *key;
  if (!json_reader_open(&p->r, '{')) return fail(p, p->r.problem);
  while (json_reader_next_key(&p->r, &key))
    if (!read_mapping(p, key)) return false;
  return !p->r.failed || fail(p, p->r.problem);
}

/* Strings, numbers and words as text; lists and objects are stepped over. */
static bool read_metadata_value(Reading *p, const char *key) {
  g_autofree char *text = NULL;
  char first = json_reader_peek(&p->r);
  size_t start = p->r.at;
  if (first == '"') {
    if (!json_reader_string(&p->r, &text)) return fail(p, p->r.problem);
  } else {
    if (!json_reader_skip(&p->r)) return fail(p, p->r.problem);
    if (first != '{' && first != '[') text = g_strndup(p->r.bytes + start, p->r.at - start);
  }
  if (text && strlen(text) <= MAX_VALUE) weight_file_set_metadata(p->file, key, text);
  return true;
}

static bool read_metadata(Reading *p) {
  char *key;
  if (json_reader_peek(&p->r) != '{') return json_reader_skip(&p->r) || fail(p, p->r.problem);
  json_reader_open(&p->r, '{');
  while (json_reader_next_key(&p->r, &key)) {
    g_autofree char *owned = key;
    if (!read_metadata_value(p, owned)) return false;
  }
  return !p->r.failed || fail(p, p->r.problem);
}

static bool read_object(Reading *p) {
  bool has_map = false;
  char *key;
  if (!json_reader_open(&p->r, '{')) return fail(p, p->r.problem);
  while (json_reader_next_key(&p->r, &key)) {
    g_autofree char *owned = key;
    bool ok;
    if (strcmp(owned, "weight_map") == 0) {
      if (has_map) return fail(p, "weight_map is given twice");
      has_map = true;
      ok = read_weight_map(p);
    } else if (strcmp(owned, "metadata") == 0) {
      ok = read_metadata(p);
    } else {
      ok = json_reader_skip(&p->r) || fail(p, p->r.problem);
    }
    if (!ok) return false;
  }
  if (p->r.failed) return fail(p, p->r.problem);
  if (!json_reader_at_end(&p->r)) return fail(p, "text after the index's object");
  if (!has_map) return fail(p, "there is no weight_map");
  return g_hash_table_size(p->index->tensors) > 0 || fail(p, "weight_map names no tensor");
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

bool shard_index_read(WeightFile *file, ShardIndex *index, GError **error) {
  uint64_t n = byte_source_size(file->source);
  if (n > SHARD_INDEX_MAX_BYTES) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: an index above 100,000,000 bytes",
                weight_file_label(file));
    return false;
  }
  g_autofree char *bytes = g_malloc((gsize)n + 1);
  if (!byte_source_read(file->source, 0, bytes, (size_t)n, error)) return false;
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  Reading p = {.file = file, .index = index, .names = names, .error = error};
  json_reader_init(&p.r, bytes, (size_t)n);
  if (!read_object(&p)) return false;
  g_ptr_array_sort(index->shards, by_name);
  return true;
}
