/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a model in parts. The input up to its first NUL is the index; what follows is the
 * part "x". The parts "a" and "b" are good files with one tensor each, of the same names. */
#include <string.h>

#include "core/error.h"
#include "tests/fuzz/try_all.h"
#include "weights/shards.h"
#include "weights/weight_open.h"

typedef struct {
  const uint8_t *data;
  size_t n;
} Part;

static GBytes *good_part(const char *tensor) {
  g_autofree char *header =
      g_strdup_printf("{\"%s\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", tensor);
  uint64_t length = strlen(header);
  GByteArray *file = g_byte_array_new();
  g_byte_array_append(file, (const guint8 *)&length, sizeof length);
  g_byte_array_append(file, (const guint8 *)header, (guint)length);
  g_byte_array_append(file, (const guint8 *)"01234567", 8);
  return g_byte_array_free_to_bytes(file);
}

static ByteSource *open_part(void *data, const char *name, GError **error) {
  const Part *x = data;
  g_autoptr(GBytes) bytes = NULL;
  if (strcmp(name, "a") == 0 || strcmp(name, "b") == 0) bytes = good_part(name);
  if (strcmp(name, "x") == 0) bytes = g_bytes_new_static(x->data, x->n);
  if (bytes) return byte_source_from_bytes(bytes, name);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "no such part");
  return NULL;
}

static const ShardFolder folder = {.open = open_part, .free = NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  const uint8_t *nul = n ? memchr(data, 0, n) : NULL;
  size_t text = nul ? (size_t)(nul - data) : n;
  Part x = {.data = nul ? nul + 1 : data, .n = nul ? n - text - 1 : 0};
  g_autoptr(GBytes) bytes = g_bytes_new_static(data, text);
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "fuzz.safetensors.index.json");
  g_autoptr(GError) error = NULL;
  try_all(shards_open(source, &folder, &x, weight_file_open_source, &error));
  return 0;
}
