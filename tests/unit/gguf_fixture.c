/* SPDX-License-Identifier: Apache-2.0 */
#include "gguf_fixture.h"

#include <string.h>

void gguf_put(GByteArray *to, const void *bytes, size_t n) {
  if (n) g_byte_array_append(to, bytes, (guint)n);
}

void gguf_put_u32(GByteArray *to, uint32_t v) { gguf_put(to, &v, sizeof v); }

void gguf_put_u64(GByteArray *to, uint64_t v) { gguf_put(to, &v, sizeof v); }

void gguf_put_string(GByteArray *to, const char *s) {
  gguf_put_u64(to, strlen(s));
  gguf_put(to, s, strlen(s));
}

Gguf gguf_new(void) {
  return (Gguf){.header = g_byte_array_new(), .data = g_byte_array_new(), .version = 3, .alignment = 32};
}

void gguf_clear(Gguf *g) {
  g_byte_array_unref(g->header);
  g_byte_array_unref(g->data);
}

void gguf_add_key(Gguf *g, const char *key, uint32_t type, const void *value, size_t n) {
  g->keys++;
  gguf_put_string(g->header, key);
  gguf_put_u32(g->header, type);
  gguf_put(g->header, value, n);
}

void gguf_add_text(Gguf *g, const char *key, const char *value) {
  gguf_add_key(g, key, STRING, NULL, 0);
  gguf_put_string(g->header, value);
}

void gguf_add_array(Gguf *g, const char *key, uint32_t type, uint64_t n) {
  gguf_add_key(g, key, ARRAY, NULL, 0);
  gguf_put_u32(g->header, type);
  gguf_put_u64(g->header, n);
}

void gguf_add_info(Gguf *g, const char *name, uint32_t rank, const uint64_t *sizes, uint32_t type, uint64_t offset) {
  g->tensors++;
  gguf_put_string(g->header, name);
  gguf_put_u32(g->header, rank);
  gguf_put(g->header, sizes, MIN(rank, 5) * sizeof *sizes);
  gguf_put_u32(g->header, type);
  gguf_put_u64(g->header, offset);
}

void gguf_add_tensor(Gguf *g, const char *name, uint32_t rank, const uint64_t *sizes, uint32_t type, const void *bytes,
                     size_t n) {
  guint offset = (g->data->len + g->alignment - 1) / g->alignment * g->alignment;
  guint old = g->data->len;
  g_byte_array_set_size(g->data, offset);
  if (offset > old) memset(g->data->data + old, 0xee, offset - old);
  gguf_add_info(g, name, rank, sizes, type, offset);
  gguf_put(g->data, bytes, n);
}

GBytes *gguf_bytes(const Gguf *g) {
  GByteArray *file = g_byte_array_new();
  gguf_put(file, "GGUF", 4);
  gguf_put_u32(file, g->version);
  gguf_put_u64(file, g->tensors);
  gguf_put_u64(file, g->keys);
  gguf_put(file, g->header->data, g->header->len);
  while (g->data->len && file->len % g->alignment) gguf_put(file, "", 1);
  gguf_put(file, g->data->data, g->data->len);
  return g_byte_array_free_to_bytes(file);
}
