/* SPDX-License-Identifier: Apache-2.0 */
/* A look at a source's bytes, forwards and by jumps, through a small window. For readers of headers that lie all over a
 * file. Not for several threads. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/source.h"

enum { BYTE_CURSOR_WINDOW = 4096 };

typedef struct {
  ByteSource *source; /* borrowed */
  uint64_t at, end;   /* the next byte; no byte is taken from `end` on */
  uint64_t held;      /* where the window begins */
  size_t n;           /* bytes in it */
  unsigned char window[BYTE_CURSOR_WINDOW];
} ByteCursor;

void byte_cursor_init(ByteCursor *c, ByteSource *source, uint64_t at, uint64_t end);

/* The next n bytes, at most BYTE_CURSOR_WINDOW; valid until the next call. NULL with an error when they are not
 * there. */
const unsigned char *byte_cursor_take(ByteCursor *c, size_t n, GError **error);

/* Steps over n bytes; false with an error when there are fewer. */
bool byte_cursor_skip(ByteCursor *c, uint64_t n, GError **error);

/* Numbers of 1 to 8 bytes, little-endian and big-endian. */
bool byte_cursor_little(ByteCursor *c, unsigned width, uint64_t *value, GError **error);
bool byte_cursor_big(ByteCursor *c, unsigned width, uint64_t *value, GError **error);

/* Sets an error that names the source and the byte; returns false. */
bool byte_cursor_fail(const ByteCursor *c, GError **error, const char *problem);
