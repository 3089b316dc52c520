/* SPDX-License-Identifier: Apache-2.0 */
/* GGUF files made here byte by byte: what a good one gives, and what each lie costs. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/rng.h"
#include "weights/convert.h"
#include "weights/weight_file.h"
#include "weights/weight_open.h"
#include "gguf_fixture.h"

static WeightFile *open_bytes(GBytes *bytes, GError **error) {
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "test.gguf");
  return weight_file_open_source(source, error);
}

static WeightFile *open_gguf(const Gguf *g) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = gguf_bytes(g);
  WeightFile *f = open_bytes(bytes, &error);
  g_assert_no_error(error);
  return f;
}

/* The file must not open, and the message has that word and the file's name. Clears g. */
static void assert_refused(Gguf *g, const char *word) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = gguf_bytes(g);
  g_assert_null(open_bytes(bytes, &error));
  if (!strstr(error->message, word)) g_error("\"%s\" lacks \"%s\"", error->message, word);
  g_assert_true(g_str_has_prefix(error->message, "test.gguf: "));
  gguf_clear(g);
}

static const char *value_of(const WeightFile *f, const char *key) {
  return g_hash_table_lookup(weight_file_metadata(f), key);
}

static void add_scalars(Gguf *g) {
  uint8_t u8 = 255;
  int8_t i8 = -128;
  uint16_t u16 = 65535;
  int16_t i16 = -32768;
  uint32_t u32 = 4294967295u;
  int32_t i32 = INT32_MIN;
  uint64_t u64 = UINT64_MAX;
  int64_t i64 = INT64_MIN;
  float f32 = 1e-5f, tenth = 0.1f;
  double f64 = 0.1, endless = -(double)INFINITY;
  gguf_add_key(g, "u8", U8, &u8, 1);
  gguf_add_key(g, "i8", I8, &i8, 1);
  gguf_add_key(g, "u16", U16, &u16, 2);
  gguf_add_key(g, "i16", I16, &i16, 2);
  gguf_add_key(g, "u32", U32, &u32, 4);
  gguf_add_key(g, "i32", I32, &i32, 4);
  gguf_add_key(g, "u64", U64, &u64, 8);
  gguf_add_key(g, "i64", I64, &i64, 8);
  gguf_add_key(g, "f32", F32, &f32, 4);
  gguf_add_key(g, "tenth", F32, &tenth, 4);
  gguf_add_key(g, "f64", F64, &f64, 8);
  gguf_add_key(g, "endless", F64, &endless, 8);
  gguf_add_key(g, "yes", BOOL, "\1", 1);
  gguf_add_key(g, "no", BOOL, "\0", 1);
  gguf_add_text(g, "general.name", "fox\x1b[2J");
  gguf_add_text(g, "empty", "");
}

static void test_scalars(void) {
  static const char *const want[][2] = {{"u8", "255"},
                                        {"i8", "-128"},
                                        {"u16", "65535"},
                                        {"i16", "-32768"},
                                        {"u32", "4294967295"},
                                        {"i32", "-2147483648"},
                                        {"f32", "1e-05"},
                                        {"tenth", "0.1"},
                                        {"f64", "0.1"},
                                        {"endless", "-inf"},
                                        {"yes", "true"},
                                        {"no", "false"},
                                        {"empty", ""},
                                        {"general.name", "fox\xef\xbf\xbd[2J"},
                                        {"u64", "18446744073709551615"},
                                        {"i64", "-9223372036854775808"}};
  for (uint32_t version = 2; version <= 3; version++) {
    Gguf g = gguf_new();
    g.version = version;
    add_scalars(&g);
    g_autoptr(WeightFile) f = open_gguf(&g);
    g_assert_cmpstr(weight_file_format(f), ==, "gguf");
    g_assert_cmpuint(weight_file_count(f), ==, 0);
    g_assert_cmpuint(g_hash_table_size(weight_file_metadata(f)), ==, G_N_ELEMENTS(want));
    for (size_t i = 0; i < G_N_ELEMENTS(want); i++) g_assert_cmpstr(value_of(f, want[i][0]), ==, want[i][1]);
    gguf_clear(&g);
  }
}

