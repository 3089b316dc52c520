/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/header_cache.h"

#include <string.h>
#include <xxhash.h>

#include "weights/formats/safetensors.h"
#include "weights/weight_open.h"

enum { MAX_BYTES = 32 << 20 };

/* A list of tensors, and what it means. */
typedef struct {
  uint64_t hash, length, data;
  const char *bytes; /* of the list; owned when it lies in the table */
  WeightSummary *summary;
} Seen;

struct HeaderCache {
  GMutex lock; /* of what follows; what is in the table stays there unchanged */
  GHashTable *seen;
  size_t bytes;
};

static guint seen_hash(gconstpointer s) { return (guint)((const Seen *)s)->hash; }

static gboolean seen_equal(gconstpointer a, gconstpointer b) {
  const Seen *x = a, *y = b;
  return x->hash == y->hash && x->length == y->length && x->data == y->data &&
         memcmp(x->bytes, y->bytes, x->length) == 0;
}

static void seen_free(void *data) {
  Seen *s = data;
  g_free((char *)s->bytes);
  weight_summary_free(s->summary);
  g_free(s);
}

HeaderCache *header_cache_new(void) {
  HeaderCache *c = g_new0(HeaderCache, 1);
  g_mutex_init(&c->lock);
  c->seen = g_hash_table_new_full(seen_hash, seen_equal, NULL, seen_free);
  return c;
}

void header_cache_free(HeaderCache *c) {
  if (!c) return;
  g_hash_table_unref(c->seen);
  g_mutex_clear(&c->lock);
  g_free(c);
}

static Seen key_of(const SafetensorsHead *head) {
  Seen key = {.bytes = head->text + head->rest, .length = head->end - head->rest, .data = head->data};
  key.hash = XXH3_64bits(key.bytes, key.length);
  return key;
}

static const Seen *find(HeaderCache *c, const Seen *key) {
  g_mutex_lock(&c->lock);
  const Seen *found = g_hash_table_lookup(c->seen, key);
  g_mutex_unlock(&c->lock);
  return found;
}

static void keep(HeaderCache *c, const Seen *key, const WeightSummary *summary) {
  g_mutex_lock(&c->lock);
  if (c->bytes + key->length <= MAX_BYTES && !g_hash_table_contains(c->seen, key)) {
    Seen *s = g_memdup2(key, sizeof *key);
    s->bytes = g_memdup2(key->bytes, key->length);
    s->summary = weight_summary_with(summary, NULL);
    c->bytes += key->length;
    g_hash_table_add(c->seen, s);
  }
  g_mutex_unlock(&c->lock);
}

WeightSummary *header_cache_summary(HeaderCache *c, ByteSource *source, GError **error) {
  SafetensorsHead head;
  bool leads = safetensors_head_read(&head, source);
  Seen key = leads ? key_of(&head) : (Seen){0};
  const Seen *seen = leads ? find(c, &key) : NULL;
  WeightSummary *summary = seen ? weight_summary_with(seen->summary, head.metadata) : NULL;
  if (!summary) {
    g_autoptr(WeightFile) file = weight_file_open_source(source, error);
    summary = file ? weight_summary_of(file) : NULL;
    bool told = summary && !weight_summary_count_tied(summary, file); /* by the header alone */
    if (told && leads) keep(c, &key, summary);
  }
  if (leads) safetensors_head_clear(&head);
  return summary;
}
