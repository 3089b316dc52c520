/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/numpy_array.h"

#include <string.h>

static bool is_call_of(const PickleValue *v, const char *const *names, size_t n) {
  if (!v || v->kind != PICKLE_OBJECT || !v->u.object.callable) return false;
  for (size_t i = 0; i < n; i++)
    if (strcmp(v->u.object.callable->u.global.name, names[i]) == 0) return true;
  return false;
}

static bool is_reconstructed(const PickleValue *v) {
  static const char *const names[] = {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"};
  return is_call_of(v, names, G_N_ELEMENTS(names));
}

static bool is_from_buffer(const PickleValue *v) {
  static const char *const names[] = {"numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"};
  return is_call_of(v, names, G_N_ELEMENTS(names));
}

bool numpy_array_is(const PickleValue *v) { return is_reconstructed(v) || is_from_buffer(v); }

/* Bytes that protocol 2 wrote as a text of Latin-1 letters. */
static GBytes *bytes_of_latin(const PickleValue *text) {
  g_autoptr(GByteArray) out = g_byte_array_new();
  const char *p = text->u.text.bytes, *end = p + text->u.text.n;
  while (p < end) {
    gunichar c = *p ? g_utf8_get_char_validated(p, MIN(end - p, 2)) : 0; /* a NUL is no letter for GLib */
    if (c > 0xff) return NULL;
    p += c < 0x80 ? 1 : 2;
    guint8 byte = (guint8)c;
    g_byte_array_append(out, &byte, 1);
  }
  return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

/* Raw numbers, however the pickle's protocol spells bytes; NULL for anything else. */
static GBytes *bytes_of(const PickleValue *v) {
  static const char *const encode[] = {"_codecs.encode"}, *const array[] = {"builtins.bytearray", "builtins.bytes"};
  if (!v) return NULL;
  if (v->kind == PICKLE_BYTES) return g_bytes_new(v->u.text.bytes, v->u.text.n);
  const PickleValue *first = v->kind == PICKLE_OBJECT ? pickle_item(v->u.object.args, 0) : NULL;
  if (is_call_of(v, encode, 1) && first && first->kind == PICKLE_TEXT) return bytes_of_latin(first);
  if (is_call_of(v, array, 2) && first && first->kind == PICKLE_BYTES)
    return g_bytes_new(first->u.text.bytes, first->u.text.n);
  if (v->kind == PICKLE_TEXT) return g_bytes_new(v->u.text.bytes, v->u.text.n); /* Python 2 */
  return NULL;
}

static bool dtype_of_code(const char *code, size_t n, Dtype *d) {
  static const struct {
    const char *code;
    Dtype dtype;
  } known[] = {{"f2", DTYPE_F16}, {"f4", DTYPE_F32},  {"f8", DTYPE_F64}, {"i1", DTYPE_I8},  {"i2", DTYPE_I16},
               {"i4", DTYPE_I32}, {"i8", DTYPE_I64},  {"u1", DTYPE_U8},  {"u2", DTYPE_U16}, {"u4", DTYPE_U32},
               {"u8", DTYPE_U64}, {"b1", DTYPE_BOOL}, {"c8", DTYPE_C64}};
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (n == 2 && memcmp(known[i].code, code, 2) == 0) {
      *d = known[i].dtype;
      return true;
    }
  return false;
}

/* numpy.dtype('f4', …) with a state whose second item is the order of bytes. */
static bool read_dtype(const PickleValue *v, NumpyArray *out) {
  static const char *const names[] = {"numpy.dtype"};
  if (!is_call_of(v, names, 1)) return false;
  const PickleValue *code = pickle_item(v->u.object.args, 0), *order = pickle_item(v->u.object.state, 1);
  if (!code || (code->kind != PICKLE_TEXT && code->kind != PICKLE_BYTES)) return false;
  out->swapped = order && pickle_is_text(order, ">");
  return dtype_of_code(code->u.text.bytes, code->u.text.n, &out->dtype);
}

static bool read_shape(const PickleValue *v, NumpyArray *out) {
  if (!v || v->kind != PICKLE_TUPLE || v->u.items.n > TENSOR_MAX_RANK) return false;
  out->rank = (int)v->u.items.n;
  for (int i = 0; i < out->rank; i++)
    if (!pickle_to_u64(v->u.items.at[i], &out->shape[i])) return false;
  return true;
}

static bool settle(const PickleValue *shape, const PickleValue *dtype, const PickleValue *data, NumpyArray *out,
                   const char **problem) {
  *problem = "has no shape of at most 8 sizes";
  if (!read_shape(shape, out)) return false;
  *problem = "holds no numbers of a known format";
  if (!read_dtype(dtype, out)) return false;
  *problem = "has no bytes";
  out->bytes = bytes_of(data);
  return out->bytes != NULL;
}

bool numpy_array_read(const PickleValue *v, NumpyArray *out, const char **problem) {
  *out = (NumpyArray){0};
  *problem = "is no array";
  if (is_from_buffer(v)) { /* (bytes, dtype, shape, order) */
    const PickleValue *args = v->u.object.args, *order = pickle_item(args, 3);
    out->column_major = order && pickle_is_text(order, "F");
    return settle(pickle_item(args, 2), pickle_item(args, 1), pickle_item(args, 0), out, problem);
  }
  if (!is_reconstructed(v)) return false;
  const PickleValue *state = v->u.object.state; /* (version, shape, dtype, column-major, bytes) */
  const guint first = state && state->kind == PICKLE_TUPLE && state->u.items.n == 4 ? 0 : 1;
  const PickleValue *order = pickle_item(state, first + 2);
  out->column_major =
      order && ((order->kind == PICKLE_BOOL && order->u.truth) || (order->kind == PICKLE_INT && order->u.integer != 0));
  return settle(pickle_item(state, first), pickle_item(state, first + 1), pickle_item(state, first + 3), out, problem);
}
