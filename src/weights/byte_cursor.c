/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/byte_cursor.h"

#include "core/error.h"

void byte_cursor_init(ByteCursor *c, ByteSource *source, uint64_t at, uint64_t end) {
  c->source = source;
  c->at = at;
  c->end = MIN(end, byte_source_size(source));
  c->held = 0;
  c->n = 0;
}

bool byte_cursor_fail(const ByteCursor *c, GError **error, const char *problem) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: at byte %" G_GUINT64_FORMAT ": %s%s",
              byte_source_label(c->source), c->at, problem, damage_hint(problem));
  return false;
}

static bool is_there(const ByteCursor *c, uint64_t n, GError **error) {
  if (c->at <= c->end && n <= c->end - c->at) return true;
  if (c->end < byte_source_size(c->source)) return byte_cursor_fail(c, error, "a part that is shorter than it says");
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: at byte %" G_GUINT64_FORMAT ": the file ends too early: a download cut short? %" G_GUINT64_FORMAT
              " of at least %" G_GUINT64_FORMAT " bytes are there",
              byte_source_label(c->source), c->at, c->end, n > UINT64_MAX - c->at ? UINT64_MAX : c->at + n);
  return false;
}

const unsigned char *byte_cursor_take(ByteCursor *c, size_t n, GError **error) {
  if (n > BYTE_CURSOR_WINDOW) {
    byte_cursor_fail(c, error, "a field that is longer than any of its kind");
    return NULL;
  }
  if (!is_there(c, n, error)) return NULL;
  bool held = c->at >= c->held && c->at - c->held <= c->n && n <= c->n - (c->at - c->held);
  if (!held) {
    c->held = c->at;
    c->n = 0;
    size_t want = (size_t)MIN((uint64_t)BYTE_CURSOR_WINDOW, c->end - c->at);
    if (!byte_source_read(c->source, c->at, c->window, want, error)) return NULL;
    c->n = want;
  }
  const unsigned char *bytes = c->window + (c->at - c->held);
  c->at += n;
  return bytes;
}

bool byte_cursor_skip(ByteCursor *c, uint64_t n, GError **error) {
  if (!is_there(c, n, error)) return false;
  c->at += n;
  return true;
}

bool byte_cursor_little(ByteCursor *c, unsigned width, uint64_t *value, GError **error) {
  const unsigned char *p = byte_cursor_take(c, width, error);
  *value = 0;
  for (unsigned i = width; p && i-- > 0;) *value = *value << 8 | p[i];
  return p != NULL;
}

bool byte_cursor_big(ByteCursor *c, unsigned width, uint64_t *value, GError **error) {
  const unsigned char *p = byte_cursor_take(c, width, error);
  *value = 0;
  for (unsigned i = 0; p && i < width; i++) *value = *value << 8 | p[i];
  return p != NULL;
}