static void test_arrays(void) {
  Gguf g = gguf_new();
  gguf_add_array(&g, "numbers", F32, 3);
  gguf_put(g.header, "0123456789ab", 12);
  gguf_add_array(&g, "tokens", STRING, 40000); /* longer than what the reader holds at a time */
  for (int i = 0; i < 40000; i++) gguf_put_string(g.header, i % 2 ? "a token" : "");
  gguf_add_array(&g, "nested", ARRAY, 2); /* of arrays of arrays of arrays: four deep */
  for (int i = 0; i < 2; i++) {
    gguf_put_u32(g.header, ARRAY);
    gguf_put_u64(g.header, 1);
    gguf_put_u32(g.header, ARRAY);
    gguf_put_u64(g.header, 1);
    gguf_put_u32(g.header, I16);
    gguf_put_u64(g.header, 2);
    gguf_put(g.header, "abcd", 4);
  }
  gguf_add_array(&g, "none", STRING, 0);
  gguf_add_text(&g, "last", "there");
  g_autoptr(WeightFile) f = open_gguf(&g);
  g_assert_cmpstr(value_of(f, "numbers"), ==, "[3 values]");
  g_assert_cmpstr(value_of(f, "tokens"), ==, "[40000 values]");
  g_assert_cmpstr(value_of(f, "nested"), ==, "[2 values]");
  g_assert_cmpstr(value_of(f, "none"), ==, "[0 values]");
  g_assert_cmpstr(value_of(f, "last"), ==, "there");
  gguf_clear(&g);
}

static void test_dense(void) {
  Gguf g = gguf_new();
  float f32[6] = {1, -2.5f, 3e-40f, INFINITY, 5, 6};
  uint16_t f16[2] = {0x3c00, 0x0001}, bf16[2] = {0xc049, 0x0001};
  double f64[1] = {0.1};
  int64_t i64[1] = {-3};
  int8_t i8[3] = {-1, 0, 127};
  gguf_add_tensor(&g, "f32", 2, (uint64_t[]){3, 2}, 0, f32, sizeof f32);
  gguf_add_tensor(&g, "f16", 1, (uint64_t[]){2}, 1, f16, sizeof f16);
  gguf_add_tensor(&g, "bf16", 4, (uint64_t[]){1, 2, 1, 1}, 30, bf16, sizeof bf16);
  gguf_add_tensor(&g, "f64", 0, NULL, 28, f64, sizeof f64);
  gguf_add_tensor(&g, "i64", 1, (uint64_t[]){1}, 27, i64, sizeof i64);
  gguf_add_tensor(&g, "i8", 1, (uint64_t[]){3}, 24, i8, sizeof i8);
  gguf_add_tensor(&g, "none", 2, (uint64_t[]){0, 7}, 0, NULL, 0);
  g_autoptr(WeightFile) f = open_gguf(&g);
  g_assert_cmpuint(weight_file_count(f), ==, 7);
  const TensorInfo *t = weight_file_info(f, 0);
  g_assert_cmpuint(t->shape[0], ==, 2); /* outermost first */
  g_assert_cmpuint(t->shape[1], ==, 3);
  t = weight_file_info(f, 2);
  g_assert_cmpint(t->rank, ==, 4);
  g_assert_cmpuint(t->shape[2], ==, 2);
  float x[6];
  g_assert_true(weight_file_read_f32(f, 0, 0, 6, x, NULL));
  g_assert_cmpmem(x, sizeof x, f32, sizeof f32);
  g_assert_true(weight_file_read_f32(f, 1, 0, 2, x, NULL));
  g_assert_true(x[0] == 1 && x[1] == 0x1p-24f);
  g_assert_true(weight_file_read_f32(f, 2, 0, 2, x, NULL));
  g_assert_true(x[0] == -3.140625f && x[1] == 0x1p-133f);
  g_assert_true(weight_file_read_f32(f, 3, 0, 1, x, NULL));
  g_assert_true(x[0] == 0.1f);
  g_assert_true(weight_file_read_f32(f, 4, 0, 1, x, NULL) && x[0] == -3);
  g_assert_true(weight_file_read_f32(f, 5, 1, 2, x, NULL) && x[1] == 127);
  g_assert_true(weight_file_read_f32(f, 6, 0, 0, x, NULL));
  gguf_clear(&g);
}

