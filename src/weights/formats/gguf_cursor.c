/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "core/error.h"
#include "weights/formats/gguf.h"

void gguf_cursor_init(GgufCursor *c, ByteSource *source) {
  c->source = source;
  c->at = c->held_at = 0;
  c->size = byte_source_size(source);
  c->held_n = 0;
}

/* Bytes that follow. */
static uint64_t gguf_cursor_left(const GgufCursor *c) { return c->size - c->at; }

/* A file that went through a text-mode copy has U+FFFD where bytes above 0x7F were. */
static bool looks_like_text_copy(const GgufCursor *c) {
  unsigned char head[512];
  size_t n = (size_t)MIN(c->size, sizeof head);
  return byte_source_read(c->source, 0, head, n, NULL) && memmem(head, n, "\xef\xbf\xbd", 3);
}

bool gguf_fail(const GgufCursor *c, GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *problem = g_strdup_vprintf(format, args);
  va_end(args);
  const char *advice = looks_like_text_copy(c) ? " (it seems to have gone through a text-mode copy: fetch it again)"
                                               : damage_hint(problem);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: GGUF header at byte %" G_GUINT64_FORMAT ": %s%s",
              byte_source_label(c->source), c->at, problem, advice);
  return false;
}

static bool fail_short(const GgufCursor *c, GError **error) {
  return gguf_fail(c, error, "the file ends inside the header: a download cut short?");
}

/* Bytes from the source, by way of the held ones unless they are many. */
static bool fill(GgufCursor *c, size_t n, GError **error) {
  uint64_t ahead = c->at - c->held_at; /* of the next byte among the held ones */
  if (c->held_n >= n && ahead <= c->held_n - n) return true;
  size_t k = (size_t)MIN(gguf_cursor_left(c), sizeof c->held);
  c->held_n = 0;
  if (!byte_source_read(c->source, c->at, c->held, k, error)) return false;
  c->held_at = c->at;
  c->held_n = k;
  return true;
}

bool gguf_take(GgufCursor *c, void *dst, size_t n, GError **error) {
  if (n > gguf_cursor_left(c)) return fail_short(c, error);
  if (n > sizeof c->held) {
    if (!byte_source_read(c->source, c->at, dst, n, error)) return false;
  } else {
    if (!fill(c, n, error)) return false;
    memcpy(dst, c->held + (c->at - c->held_at), n);
  }
  c->at += n;
  return true;
}

bool gguf_take_u32(GgufCursor *c, uint32_t *value, GError **error) { return gguf_take(c, value, sizeof *value, error); }

bool gguf_take_u64(GgufCursor *c, uint64_t *value, GError **error) { return gguf_take(c, value, sizeof *value, error); }

bool gguf_check_count(const GgufCursor *c, uint64_t n, uint64_t width, const char *what, GError **error) {
  if (n <= gguf_cursor_left(c) / width) return true;
  return gguf_fail(c, error, "%" G_GUINT64_FORMAT " %s do not fit into the %" G_GUINT64_FORMAT " bytes that are left",
                   n, what, gguf_cursor_left(c));
}

bool gguf_skip(GgufCursor *c, uint64_t n, uint64_t width, GError **error) {
  if (!gguf_check_count(c, n, width, "values", error)) return false;
  c->at += n * width;
  return true;
}

static bool take_length(GgufCursor *c, uint64_t limit, uint64_t *n, GError **error) {
  if (!gguf_take_u64(c, n, error)) return false;
  if (*n > limit)
    return gguf_fail(c, error, "a string of %" G_GUINT64_FORMAT " bytes, above the limit of %" G_GUINT64_FORMAT, *n,
                     limit);
  return *n <= gguf_cursor_left(c) || fail_short(c, error);
}

bool gguf_take_string(GgufCursor *c, uint64_t limit, char **bytes, size_t *n, GError **error) {
  uint64_t length = 0;
  *bytes = NULL;
  if (!take_length(c, limit, &length, error)) return false;
  g_autofree char *s = g_try_malloc((gsize)length + 1);
  if (!s) return gguf_fail(c, error, "no memory for a string: close other programs");
  if (!gguf_take(c, s, (size_t)length, error)) return false;
  s[length] = '\0';
  *n = (size_t)length;
  *bytes = g_steal_pointer(&s);
  return true;
}

bool gguf_skip_string(GgufCursor *c, GError **error) {
  uint64_t length = 0;
  if (!take_length(c, GGUF_MAX_STRING, &length, error)) return false;
  c->at += length;
  return true;
}
