/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/gguf_write.h"

#include <math.h>
#include <string.h>

#include "core/files.h"
#include "weights/convert.h"

enum { BLOCK = 32, ALIGNMENT = 32, TYPE_F32 = 0, TYPE_Q8_0 = 8, VALUE_STRING = 8 };

static void put_u32(GByteArray *out, uint32_t v) { g_byte_array_append(out, (const guint8 *)&v, sizeof v); }

static void put_u64(GByteArray *out, uint64_t v) { g_byte_array_append(out, (const guint8 *)&v, sizeof v); }

static void put_text(GByteArray *out, const char *text) {
  put_u64(out, strlen(text));
  g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

static void pad(GByteArray *out) {
  static const guint8 zeros[ALIGNMENT] = {0};
  g_byte_array_append(out, zeros, (ALIGNMENT - out->len % ALIGNMENT) % ALIGNMENT);
}

static size_t count_of(const TensorOut *t) {
  size_t n = 1;
  for (int i = 0; i < t->rank; i++) n *= (size_t)t->shape[i];
  return n;
}

static bool is_packed(const TensorOut *t) { return t->rank > 1 && t->shape[t->rank - 1] % BLOCK == 0; }

/* 32 numbers as a half-precision scale and signed bytes. */
static void put_block(GByteArray *out, const float *x) {
  float most = 0;
  for (int i = 0; i < BLOCK; i++) most = fmaxf(most, fabsf(x[i]));
  float scale = most / 127, inverse = scale > 0 ? 1 / scale : 0;
  unsigned char bytes[2 + BLOCK];
  dtype_from_f32(DTYPE_F16, &scale, bytes, 1);
  for (int i = 0; i < BLOCK; i++) bytes[2 + i] = (unsigned char)(int)lrintf(x[i] * inverse);
  g_byte_array_append(out, bytes, sizeof bytes);
}

static void put_data(GByteArray *out, const TensorOut *t) {
  size_t n = count_of(t);
  if (!is_packed(t)) g_byte_array_append(out, (const guint8 *)t->data, (guint)(n * sizeof(float)));
  for (size_t i = 0; is_packed(t) && i < n; i += BLOCK) put_block(out, t->data + i);
  pad(out);
}

static void put_info(GByteArray *out, const TensorOut *t, uint64_t offset) {
  put_text(out, t->name);
  put_u32(out, (uint32_t)MAX(t->rank, 1));
  for (int i = t->rank; i-- > 0;) put_u64(out, t->shape[i]); /* innermost first */
  if (t->rank == 0) put_u64(out, 1);
  put_u32(out, is_packed(t) ? TYPE_Q8_0 : TYPE_F32);
  put_u64(out, offset);
}

bool gguf_write(const char *path, const char *architecture, const TensorOut *tensors, size_t n, GError **error) {
  g_autoptr(GByteArray) head = g_byte_array_new(), data = g_byte_array_new();
  g_byte_array_append(head, (const guint8 *)"GGUF", 4);
  put_u32(head, 3);
  put_u64(head, n);
  put_u64(head, 1);
  put_text(head, "general.architecture");
  put_u32(head, VALUE_STRING);
  put_text(head, architecture);
  for (size_t i = 0; i < n; i++) {
    put_info(head, &tensors[i], data->len);
    put_data(data, &tensors[i]);
  }
  pad(head);
  g_byte_array_append(head, data->data, data->len);
  return file_write_bytes(path, head->data, head->len, error);
}