/* Any stretch of elements is what the whole tensor has there, wherever blocks begin and end. */
static void test_stretches(void) {
  static const struct {
    uint32_t type;
    Dtype dtype;
    size_t block, bytes;
  } formats[] = {
      {2, DTYPE_Q4_0, 32, 18}, {8, DTYPE_Q8_0, 32, 34}, {12, DTYPE_Q4_K, 256, 144}, {14, DTYPE_Q6_K, 256, 210}};
  enum { COUNT = 256 * 700 }; /* more than one buffer of the reader */
  Rng rng;
  rng_init(&rng, 8, 1);
  for (size_t k = 0; k < G_N_ELEMENTS(formats); k++) {
    Gguf g = gguf_new();
    size_t n = COUNT / formats[k].block * formats[k].bytes;
    g_autofree unsigned char *bytes = g_malloc(n);
    for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)(rng_u64(&rng) & 0xbb); /* finite */
    gguf_add_tensor(&g, "w", 2, (uint64_t[]){256, COUNT / 256}, formats[k].type, bytes, n);
    g_autoptr(WeightFile) f = open_gguf(&g);
    g_assert_cmpint(weight_file_info(f, 0)->dtype, ==, formats[k].dtype);
    g_autofree float *whole = g_new(float, COUNT), *part = g_new(float, COUNT + 1);
    dtype_to_f32(formats[k].dtype, bytes, whole, COUNT);
    for (int trial = 0; trial < 300; trial++) {
      size_t first = (size_t)rng_below(&rng, COUNT + 1);
      size_t most = MIN(trial % 3 ? 700 : COUNT, COUNT - first);
      size_t m = (size_t)rng_below(&rng, most + 1);
      part[m] = -77; /* just behind: stays */
      g_assert_true(weight_file_read_f32(f, 0, first, m, part, NULL));
      g_assert_cmpint(memcmp(part, whole + first, m * sizeof *part), ==, 0);
      g_assert_true(part[m] == -77);
    }
    g_assert_false(weight_file_read_f32(f, 0, COUNT, 1, part, NULL));
    gguf_clear(&g);
  }
}

/* Formats that are not decoded have names, shapes and sizes all the same; of a type that nobody
 * knows the size is taken from where the next tensor begins. */
static void test_opaque(void) {
  Gguf g = gguf_new();
  unsigned char bytes[292] = {1, 2, 3};
  gguf_add_tensor(&g, "q8", 2, (uint64_t[]){64, 1}, 9, bytes, 72);
  gguf_add_tensor(&g, "future", 2, (uint64_t[]){100, 3}, 99, bytes, 50);
  gguf_add_tensor(&g, "q8k", 1, (uint64_t[]){256}, 15, bytes, 292);
  gguf_add_tensor(&g, "gone", 1, (uint64_t[]){64}, 4, bytes, 40);
  g_autoptr(WeightFile) f = open_gguf(&g);
  static const struct {
    const char *dtype;
    uint64_t bytes;
  } want[] = {{"Q8_1", 72}, {"OTHER", 64}, {"Q8_K", 292}, {"OTHER", 40}};
  for (size_t i = 0; i < 4; i++) {
    const TensorInfo *t = weight_file_info(f, i);
    float x;
    g_autoptr(GError) error = NULL;
    g_assert_cmpstr(dtype_name(t->dtype), ==, want[i].dtype);
    g_assert_cmpuint(t->bytes, ==, want[i].bytes);
    g_assert_false(weight_file_read_f32(f, i, 0, 1, &x, &error));
    g_assert_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED);
    g_assert_true(weight_file_read_raw(f, i, 0, (size_t)t->bytes, bytes, NULL));
    g_assert_cmpuint(bytes[2], ==, 3);
  }
  g_assert_cmpuint(weight_file_info(f, 1)->shape[0], ==, 3);
  gguf_clear(&g);
}

