/* SPDX-License-Identifier: Apache-2.0 */
/* Flax's msgpack: maps of maps whose leaves are arrays, each an extension of type 1 that holds a shape, the name of a
 * number format and the numbers (flax/serialization.py); of type 3, single numbers. Names are the keys on the way,
 * joined by dots; kernels are turned (kernel_view.h). Other values are stepped over. */
#include <string.h>

#include "core/error.h"
#include "weights/byte_cursor.h"
#include "weights/formats/kernel_view.h"
#include "weights/strided.h"

enum { MOST_LEVELS = 32, MOST_TENSORS = 1000000, MOST_NAME = 2048, NDARRAY = 1, SCALAR = 3 };

typedef struct {
  WeightFile *file;
  ByteCursor c;
  GString *name;
  GError **error;
} Reader;

/* What begins with a byte: its kind, and how many bytes of length or value follow. */
typedef enum { KIND_NUMBER, KIND_TEXT, KIND_BYTES, KIND_ARRAY, KIND_MAP, KIND_EXTENSION, KIND_WRONG } Kind;

typedef struct {
  Kind kind;
  uint64_t n; /* bytes of a number, text, bytes or extension; items of an array; pairs of a map */
  int type;   /* of an extension */
  bool whole; /* a number that is not negative and at most 2^64 - 1 */
  uint64_t value;
} Item;

static bool fail(Reader *r, const char *problem) { return byte_cursor_fail(&r->c, r->error, problem); }

static bool is_map_head(unsigned char b) { return (b >= 0x81 && b <= 0x8f) || b == 0xde || b == 0xdf; }

/* A map whose first key is a short text of printable letters. */
static bool matches(const unsigned char *head, size_t n, const ByteSource *source) {
  (void)source;
  if (n < 8 || !is_map_head(head[0])) return false;
  size_t at = head[0] == 0xde ? 3 : head[0] == 0xdf ? 5 : 1;
  bool brief = head[at] > 0xa0 && head[at] <= 0xbf, longer = head[at] == 0xd9;
  if (!brief && !longer) return false;
  size_t length = brief ? head[at] - 0xa0u : head[at + 1];
  at += brief ? 1 : 2;
  for (size_t i = 0; i < length && at + i < n; i++)
    if (head[at + i] < 0x20 || head[at + i] > 0x7e) return false;
  return length > 0;
}

static bool read_length(Reader *r, unsigned width, Kind kind, Item *item) {
  item->kind = kind;
  return byte_cursor_big(&r->c, width, &item->n, r->error);
}

/* 0xc0 and above, text, bytes, arrays and maps of few items aside. */
static bool read_long(Reader *r, unsigned char b, Item *item) {
  static const unsigned char widths[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8}; /* of 0xca .. 0xd3 */
  uint64_t type;
  if (b == 0xc0 || b == 0xc2 || b == 0xc3) return true;
  if (b >= 0xc4 && b <= 0xc6) return read_length(r, 1u << (b - 0xc4), KIND_BYTES, item);
  if (b >= 0xca && b <= 0xd3) {
    item->n = widths[b - 0xca];
    item->whole = b >= 0xcc && b <= 0xcf;
    return byte_cursor_big(&r->c, (unsigned)item->n, &item->value, r->error);
  }
  if (b >= 0xd9 && b <= 0xdb) return read_length(r, 1u << (b - 0xd9), KIND_TEXT, item);
  if (b == 0xdc || b == 0xdd) return read_length(r, b == 0xdc ? 2 : 4, KIND_ARRAY, item);
  if (b == 0xde || b == 0xdf) return read_length(r, b == 0xde ? 2 : 4, KIND_MAP, item);
  item->n = b >= 0xd4 && b <= 0xd8 ? UINT64_C(1) << (b - 0xd4) : 0;
  if (b >= 0xc7 && b <= 0xc9 && !read_length(r, 1u << (b - 0xc7), KIND_EXTENSION, item)) return false;
  if (item->n == 0 && (b < 0xc7 || b > 0xc9)) return fail(r, "a byte that begins no value");
  item->kind = KIND_EXTENSION;
  if (!byte_cursor_big(&r->c, 1, &type, r->error)) return false;
  item->type = (int)type;
  return true;
}

/* The head of the next value. */
static bool read_item(Reader *r, Item *item) {
  uint64_t b;
  *item = (Item){.kind = KIND_NUMBER};
  if (!byte_cursor_big(&r->c, 1, &b, r->error)) return false;
  if (b <= 0x7f) item->whole = true, item->value = b;
  else if (b <= 0x8f) item->kind = KIND_MAP, item->n = b & 15;
  else if (b <= 0x9f) item->kind = KIND_ARRAY, item->n = b & 15;
  else if (b <= 0xbf) item->kind = KIND_TEXT, item->n = b & 31;
  else if (b < 0xe0) return read_long(r, (unsigned char)b, item);
  return true;
}

/* A short text or bytes; NULL with an error for anything else. The caller frees it. */
static char *read_text(Reader *r) {
  Item item;
  if (!read_item(r, &item)) return NULL;
  if (item.kind == KIND_NUMBER && item.whole) return g_strdup_printf("%" G_GUINT64_FORMAT, item.value);
  if ((item.kind != KIND_TEXT && item.kind != KIND_BYTES) || item.n > MOST_NAME) {
    fail(r, "a key that is no short text");
    return NULL;
  }
  const unsigned char *bytes = byte_cursor_take(&r->c, (size_t)item.n, r->error);
  return bytes ? safe_text((const char *)bytes, (gssize)item.n) : NULL;
}

