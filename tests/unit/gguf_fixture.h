/* SPDX-License-Identifier: Apache-2.0 */
/* A GGUF file made byte by byte, so that each of its claims can be a lie. */
#pragma once

#include <glib.h>
#include <stdint.h>

enum { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 }; /* value types */

/* A file under construction. */
typedef struct {
  GByteArray *header, *data;
  uint64_t tensors, keys;
  uint32_t version, alignment;
} Gguf;

void gguf_put(GByteArray *to, const void *bytes, size_t n);
void gguf_put_u32(GByteArray *to, uint32_t v);
void gguf_put_u64(GByteArray *to, uint64_t v);
void gguf_put_string(GByteArray *to, const char *s);
Gguf gguf_new(void);
void gguf_clear(Gguf *g);
void gguf_add_key(Gguf *g, const char *key, uint32_t type, const void *value, size_t n);
void gguf_add_text(Gguf *g, const char *key, const char *value);
void gguf_add_array(Gguf *g, const char *key, uint32_t type, uint64_t n);
/* The info alone; sizes innermost first. */
void gguf_add_info(Gguf *g, const char *name, uint32_t rank, const uint64_t *sizes, uint32_t type, uint64_t offset);
/* Info and bytes, at the next aligned offset. */
void gguf_add_tensor(Gguf *g, const char *name, uint32_t rank, const uint64_t *sizes, uint32_t type, const void *bytes,
                     size_t n);
/* The whole file. The caller frees it. */
GBytes *gguf_bytes(const Gguf *g);