static void test_alignment(void) {
  for (uint32_t alignment = 1; alignment <= 4096; alignment *= 64) {
    Gguf g = gguf_new();
    float x[2] = {4, 5}, y[2];
    g.alignment = alignment;
    gguf_add_key(&g, "general.alignment", U32, &alignment, 4);
    gguf_add_tensor(&g, "a", 1, (uint64_t[]){1}, 0, x, 4);
    gguf_add_tensor(&g, "b", 1, (uint64_t[]){2}, 0, x, 8);
    g_autoptr(WeightFile) f = open_gguf(&g);
    g_assert_cmpuint(weight_file_info(f, 1)->offset % alignment, ==, 0);
    g_assert_true(weight_file_read_f32(f, 1, 0, 2, y, NULL) && y[1] == 5);
    gguf_clear(&g);
  }
}

static void test_versions(void) {
  static const struct {
    uint32_t version;
    const char *word;
  } bad[] = {{1, "GGUF version 1, which is not read: convert it again"},
             {0, "version 0"},
             {4, "version 4"},
             {0x03000000, "a big-endian GGUF file: convert it again on a little-endian machine"},
             {0x02000000, "a big-endian GGUF file: convert it again on a little-endian machine"},
             {UINT32_MAX, "version 4294967295"}};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    Gguf g = gguf_new();
    g.version = bad[i].version;
    assert_refused(&g, bad[i].word);
  }
}

static void test_bad_metadata(void) {
  Gguf g = gguf_new();
  uint32_t number = 0;
  g.keys = UINT64_MAX;
  assert_refused(&g, "metadata keys, above the limit of 100000");
  g = gguf_new(), g.keys = 1;
  assert_refused(&g, "metadata keys do not fit");
  g = gguf_new(), gguf_add_text(&g, "", "x");
  assert_refused(&g, "a key that is empty or has a NUL");
  g = gguf_new(), gguf_add_key(&g, "a", 13, "", 1);
  assert_refused(&g, "unknown value type 13");
  g = gguf_new(), gguf_add_key(&g, "a", BOOL, "\2", 1);
  assert_refused(&g, "a boolean of 2");
  g = gguf_new(), gguf_add_text(&g, "a", "x"), gguf_add_text(&g, "a", "y");
  assert_refused(&g, "appears twice");
  g = gguf_new(), gguf_add_key(&g, "a", STRING, "\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
  assert_refused(&g, "bytes, above the limit of 10000000");
  g = gguf_new(), gguf_add_key(&g, "a", STRING, "\x40\0\0\0\0\0\0\0", 8);
  assert_refused(&g, "the file ends inside the header: a download cut short");
  g = gguf_new(), gguf_add_array(&g, "a", 77, 0);
  assert_refused(&g, "value type 77");
  static const uint32_t types[] = {U8, F64, STRING, ARRAY};
  for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
    g = gguf_new(), gguf_add_array(&g, "a", types[i], UINT64_MAX / 4 + 1);
    assert_refused(&g, "do not fit into the");
  }
  g = gguf_new(), gguf_add_array(&g, "a", ARRAY, 1);
  for (int i = 0; i < 4; i++) gguf_put_u32(g.header, ARRAY), gguf_put_u64(g.header, 1);
  gguf_put(g.header, "0123456789abcdef", 16);
  assert_refused(&g, "arrays nested more than 4 deep");
  static const uint32_t alignments[] = {0, 3, 1u << 21, 1u << 31};
  for (size_t i = 0; i < G_N_ELEMENTS(alignments); i++) {
    g = gguf_new(), gguf_add_key(&g, "general.alignment", U32, &alignments[i], 4);
    assert_refused(&g, "not a power of two up to 1048576");
  }
  g = gguf_new(), gguf_add_key(&g, "general.alignment", I32, &number, 4);
  assert_refused(&g, "general.alignment is no 32-bit number");
  g = gguf_new(), gguf_add_text(&g, "general.alignment", "32");
  assert_refused(&g, "general.alignment is no 32-bit number");
}

