/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the seed corpora of fuzz-safetensors, fuzz-gguf and fuzz-index into the folder given:
 * good files that reach every branch of the readers, and the classic lies. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  const char *name, *text;
  size_t data; /* bytes after the text */
} Seed;

#define F32(shape, a, b) "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #a "," #b "]}"

static const Seed safetensors[] = {
    {"plain", "{\"a\":" F32("[2,2]", 0, 16) ",\"b\":" F32("[]", 16, 20) "}", 20},
    {"metadata", "{\"__metadata__\":{\"format\":\"pt\",\"e\":\"\\u001b\\ud83c\\udf33\"},\"a\":" F32("[1]", 0, 4) "}",
     4},
    {"dtypes",
     "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
     "\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[8,12]},"
     "\"c\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[12,14]},"
     "\"d\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[14,22]},"
     "\"e\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[22,25]},"
     "\"f\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[25,26]},"
     "\"g\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[26,28]},"
     "\"h\":{\"dtype\":\"F8_E5M2\",\"shape\":[2],\"data_offsets\":[28,30]},"
     "\"i\":{\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[30,32]},"
     "\"j\":{\"dtype\":\"F6_E2M3\",\"shape\":[4],\"data_offsets\":[32,35]}}",
     35},
    {"unaligned", "{\"u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":" F32("[2]", 1, 9) "}", 9},
    {"empty-tensor", " {\"a\":" F32("[0,9]", 0, 0) ",\"b\":" F32("[1]", 0, 4) "}  ", 4},
    {"hole", "{\"a\":" F32("[1]", 0, 4) ",\"b\":" F32("[1]", 8, 12) "}", 12},
    {"overlap", "{\"a\":" F32("[2]", 0, 8) ",\"b\":" F32("[2]", 4, 12) "}", 12},
    {"product-wraps", "{\"a\":" F32("[4294967296,4294967296]", 0, 0) "}", 0},
    {"duplicate", "{\"a\":" F32("[1]", 0, 4) ",\"a\":" F32("[1]", 4, 8) "}", 8},
    {"begin-after-end", "{\"a\":" F32("[1]", 8, 4) "}", 8},
    {"q4-by-name", "{\"a\":{\"dtype\":\"Q4_0\",\"shape\":[32],\"data_offsets\":[0,18]}}", 18},
};

static const Seed indices[] = {
    {"two",
     "{\"metadata\":{\"total_size\":16,\"x\":[1],\"y\":true},"
     "\"weight_map\":{\"a\":\"a\",\"b\":\"b\"}}",
     0},
    {"unmapped", "{\"weight_map\":{\"a\":\"a\"}}", 0},
    {"swapped", "{\"weight_map\":{\"a\":\"b\",\"b\":\"a\"}}", 0},
    {"missing", "{\"weight_map\":{\"a\":\"a\",\"c\":\"c\",\"d\":\"d\"}}", 0},
    {"escape", "{\"weight_map\":{\"a\":\"../a\"}}", 0},
    {"duplicate", "{\"weight_map\":{\"a\":\"a\",\"a\":\"b\"}}", 0},
    {"nested", "{\"metadata\":{\"a\":{\"b\":[[{}]]}},\"weight_map\":{\"\\u0061\":\"\\u0062\"}}", 0},
};

static void save(const char *folder, const char *kind, const char *name, const GByteArray *bytes) {
  g_autofree char *dir = g_build_filename(folder, kind, NULL);
  g_autofree char *path = g_build_filename(dir, name, NULL);
  g_autoptr(GError) error = NULL;
  g_mkdir_with_parents(dir, 0755);
  if (!g_file_set_contents(path, (const char *)bytes->data, (gssize)bytes->len, &error))
    fprintf(stderr, "%s\n", error->message);
}

static void put(GByteArray *to, const void *bytes, size_t n) {
  if (n) g_byte_array_append(to, bytes, (guint)n);
}

static void put_u32(GByteArray *to, uint32_t v) { put(to, &v, sizeof v); }

static void put_u64(GByteArray *to, uint64_t v) { put(to, &v, sizeof v); }

static void put_string(GByteArray *to, const char *s) {
  put_u64(to, strlen(s));
  put(to, s, strlen(s));
}

static void put_filler(GByteArray *to, size_t n) {
  for (size_t i = 0; i < n; i++) put(to, &(unsigned char){(unsigned char)(i * 37 % 59)}, 1);
}

static void save_safetensors(const char *folder, const Seed *seed) {
  g_autoptr(GByteArray) file = g_byte_array_new();
  put_string(file, seed->text);
  put_filler(file, seed->data);
  save(folder, "safetensors", seed->name, file);
}

static void save_index(const char *folder, const Seed *seed) {
  g_autoptr(GByteArray) file = g_byte_array_new();
  put(file, seed->text, strlen(seed->text));
  save(folder, "index", seed->name, file);
}

