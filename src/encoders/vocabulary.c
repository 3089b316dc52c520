/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/vocabulary.h"

#include <string.h>

#include "numerics/hash.h"

struct Vocabulary {
  GHashTable *ids;   /* token (owned) -> id + 1 */
  GPtrArray *tokens; /* by id: borrowed from the table, or NULL */
  uint64_t hash;
};

Vocabulary *vocabulary_new(void) {
  Vocabulary *v = g_new0(Vocabulary, 1);
  v->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  v->tokens = g_ptr_array_new();
  return v;
}

void vocabulary_free(Vocabulary *v) {
  if (!v) return;
  g_ptr_array_unref(v->tokens);
  g_hash_table_unref(v->ids);
  g_free(v);
}

/* FNV-1a over the token and its id. */
static uint64_t hash_entry(const char *token, uint64_t id) {
  uint64_t h = hash_name_bytes(HASH_NAME_BEGIN ^ id, token, strlen(token));
  return (h ^ (h >> 29)) * 0x9e3779b97f4a7c15u;
}

/* Takes the token. */
static bool add(Vocabulary *v, char *token, uint64_t id) {
  bool room = id < VOCABULARY_MAX_IDS && g_hash_table_size(v->ids) < VOCABULARY_MAX_IDS;
  if (!room || g_hash_table_contains(v->ids, token)) {
    g_free(token);
    return room;
  }
  v->hash += hash_entry(token, id);
  if (id >= v->tokens->len) g_ptr_array_set_size(v->tokens, (gint)id + 1);
  if (!v->tokens->pdata[id]) v->tokens->pdata[id] = token;
  g_hash_table_insert(v->ids, token, GSIZE_TO_POINTER((gsize)id + 1));
  return true;
}

bool vocabulary_add(Vocabulary *v, const char *token, uint64_t id) { return add(v, g_strdup(token), id); }

bool vocabulary_read(Vocabulary *v, JsonReader *r) {
  if (!json_reader_open(r, '{')) return false;
  char *token;
  while (json_reader_next_key(r, &token)) {
    uint64_t id;
    if (!json_reader_u64(r, &id)) {
      g_free(token);
      return false;
    }
    if (!add(v, token, id)) return json_reader_fail(r, "a token's id is too large");
  }
  return !r->failed;
}

int64_t vocabulary_find(const Vocabulary *v, const char *token) {
  return (int64_t)GPOINTER_TO_SIZE(g_hash_table_lookup(v->ids, token)) - 1;
}

const char *vocabulary_token(const Vocabulary *v, uint32_t id) {
  return id < v->tokens->len ? v->tokens->pdata[id] : NULL;
}

uint32_t vocabulary_ids(const Vocabulary *v) { return v->tokens->len; }

uint64_t vocabulary_hash(const Vocabulary *v) { return v->hash; }