static void test_bad_tensors(void) {
  float x[64] = {0};
  const uint64_t four[] = {4}, five[5] = {1, 1, 1, 1, 1}, huge[] = {1ull << 33, 1ull << 33};
  Gguf g = gguf_new();
  g.tensors = UINT64_MAX;
  assert_refused(&g, "tensors, above the limit of 1000000");
  g = gguf_new(), g.tensors = 3;
  assert_refused(&g, "tensors do not fit");
  g = gguf_new(), gguf_add_info(&g, "w", 5, five, 0, 0);
  assert_refused(&g, "5 dimensions");
  g = gguf_new(), gguf_add_info(&g, "w", UINT32_MAX, five, 0, 0);
  assert_refused(&g, "dimensions, more than 4");
  g = gguf_new(), gguf_add_info(&g, "", 1, four, 0, 0);
  assert_refused(&g, "a tensor without a name");
  g = gguf_new(), gguf_add_info(&g, "w", 2, huge, 0, 0);
  assert_refused(&g, "has a shape that overflows");
  g = gguf_new(), gguf_add_info(&g, "w", 1, (uint64_t[]){1ull << 62}, 0, 0);
  assert_refused(&g, "has a size that is no whole byte count");
  g = gguf_new(), gguf_add_info(&g, "w", 1, (uint64_t[]){1ull << 63}, 24, 0);
  assert_refused(&g, "has a size above 63 bits");
  g = gguf_new(), gguf_add_tensor(&g, "w", 1, (uint64_t[]){48}, 2, x, 36);
  assert_refused(&g, "no whole blocks of Q4_0");
  g = gguf_new(), gguf_add_tensor(&g, "w", 2, (uint64_t[]){16, 4}, 2, x, 36);
  assert_refused(&g, "numbers, which are no whole blocks of");
  g = gguf_new(), gguf_add_tensor(&g, "w", 1, (uint64_t[]){65}, 0, x, 256);
  assert_refused(&g, "beyond the end");
  g = gguf_new(), gguf_add_info(&g, "w", 1, four, 0, 32);
  assert_refused(&g, "beyond the end");
  g = gguf_new(), gguf_add_info(&g, "w", 1, four, 0, UINT64_MAX - 31);
  assert_refused(&g, "beyond the end");
  g = gguf_new(), gguf_add_tensor(&g, "v", 1, four, 0, x, 256), gguf_add_info(&g, "w", 1, four, 0, 8);
  assert_refused(&g, "has an offset that is not aligned");
  g = gguf_new(), gguf_add_tensor(&g, "v", 1, (uint64_t[]){64}, 0, x, 256);
  gguf_add_info(&g, "w", 1, four, 0, 64);
  assert_refused(&g, "overlaps another tensor");
  g = gguf_new(), gguf_add_tensor(&g, "v", 1, four, 99, x, 16), gguf_add_info(&g, "w", 1, four, 0, 0);
  assert_refused(&g, "overlaps another tensor");
  g = gguf_new(), gguf_add_tensor(&g, "w", 1, four, 0, x, 16), gguf_add_tensor(&g, "w", 1, four, 0, x, 16);
  assert_refused(&g, "appears twice");
}

/* A tensor's name and the message about it come out clean. */
static void test_hostile_names(void) {
  Gguf g = gguf_new();
  float x[4] = {0};
  gguf_add_tensor(&g, "a\x1b]0;b\xe2\x80\xae\n", 1, (uint64_t[]){4}, 0, x, 16);
  g_autoptr(WeightFile) f = open_gguf(&g);
  g_assert_cmpstr(weight_file_info(f, 0)->name, ==, "a\xef\xbf\xbd]0;b\xef\xbf\xbd ");
  gguf_clear(&g);
  g = gguf_new();
  g.keys = 1;
  gguf_put_u64(g.header, 3);
  gguf_put(g.header, "a\0b", 3);
  gguf_put_u32(g.header, BOOL);
  gguf_put(g.header, "\1", 1);
  assert_refused(&g, "a key that is empty or has a NUL");
  g = gguf_new();
  gguf_add_key(&g, "text", STRING, "\3\0\0\0\0\0\0\0a\0b", 11);
  g_autoptr(WeightFile) with_nul = open_gguf(&g);
  g_assert_cmpstr(value_of(with_nul, "text"), ==,
                  "a\xef\xbf\xbd"
                  "b");
  gguf_clear(&g);
}

