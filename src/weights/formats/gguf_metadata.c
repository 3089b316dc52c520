/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/error.h"
#include "weights/formats/gguf.h"
#include "weights/weight_format.h"

/* Types of metadata values, as the format numbers them. */
typedef enum {
  VALUE_U8,
  VALUE_I8,
  VALUE_U16,
  VALUE_I16,
  VALUE_U32,
  VALUE_I32,
  VALUE_F32,
  VALUE_BOOL,
  VALUE_STRING,
  VALUE_ARRAY,
  VALUE_U64,
  VALUE_I64,
  VALUE_F64,
  VALUE_COUNT
} ValueType;

/* Bytes of a value; 0 for those that say it themselves. */
static const unsigned widths[VALUE_COUNT] = {
    [VALUE_U8] = 1,  [VALUE_I8] = 1,   [VALUE_U16] = 2, [VALUE_I16] = 2, [VALUE_U32] = 4, [VALUE_I32] = 4,
    [VALUE_F32] = 4, [VALUE_BOOL] = 1, [VALUE_U64] = 8, [VALUE_I64] = 8, [VALUE_F64] = 8,
};

/* What one reading of the metadata has seen. */
typedef struct {
  GgufCursor *c;
  WeightFile *file;
  GHashTable *keys; /* raw, owned */
  uint32_t *alignment;
} Reading;

static bool take_type(GgufCursor *c, ValueType *type, GError **error) {
  uint32_t id;
  if (!gguf_take_u32(c, &id, error)) return false;
  if (id >= VALUE_COUNT) return gguf_fail(c, error, "unknown value type %u", id);
  *type = (ValueType)id;
  return true;
}

/* Steps over an array; *n gets its length. The recursion ends at GGUF_MAX_DEPTH. */
static bool skip_array(GgufCursor *c, int depth, uint64_t *n, GError **error) {
  ValueType type = VALUE_U8;
  if (depth > GGUF_MAX_DEPTH) return gguf_fail(c, error, "arrays nested more than 4 deep");
  if (!take_type(c, &type, error) || !gguf_take_u64(c, n, error)) return false;
  if (widths[type]) return gguf_skip(c, *n, widths[type], error);
  const bool strings = type == VALUE_STRING;
  const uint64_t least = strings ? 8 : 12; /* an empty string; type and count of an empty array */
  if (!gguf_check_count(c, *n, least, strings ? "strings" : "arrays", error)) return false;
  for (uint64_t i = 0; i < *n; i++) {
    uint64_t inner;
    if (strings ? !gguf_skip_string(c, error) : !skip_array(c, depth + 1, &inner, error)) return false;
  }
  return true;
}

/* The shortest decimal number that reads back as the same value. */
static char *float_text(double value, bool is_f32) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  for (int digits = is_f32 ? 6 : 15;; digits++) {
    g_autofree char *format = g_strdup_printf("%%.%dg", digits);
    g_ascii_formatd(text, sizeof text, format, value);
    double back = g_ascii_strtod(text, NULL);
    bool same = is_f32 ? (float)back == (float)value : back == value;
    if (same || digits == 17 || value != value) return g_strdup(text);
  }
}

static char *number_text(ValueType type, const unsigned char bytes[8]) {
  union {
    uint8_t u8;
    int8_t i8;
    uint16_t u16;
    int16_t i16;
    uint32_t u32;
    int32_t i32;
    uint64_t u64;
    int64_t i64;
    float f32;
    double f64;
  } v;
  memcpy(&v, bytes, sizeof v);
  switch (type) {
    case VALUE_U8:
      return g_strdup_printf("%u", v.u8);
    case VALUE_I8:
      return g_strdup_printf("%d", v.i8);
    case VALUE_U16:
      return g_strdup_printf("%u", v.u16);
    case VALUE_I16:
      return g_strdup_printf("%d", v.i16);
    case VALUE_U32:
      return g_strdup_printf("%" G_GUINT32_FORMAT, v.u32);
    case VALUE_I32:
      return g_strdup_printf("%" G_GINT32_FORMAT, v.i32);
    case VALUE_U64:
      return g_strdup_printf("%" G_GUINT64_FORMAT, v.u64);
    case VALUE_I64:
      return g_strdup_printf("%" G_GINT64_FORMAT, v.i64);
    case VALUE_F32:
      return float_text((double)v.f32, true);
    case VALUE_F64:
      return float_text(v.f64, false);
    default:
      return g_strdup(v.u8 ? "true" : "false");
  }
}

/* Sets general.alignment, or says what is wrong with it. */
static bool take_alignment(Reading *r, ValueType type, const unsigned char bytes[8], GError **error) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  if (type != VALUE_U32) return gguf_fail(r->c, error, "general.alignment is no 32-bit number");
  if (value == 0 || (value & (value - 1)) != 0 || value > GGUF_MAX_ALIGNMENT)
    return gguf_fail(r->c, error, "general.alignment is %u, not a power of two up to 1048576", value);
  *r->alignment = value;
  return true;
}

/* Keeps cleaned copies; strings may hold any byte. */
static bool keep(Reading *r, const char *key, const char *value, size_t n, GError **error) {
  return weight_file_keep_metadata(r->file, key, value, n) ||
         gguf_fail(r->c, error, "more than 32 MiB of metadata text");
}

static bool read_value(Reading *r, const char *key, GError **error) {
  unsigned char bytes[8] = {0};
  ValueType type = VALUE_U8;
  uint64_t count;
  g_autofree char *text = NULL;
  size_t n = 0;
  if (!take_type(r->c, &type, error)) return false;
  if (type == VALUE_STRING) {
    if (!gguf_take_string(r->c, GGUF_MAX_STRING, &text, &n, error)) return false;
  } else if (type == VALUE_ARRAY) {
    if (!skip_array(r->c, 1, &count, error)) return false;
    text = g_strdup_printf("[%" G_GUINT64_FORMAT " values]", count);
  } else {
    if (!gguf_take(r->c, bytes, widths[type], error)) return false;
    if (type == VALUE_BOOL && bytes[0] > 1) return gguf_fail(r->c, error, "a boolean of %u", bytes[0]);
    text = number_text(type, bytes);
  }
  if (strcmp(key, "general.alignment") == 0 && !take_alignment(r, type, bytes, error)) return false;
  return keep(r, key, text, type == VALUE_STRING ? n : strlen(text), error);
}

static bool read_pair(Reading *r, GError **error) {
  g_autofree char *key = NULL;
  size_t n;
  if (!gguf_take_string(r->c, GGUF_MAX_NAME, &key, &n, error)) return false;
  if (n == 0 || strlen(key) != n) return gguf_fail(r->c, error, "a key that is empty or has a NUL");
  if (!read_value(r, key, error)) return false;
  if (g_hash_table_add(r->keys, g_steal_pointer(&key))) return true;
  return gguf_fail(r->c, error, "a metadata key appears twice");
}

bool gguf_read_metadata(GgufCursor *c, WeightFile *file, uint64_t n, uint32_t *alignment, GError **error) {
  enum { LEAST = 8 + 1 + 4 + 1 }; /* a key of one byte, a type, a value of one byte */
  g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Reading r = {.c = c, .file = file, .keys = keys, .alignment = alignment};
  if (n > GGUF_MAX_KEYS)
    return gguf_fail(c, error, "%" G_GUINT64_FORMAT " metadata keys, above the limit of 100000", n);
  if (!gguf_check_count(c, n, LEAST, "metadata keys", error)) return false;
  for (uint64_t i = 0; i < n; i++)
    if (!read_pair(&r, error)) return false;
  return true;
}
