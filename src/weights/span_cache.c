/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/span_cache.h"

#include <string.h>

#include "core/error.h"

enum { PLACES = 8, MOST_BYTES = 512 << 20 }; /* bytes beside the newest */

typedef struct {
  const void *owner; /* the source or the member: an address to compare only */
  uint64_t start, n;
  GBytes *bytes; /* NULL: a free place */
} Span;

/* Newest first. */
struct SpanCache {
  GMutex lock;
  Span spans[PLACES];
};

SpanCache *span_cache_new(void) {
  SpanCache *c = g_new0(SpanCache, 1);
  g_mutex_init(&c->lock);
  return c;
}

static void drop(Span *s) {
  g_bytes_unref(s->bytes);
  *s = (Span){0};
}

void span_cache_free(SpanCache *c) {
  if (!c) return;
  for (int i = 0; i < PLACES; i++) drop(&c->spans[i]);
  g_mutex_clear(&c->lock);
  g_free(c);
}

/* Moves a span to the front and sets its bytes; false when it is not there. */
static bool find(SpanCache *c, Span *wanted) {
  for (int i = 0; i < PLACES; i++) {
    Span s = c->spans[i];
    if (!s.bytes || s.owner != wanted->owner || s.start != wanted->start || s.n != wanted->n) continue;
    memmove(&c->spans[1], &c->spans[0], (size_t)i * sizeof s);
    c->spans[0] = s;
    wanted->bytes = s.bytes;
    return true;
  }
  return false;
}

static void insert(SpanCache *c, Span span) {
  drop(&c->spans[PLACES - 1]);
  memmove(&c->spans[1], &c->spans[0], (PLACES - 1) * sizeof span);
  c->spans[0] = span;
  uint64_t held = 0;
  for (int i = 1; i < PLACES; i++) {
    if (c->spans[i].bytes) held += g_bytes_get_size(c->spans[i].bytes);
    if (held > MOST_BYTES) drop(&c->spans[i]);
  }
}

static GBytes *read_range(ByteSource *source, uint64_t start, uint64_t n, GError **error) {
  g_autofree unsigned char *bytes = n < SIZE_MAX ? g_try_malloc((size_t)n + 1) : NULL;
  if (!bytes) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO,
                "%s: no memory for %" G_GUINT64_FORMAT " bytes at %" G_GUINT64_FORMAT ": close other programs",
                byte_source_label(source), n, start);
    return NULL;
  }
  if (!byte_source_read(source, start, bytes, (size_t)n, error)) return NULL;
  return g_bytes_new_take(g_steal_pointer(&bytes), (gsize)n);
}

/* Lets others in; returns a reference to the span's bytes, NULL when it has none. */
static GBytes *unlock(SpanCache *c, const Span *span) {
  GBytes *bytes = span->bytes ? g_bytes_ref(span->bytes) : NULL;
  g_mutex_unlock(&c->lock);
  return bytes;
}

GBytes *span_cache_range(SpanCache *c, ByteSource *source, uint64_t start, uint64_t n, GError **error) {
  Span span = {.owner = source, .start = start, .n = n};
  g_mutex_lock(&c->lock);
  if (!find(c, &span)) {
    span.bytes = read_range(source, start, n, error);
    if (span.bytes) insert(c, span);
  }
  return unlock(c, &span);
}

GBytes *span_cache_member(SpanCache *c, ZipFile *zip, const ZipMember *member, uint64_t limit, GError **error) {
  Span span = {.owner = member, .n = member->size};
  g_mutex_lock(&c->lock);
  if (!find(c, &span)) {
    span.bytes = zip_member_bytes(zip, member, limit, error);
    if (span.bytes) insert(c, span);
  }
  return unlock(c, &span);
}