static bool dtype_of_name(const char *name, Dtype *d) {
  static const struct {
    const char *name;
    Dtype dtype;
  } known[] = {{"float32", DTYPE_F32},
               {"float16", DTYPE_F16},
               {"bfloat16", DTYPE_BF16},
               {"float64", DTYPE_F64},
               {"int8", DTYPE_I8},
               {"int16", DTYPE_I16},
               {"int32", DTYPE_I32},
               {"int64", DTYPE_I64},
               {"uint8", DTYPE_U8},
               {"uint16", DTYPE_U16},
               {"uint32", DTYPE_U32},
               {"uint64", DTYPE_U64},
               {"bool", DTYPE_BOOL},
               {"V2", DTYPE_BF16},
               {"complex64", DTYPE_C64},
               {"float8_e4m3fn", DTYPE_F8_E4M3},
               {"float8_e5m2", DTYPE_F8_E5M2}};
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (strcmp(known[i].name, name) == 0) {
      *d = known[i].dtype;
      return true;
    }
  return false;
}

static bool read_shape(Reader *r, Strided *view) {
  Item item;
  if (!read_item(r, &item)) return false;
  if (item.kind != KIND_ARRAY || item.n > TENSOR_MAX_RANK)
    return fail(r, "an array without a shape of at most 8 sizes");
  view->rank = (int)item.n;
  for (int i = 0; i < view->rank; i++) {
    if (!read_item(r, &item)) return false;
    if (item.kind != KIND_NUMBER || !item.whole) return fail(r, "a size that is no whole number");
    view->shape[i] = item.value;
  }
  return true;
}

/* The numbers, of which only the place is noted. */
static bool add_numbers(Reader *r, Dtype dtype, Strided *view) {
  Item item;
  if (!read_item(r, &item)) return false;
  if (item.kind != KIND_BYTES) return fail(r, "an array whose numbers are no bytes");
  const uint64_t start = r->c.at;
  if (weight_file_count(r->file) == MOST_TENSORS) return fail(r, "more than a million arrays");
  if (!byte_cursor_skip(&r->c, item.n, r->error)) return false;
  view->storage = strided_add_range(r->file, r->c.source, start, item.n);
  strided_set_steps(view, false);
  SafeText *name = safe_text(r->name->len ? r->name->str : "array", -1);
  kernel_view_turn(name, view);
  return strided_add_tensor(r->file, name, dtype, view, r->error);
}

/* An extension's value: (shape, format, numbers). */
static bool read_extension(Reader *r, const Item *outer) {
  if (outer->type != NDARRAY && outer->type != SCALAR) return byte_cursor_skip(&r->c, outer->n, r->error);
  const uint64_t after = r->c.at + outer->n, end = r->c.end;
  Strided view = {0};
  Item item;
  Dtype dtype;
  if (outer->n > end - r->c.at) return byte_cursor_skip(&r->c, outer->n, r->error); /* says that the file is cut */
  if (!read_item(r, &item)) return false;
  if (item.kind != KIND_ARRAY || item.n != 3) return fail(r, "an array of another form");
  if (!read_shape(r, &view)) return false;
  g_autofree char *format = read_text(r);
  if (!format) return false;
  if (!dtype_of_name(format, &dtype)) return fail(r, "an array of an unknown number format: save it as float32");
  if (!add_numbers(r, dtype, &view)) return false;
  return r->c.at == after || fail(r, "an array that is not as long as it says");
}

static bool read_value(Reader *r, int level);

static bool read_named(Reader *r, const char *key, int level) {
  const gsize length = r->name->len;
  if (length + strlen(key) > MOST_NAME) return fail(r, "a name beyond measure");
  if (strcmp(key, "__msgpack_chunked_array__") == 0)
    return fail(r, "an array above 1 GiB, which is stored in chunks that are not read: save it as safetensors");
  if (length) g_string_append_c(r->name, '.');
  g_string_append(r->name, key);
  bool ok = read_value(r, level + 1);
  g_string_truncate(r->name, length);
  return ok;
}

static bool read_map(Reader *r, uint64_t pairs, int level) {
  for (uint64_t i = 0; i < pairs; i++) {
    g_autofree char *key = read_text(r);
    if (!key || !read_named(r, key, level)) return false;
  }
  return true;
}

static bool read_array(Reader *r, uint64_t items, int level) {
  for (uint64_t i = 0; i < items; i++) {
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, i);
    if (!read_named(r, key, level)) return false;
  }
  return true;
}

static bool read_value(Reader *r, int level) {
  Item item;
  if (level > MOST_LEVELS) return fail(r, "maps that are nested too deeply");
  if (!read_item(r, &item)) return false;
  switch (item.kind) {
    case KIND_MAP:
      return read_map(r, item.n, level);
    case KIND_ARRAY:
      return read_array(r, item.n, level);
    case KIND_EXTENSION:
      return read_extension(r, &item);
    case KIND_TEXT:
    case KIND_BYTES:
      return byte_cursor_skip(&r->c, item.n, r->error);
    default:
      return true;
  }
}

static bool open_msgpack(WeightFile *file, GError **error) {
  g_autoptr(GString) name = g_string_new(NULL);
  g_autofree Reader *r = g_new0(Reader, 1);
  r->file = file;
  r->name = name;
  r->error = error;
  strided_begin(file, NULL);
  byte_cursor_init(&r->c, file->source, 0, UINT64_MAX);
  if (!read_value(r, 0)) return false;
  if (r->c.at != r->c.end) return fail(r, "bytes after the last value");
  if (weight_file_count(file) == 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: msgpack without arrays of Flax: no weights",
                weight_file_label(file));
    return false;
  }
  return strided_end(file, error);
}

const WeightFormat weight_format_msgpack = {
    .name = "msgpack", .matches = matches, .open = open_msgpack, .read_raw = strided_read_raw, .close = strided_close};
