/* SPDX-License-Identifier: Apache-2.0 */
/* The twenty small files on which readers in the wild have gone wrong, and the writer. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/rng.h"
#include "weights/convert.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_file.h"
#include "weights/weight_open.h"

typedef struct {
  const char *name;
  const char *header;    /* NULL: made by a function below */
  size_t data;           /* bytes after the header */
  const char *complaint; /* part of the message; NULL: the file must open */
} Fixture;

#define F32(shape, a, b) "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #a "," #b "]}"

static const Fixture fixtures[] = {
    {"plain", "{\"a\":" F32("[2,2]", 0, 16) "}", 16, NULL},
    {"rank-0", "{\"a\":" F32("[]", 0, 4) "}", 4, NULL},
    {"unaligned", "{\"u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":" F32("[2]", 1, 9) "}", 9,
     NULL},
    {"empty-tensor", "{\"a\":" F32("[0,0]", 0, 0) ",\"b\":" F32("[1]", 0, 4) "}", 4, NULL},
    {"f8", "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, NULL},
    {"leading-space", "  {\"a\":" F32("[1]", 0, 4) "}  ", 4, NULL},
    {"eight-dimensions", "{\"a\":" F32("[1,1,1,1,1,1,1,1]", 0, 4) "}", 4, NULL},
    {"nine-dimensions", "{\"a\":" F32("[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, "more than 8 dimensions"},
    {"hole", "{\"a\":" F32("[1]", 0, 4) ",\"b\":" F32("[1]", 8, 12) "}", 12, "leaves a hole before it"},
    {"overlap", "{\"a\":" F32("[2]", 0, 8) ",\"b\":" F32("[2]", 4, 12) "}", 12, "overlaps another tensor"},
    {"trailing", "{\"a\":" F32("[1]", 0, 4) "}", 7, "bytes follow the last tensor"},
    {"product-wraps", "{\"a\":" F32("[4294967296,4294967296]", 0, 0) "}", 0, "has a shape that overflows"},
    {"past-end", "{\"a\":" F32("[4]", 0, 16) "}", 4, "has data_offsets outside the file: a download cut short?"},
    {"begin-after-end", "{\"a\":" F32("[1]", 8, 4) "}", 8, "has data_offsets outside the file"},
    {"size-mismatch", "{\"a\":" F32("[3]", 0, 16) "}", 16, "has data_offsets that do not match its dtype and shape"},
    {"duplicate", "{\"a\":" F32("[1]", 0, 4) ",\"a\":" F32("[1]", 4, 8) "}", 8, "appears twice"},
    {"metadata-number", "{\"__metadata__\":{\"x\":1},\"a\":" F32("[1]", 0, 4) "}", 4, "string"},
    {"negative", "{\"a\":" F32("[1]", -4, 0) "}", 4, "a whole number from 0 is expected"},
    {"exponent", "{\"a\":" F32("[1]", 0, 4e0) "}", 4, "a whole number is expected"},
    {"unknown-dtype", "{\"a\":{\"dtype\":\"Q9\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype"},
    {"metadata-twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ is given twice"},
    {"not-json", "{\"a\"", 0, "colon"},
    {"tail-in-header", "{} x", 0, "text after the header's object"},
};

static WeightFile *open_bytes(const void *bytes, size_t n, GError **error) {
  g_autoptr(GBytes) b = g_bytes_new(bytes, n);
  g_autoptr(ByteSource) source = byte_source_from_bytes(b, "test.safetensors");
  return weight_file_open_source(source, error);
}

static WeightFile *open_header(const char *header, size_t data, GError **error) {
  g_autoptr(GByteArray) file = g_byte_array_new();
  uint64_t length = strlen(header);
  g_byte_array_append(file, (const guint8 *)&length, 8);
  g_byte_array_append(file, (const guint8 *)header, (guint)length);
  g_byte_array_set_size(file, file->len + (guint)data);
  memset(file->data + file->len - data, 0, data);
  return open_bytes(file->data, file->len, error);
}

static void test_fixture(const void *user) {
  const Fixture *x = user;
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = open_header(x->header, x->data, &error);
  if (!x->complaint) {
    g_assert_no_error(error);
    for (size_t i = 0; i < weight_file_count(file); i++) {
      const TensorInfo *t = weight_file_info(file, i);
      g_autofree float *values = g_new(float, t->count + 1);
      g_assert_true(weight_file_read_f32(file, i, 0, t->count, values, &error));
    }
    return;
  }
  g_assert_null(file);
  g_assert_nonnull(error);
  if (!strstr(error->message, x->complaint)) g_error("%s: %s", x->name, error->message);
  g_assert_nonnull(strstr(error->message, "test.safetensors"));
}

static void assert_refused(const void *bytes, size_t n, const char *complaint) {
  g_autoptr(GError) error = NULL;
  g_assert_null(open_bytes(bytes, n, &error));
  if (!strstr(error->message, complaint)) g_error("%s", error->message);
}

static void test_lengths(void) {
  unsigned char ones[16], wrap[16] = {0xf9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  memset(ones, 0xff, sizeof ones);
  assert_refused(ones, sizeof ones,
                 "the safetensors header length is above 100,000,000 bytes: no safetensors file, or a damaged one");
  assert_refused(wrap, sizeof wrap,
                 "the safetensors header length is above 100,000,000 bytes: no safetensors file, or a damaged one");
  assert_refused("abc", 3, "too short for a safetensors header");
  assert_refused("\r\n", 2, "too short for a safetensors header");
  assert_refused("", 0, "the file is empty: fetch it again");
  unsigned char cut[32] = {0xe8, 0x03}; /* a header of 1000 bytes in a file of 32 */
  assert_refused(cut, sizeof cut, "cut short");
  static const char page[] = "\n<!DOCTYPE html><html><body>Log in</body></html>";
  assert_refused(page, sizeof page - 1, "a web page, not weights: the download brought an error or a login page");
  static const char marked[] = "\xEF\xBB\xBF<html><body>Not Found</body></html>", note[] = "Entry not found";
  static const char xml[] = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
  static const char json[] = "{\"error\":\"Invalid username or password.\"}";
  assert_refused(marked, sizeof marked - 1, "a web page, not weights");
  assert_refused(xml, sizeof xml - 1, "a web page, not weights");
  assert_refused(json, sizeof json - 1, "a web page, not weights");
  assert_refused(note, sizeof note - 1, "a short text, not weights");
  assert_refused(page + 1, sizeof page - 2, "a web page, not weights: the download brought an error or a login page");
  static const char lfs[] = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
  assert_refused(lfs, sizeof lfs - 1, "a Git LFS pointer, the weights were never fetched (git lfs pull");
}

/* Null stands for no metadata; any other value that is no object is refused. */
static void test_null_metadata(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = open_header("{\"__metadata__\": null}", 0, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(g_hash_table_size(weight_file_metadata(file)), ==, 0);
  g_assert_null(open_header("{\"__metadata__\": 7}", 0, NULL));
  g_assert_null(open_header("{\"__metadata__\": nul}", 0, NULL));
  g_assert_null(open_header("{\"__metadata__\": nullx}", 0, NULL));
}

static void test_deep_header(void) {
  g_autoptr(GString) header = g_string_new("{\"a\":{\"x\":");
  for (int i = 0; i < 200000; i++) g_string_append_c(header, '[');
  g_autoptr(GError) error = NULL;
  g_assert_null(open_header(header->str, 0, &error));
  g_assert_nonnull(strstr(error->message, "nested too deeply"));
}

static void test_long_metadata(void) {
  g_autoptr(GString) header = g_string_new("{\"__metadata__\":{\"k\":\"");
  for (int i = 0; i < 5000; i++) g_string_append_c(header, 'v');
  g_string_append(header, "\",\"esc\":\"a\\u001b[2Jb\"}}");
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = open_header(header->str, 0, &error);
  g_assert_no_error(error);
  GHashTable *m = weight_file_metadata(file);
  g_assert_cmpuint(strlen(g_hash_table_lookup(m, "k")), ==, 5000);
  g_assert_cmpstr(g_hash_table_lookup(m, "esc"), ==, "a\xef\xbf\xbd[2Jb");
}

static void write_and_reopen(Dtype dtype, float tolerance) {
  enum { ROWS = 37, COLUMNS = 911 };
  g_autofree float *x = g_new(float, (ROWS * COLUMNS)), *y = g_new(float, (ROWS * COLUMNS));
  Rng rng;
  rng_init(&rng, 5, dtype);
  rng_fill_normal(&rng, x, ROWS * COLUMNS, 1);
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp("copse-st-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(dir, "w.safetensors", NULL);
  TensorOut t[] = {{"layer.weight", dtype, 2, {ROWS, COLUMNS}, x}, {"s", DTYPE_F32, 0, {0}, x}};
  const char *metadata[] = {"concept", "a \"quoted\" fox", NULL};
  g_assert_true(safetensors_write(path, t, 2, metadata, &error));
  g_autoptr(WeightFile) file = weight_file_open(path, &error);
  g_assert_no_error(error);
  gssize i = weight_file_find(file, "layer.weight");
  g_assert_cmpint(weight_file_info(file, (size_t)i)->dtype, ==, dtype);
  uint64_t width;
  g_assert_true(dtype_bytes(dtype, 1, &width));
  g_assert_true(weight_file_info(file, (size_t)i)->offset % width == 0);
  g_assert_true(weight_file_read_f32(file, (size_t)i, 0, ROWS * COLUMNS, y, &error));
  for (int k = 0; k < ROWS * COLUMNS; k++)
    g_assert_cmpfloat(fabsf(x[k] - y[k]), <=, tolerance * fmaxf(fabsf(x[k]), 0x1p-14f));
  g_assert_cmpstr(g_hash_table_lookup(weight_file_metadata(file), "concept"), ==, "a \"quoted\" fox");
  g_assert_false(weight_file_read_f32(file, (size_t)i, ROWS * COLUMNS, 1, y, &error));
  g_unlink(path);
  g_rmdir(dir);
}

static void test_round_trip(void) {
  write_and_reopen(DTYPE_F32, 0);
  write_and_reopen(DTYPE_F64, 0);
  write_and_reopen(DTYPE_F16, 0x1p-11f);
  write_and_reopen(DTYPE_BF16, 0x1p-8f);
}

/* binary16 by its definition: sign, exponent, fraction. */
static float half_by_definition(uint16_t h) {
  int exponent = (h >> 10) & 31, fraction = h & 1023;
  float sign = h & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 31) return fraction ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * ldexpf((float)fraction, -24);
  return sign * ldexpf((float)(1024 + fraction), exponent - 25);
}

static void test_half_exhaustive(void) {
  for (uint32_t h = 0; h < 0x10000; h++) {
    uint16_t bits = (uint16_t)h, back;
    float got, want = half_by_definition(bits);
    dtype_to_f32(DTYPE_F16, &bits, &got, 1);
    if (isnan(want)) {
      g_assert_true(isnan(got));
      continue;
    }
    g_assert_true(got == want && signbit(got) == signbit(want));
    g_assert_true(dtype_from_f32(DTYPE_F16, &got, &back, 1));
    g_assert_cmpuint(back, ==, bits);
  }
}

static uint16_t half_of(float f) {
  uint16_t h;
  dtype_from_f32(DTYPE_F16, &f, &h, 1);
  return h;
}

static uint16_t bhalf_of(float f) {
  uint16_t h;
  dtype_from_f32(DTYPE_BF16, &f, &h, 1);
  return h;
}

static void test_rounding(void) {
  g_assert_cmphex(half_of(1.0f + 0x1p-11f), ==, 0x3c00); /* half way: to even */
  g_assert_cmphex(half_of(1.0f + 3 * 0x1p-11f), ==, 0x3c02);
  g_assert_cmphex(half_of(65519.0f), ==, 0x7bff);
  g_assert_cmphex(half_of(65520.0f), ==, 0x7c00);
  g_assert_cmphex(half_of(0x1p-25f), ==, 0x0000); /* half of the least: to even */
  g_assert_cmphex(half_of(0x1.8p-25f), ==, 0x0001);
  g_assert_cmphex(half_of(-0x1.ff8p-15f), ==, 0x83ff); /* the largest subnormal */
  g_assert_cmphex(half_of(0x1.ffcp-15f), ==, 0x0400);  /* half way above it: to even, the least normal */
  g_assert_cmphex(bhalf_of(1.0f + 0x1p-8f), ==, 0x3f80);
  g_assert_cmphex(bhalf_of(1.0f + 3 * 0x1p-8f), ==, 0x3f82);
  g_assert_true((bhalf_of(NAN) & 0x7fff) > 0x7f80);
}

static void test_small_types(void) {
  static const uint8_t e4m3[] = {0x38, 0xb8, 0x7e, 0x01, 0x08};
  static const float e4m3_values[] = {1, -1, 448, 0x1p-9f, 0x1p-6f};
  static const uint8_t e5m2[] = {0x3c, 0x7b, 0x01, 0x7c};
  static const float e5m2_values[] = {1, 57344, 0x1p-16f, INFINITY};
  float got[8];
  dtype_to_f32(DTYPE_F8_E4M3, e4m3, got, 5);
  g_assert_cmpmem(got, sizeof e4m3_values, e4m3_values, sizeof e4m3_values);
  dtype_to_f32(DTYPE_F8_E5M2, e5m2, got, 4);
  g_assert_cmpmem(got, sizeof e5m2_values, e5m2_values, sizeof e5m2_values);
  int64_t counter = -3;
  dtype_to_f32(DTYPE_I64, &counter, got, 1);
  g_assert_true(got[0] == -3);
  uint8_t mask = 7;
  dtype_to_f32(DTYPE_BOOL, &mask, got, 1);
  g_assert_true(got[0] == 1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(fixtures); i++) {
    g_autofree char *path = g_strdup_printf("/safetensors/fixture/%s", fixtures[i].name);
    g_test_add_data_func(path, &fixtures[i], test_fixture);
  }
  g_test_add_func("/safetensors/lengths", test_lengths);
  g_test_add_func("/safetensors/null-metadata", test_null_metadata);
  g_test_add_func("/safetensors/deep", test_deep_header);
  g_test_add_func("/safetensors/metadata", test_long_metadata);
  g_test_add_func("/safetensors/round-trip", test_round_trip);
  g_test_add_func("/dtype/half", test_half_exhaustive);
  g_test_add_func("/dtype/rounding", test_rounding);
  g_test_add_func("/dtype/small", test_small_types);
  return g_test_run();
}
