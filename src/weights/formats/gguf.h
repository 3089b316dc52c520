/* SPDX-License-Identifier: Apache-2.0 */
/* GGUF, versions 2 and 3, little-endian: counts, metadata, tensor infos, then the tensors at
 * aligned offsets. The reader is reached through weight_file_open(); this is what its three files
 * share: gguf_cursor.c, gguf_metadata.c and gguf.c.
 *
 * Every length and count is held against the bytes that are left before it is believed, once for
 * an array and not once an element; arrays are stepped over, never held. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "weights/weight_file.h"

enum {
  GGUF_MAX_STRING = 10000000, /* bytes of a metadata string */
  GGUF_MAX_NAME = 65535,      /* bytes of a key or of a tensor's name */
  GGUF_MAX_DEPTH = 4,         /* of arrays in arrays */
  GGUF_MAX_KEYS = 100000,
  GGUF_MAX_TENSORS = 1000000,
  GGUF_MAX_ALIGNMENT = 1 << 20,
  GGUF_DEFAULT_ALIGNMENT = 32,
  GGUF_CURSOR_BYTES = 16384
};

/* A place in a source that only moves forward, with the bytes that follow it at hand. */
typedef struct {
  ByteSource *source; /* borrowed */
  uint64_t at, size;  /* of the next byte; of the source */
  uint64_t held_at;   /* place of held[0] */
  size_t held_n;
  unsigned char held[GGUF_CURSOR_BYTES];
} GgufCursor;

void gguf_cursor_init(GgufCursor *c, ByteSource *source);

/* The next n bytes, which must be there. */
bool gguf_take(GgufCursor *c, void *dst, size_t n, GError **error);
bool gguf_take_u32(GgufCursor *c, uint32_t *value, GError **error);
bool gguf_take_u64(GgufCursor *c, uint64_t *value, GError **error);

/* Steps over n items of `width` bytes, which must be there. */
bool gguf_skip(GgufCursor *c, uint64_t n, uint64_t width, GError **error);

/* Fails unless n items of at least `width` bytes each could follow. `what`: "tensors". */
bool gguf_check_count(const GgufCursor *c, uint64_t n, uint64_t width, const char *what, GError **error);

/* A length of 8 bytes, then so many bytes, at most `limit`. The caller frees *bytes, to which a
 * NUL is added. */
bool gguf_take_string(GgufCursor *c, uint64_t limit, char **bytes, size_t *n, GError **error);
bool gguf_skip_string(GgufCursor *c, GError **error);

/* Sets a COPSE_ERROR_FORMAT that names the file and the place; returns false. */
bool gguf_fail(const GgufCursor *c, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Reads n keys with their values into the file's metadata: scalars as text, an array as
 * "[N values]". *alignment gets general.alignment when that is there. */
bool gguf_read_metadata(GgufCursor *c, WeightFile *file, uint64_t n, uint32_t *alignment, GError **error);