static GBytes *whole_file(void) {
  Gguf g = gguf_new();
  float x[64] = {1};
  add_scalars(&g);
  gguf_add_array(&g, "tokens", STRING, 3);
  for (int i = 0; i < 3; i++) gguf_put_string(g.header, "token\xff");
  gguf_add_tensor(&g, "a", 1, (uint64_t[]){64}, 0, x, 256);
  gguf_add_tensor(&g, "b", 2, (uint64_t[]){32, 2}, 8, x, 68);
  GBytes *bytes = gguf_bytes(&g);
  gguf_clear(&g);
  return bytes;
}

/* A download cut anywhere is refused. */
static void test_every_cut(void) {
  g_autoptr(GBytes) bytes = whole_file();
  gsize n;
  const char *p = g_bytes_get_data(bytes, &n);
  for (gsize k = 0; k < n; k++) {
    g_autoptr(GBytes) part = g_bytes_new(p, k);
    g_autoptr(GError) error = NULL;
    g_assert_null(open_bytes(part, &error));
    g_assert_nonnull(error);
  }
}

/* Bytes above 0x7F became U+FFFD: the message says so. */
static void test_text_copy(void) {
  g_autoptr(GBytes) bytes = whole_file();
  g_autoptr(GByteArray) damaged = g_byte_array_new();
  gsize n;
  const unsigned char *p = g_bytes_get_data(bytes, &n);
  for (gsize i = 0; i < n; i++) {
    bool high = p[i] > 0x7f;
    gguf_put(damaged, high ? (const void *)"\xef\xbf\xbd" : p + i, high ? 3 : 1);
  }
  g_autoptr(GBytes) file = g_bytes_new(damaged->data, damaged->len);
  g_autoptr(GError) error = NULL;
  g_assert_null(open_bytes(file, &error));
  g_assert_nonnull(strstr(error->message, "text-mode copy"));
}

static void test_real(void) {
  const char *real = g_getenv("COPSE_REAL_DIR");
  if (!real) {
    g_test_skip("COPSE_REAL_DIR is not set");
    return;
  }
  g_autofree char *folder = g_build_filename(real, "Joakimpalm-Zen__gridcore-runner/tests", NULL);
  g_autofree char *vocabulary = g_build_filename(folder, "fixtures/vocab-bpe-llama3.gguf", NULL);
  g_autofree char *counts = g_build_filename(folder, "fuzz/corpus/gguf_open/huge-counts.bin", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) f = weight_file_open(vocabulary, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(value_of(f, "tokenizer.ggml.tokens"), ==, "[287 values]");
  g_assert_cmpstr(value_of(f, "general.architecture"), ==, "llama");
  g_assert_null(weight_file_open(counts, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/gguf/scalars", test_scalars);
  g_test_add_func("/gguf/arrays", test_arrays);
  g_test_add_func("/gguf/dense", test_dense);
  g_test_add_func("/gguf/stretches", test_stretches);
  g_test_add_func("/gguf/opaque", test_opaque);
  g_test_add_func("/gguf/alignment", test_alignment);
  g_test_add_func("/gguf/versions", test_versions);
  g_test_add_func("/gguf/bad-metadata", test_bad_metadata);
  g_test_add_func("/gguf/bad-tensors", test_bad_tensors);
  g_test_add_func("/gguf/hostile-names", test_hostile_names);
  g_test_add_func("/gguf/every-cut", test_every_cut);
  g_test_add_func("/gguf/text-copy", test_text_copy);
  g_test_add_func("/gguf/real", test_real);
  return g_test_run();
}