/* An index of which one part comes with it. */
static void save_index_with_part(const char *folder) {
  g_autoptr(GByteArray) file = g_byte_array_new();
  const char *text = "{\"weight_map\":{\"a\":\"a\",\"t\":\"x\"}}";
  put(file, text, strlen(text) + 1);
  put_string(file, "{\"t\":" F32("[2]", 0, 8) ",\"a\":" F32("[1]", 8, 12) "}");
  put_filler(file, 12);
  save(folder, "index", "with-part", file);
}

static void put_head(GByteArray *to, uint32_t version, uint64_t tensors, uint64_t keys) {
  put(to, "GGUF", 4);
  put_u32(to, version);
  put_u64(to, tensors);
  put_u64(to, keys);
}

static void put_key(GByteArray *to, const char *key, uint32_t type) {
  put_string(to, key);
  put_u32(to, type);
}

static void put_info(GByteArray *to, const char *name, uint64_t columns, uint64_t rows, uint32_t type,
                     uint64_t offset) {
  put_string(to, name);
  put_u32(to, 2);
  put_u64(to, columns);
  put_u64(to, rows);
  put_u32(to, type);
  put_u64(to, offset);
}

/* A key of every type, arrays of arrays too. */
static void save_gguf_metadata(const char *folder) {
  static const size_t widths[13] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  g_autoptr(GByteArray) file = g_byte_array_new();
  put_head(file, 2, 0, 15);
  for (uint32_t type = 0; type < 13; type++) {
    g_autofree char *key = g_strdup_printf("key.%u", type);
    put_key(file, key, type);
    put(file, "\1\0\0\0\0\0\0\0", widths[type]);
    if (type == 8) put_string(file, "value");
    if (type == 9) put_u32(file, 6), put_u64(file, 2), put(file, "01234567", 8);
  }
  put_key(file, "tokens", 9);
  put_u32(file, 8), put_u64(file, 2), put_string(file, "a"), put_string(file, "bb");
  put_key(file, "nested", 9);
  put_u32(file, 9), put_u64(file, 1), put_u32(file, 0), put_u64(file, 3), put(file, "abc", 3);
  save(folder, "gguf", "metadata", file);
}

/* One block of every type of tensor, an empty one and one of a type without name. */
static void save_gguf_tensors(const char *folder) {
  static const struct {
    uint32_t type, columns, bytes;
  } t[] = {{0, 2, 8},      {1, 2, 4},      {30, 2, 4},     {28, 1, 8},     {24, 3, 3},     {27, 1, 8},
           {2, 32, 18},    {3, 32, 20},    {6, 32, 22},    {7, 32, 24},    {8, 32, 34},    {10, 256, 84},
           {11, 256, 110}, {12, 256, 144}, {13, 256, 176}, {14, 256, 210}, {15, 256, 292}, {16, 256, 66},
           {20, 32, 18},   {39, 32, 17},   {0, 0, 0},      {99, 5, 7}};
  g_autoptr(GByteArray) file = g_byte_array_new();
  uint64_t offset = 0;
  put_head(file, 3, G_N_ELEMENTS(t), 1);
  put_key(file, "general.alignment", 4);
  put_u32(file, 16);
  for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
    g_autofree char *name = g_strdup_printf("blk.%zu.w", i);
    put_info(file, name, t[i].columns, 1, t[i].type, offset);
    offset += (t[i].bytes + 15) / 16 * 16;
  }
  put_filler(file, 15 & -(size_t)file->len);
  put_filler(file, offset);
  save(folder, "gguf", "tensors", file);
}

static void save_gguf_bad(const char *folder) {
  g_autoptr(GByteArray) counts = g_byte_array_new(), deep = g_byte_array_new(), overlap = g_byte_array_new(),
                        huge = g_byte_array_new();
  put_head(counts, 3, UINT64_MAX, UINT64_MAX);
  save(folder, "gguf", "counts", counts);
  put_head(deep, 3, 0, 1);
  put_key(deep, "a", 9);
  for (int i = 0; i < 6; i++) put_u32(deep, 9), put_u64(deep, 1);
  save(folder, "gguf", "deep", deep);
  put_head(overlap, 3, 2, 0);
  put_info(overlap, "a", 32, 2, 0, 0);
  put_info(overlap, "b", 32, 1, 8, 32);
  put_filler(overlap, 400);
  save(folder, "gguf", "overlap", overlap);
  put_head(huge, 3, 1, 0);
  put_info(huge, "a", UINT64_C(1) << 33, UINT64_C(1) << 33, 0, UINT64_MAX - 31);
  save(folder, "gguf", "huge", huge);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: make-seeds FOLDER\n");
    return 2;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(safetensors); i++) save_safetensors(argv[1], &safetensors[i]);
  for (size_t i = 0; i < G_N_ELEMENTS(indices); i++) save_index(argv[1], &indices[i]);
  save_index_with_part(argv[1]);
  save_gguf_metadata(argv[1]);
  save_gguf_tensors(argv[1]);
  save_gguf_bad(argv[1]);
  return 0;
}
