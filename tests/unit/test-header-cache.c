/* SPDX-License-Identifier: Apache-2.0 */
/* A header from the cache says what opening the file says; a file that breaks a rule is never served from it. */
#include <string.h>

#include "collection/read/header_cache.h"

#define TENSOR(NAME, FROM, TO) "\"" NAME "\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[" #FROM "," #TO "]}"
#define GOOD TENSOR("a.lora_A.weight", 0, 16) "," TENSOR("a.lora_B.weight", 16, 32) "}"

static ByteSource *source_of(const char *header, size_t data) {
  uint64_t length = strlen(header);
  GByteArray *bytes = g_byte_array_new();
  g_byte_array_append(bytes, (const guint8 *)&length, 8);
  g_byte_array_append(bytes, (const guint8 *)header, (guint)length);
  for (size_t i = 0; i < data; i++) g_byte_array_append(bytes, (const guint8 *)"", 1);
  g_autoptr(GBytes) all = g_byte_array_free_to_bytes(bytes);
  return byte_source_from_bytes(all, "x.safetensors");
}

static WeightSummary *ask(HeaderCache *c, const char *header, size_t data) {
  g_autoptr(ByteSource) source = source_of(header, data);
  g_autoptr(GError) error = NULL;
  WeightSummary *s = header_cache_summary(c, source, &error);
  g_assert_true((s == NULL) == (error != NULL));
  return s;
}

static void assert_same(const WeightSummary *s, const WeightSummary *t) {
  g_assert_cmpstr(s->format, ==, t->format);
  g_assert_cmpstr(s->shapes, ==, t->shapes);
  g_assert_cmpint(s->kind, ==, t->kind);
  g_assert_cmpuint(s->tensors, ==, t->tensors);
  g_assert_cmpuint(s->params, ==, t->params);
  g_assert_cmpmem(s->dtypes, sizeof s->dtypes, t->dtypes, sizeof t->dtypes);
}

static void test_repeats(void) {
  g_autoptr(HeaderCache) c = header_cache_new();
  g_autoptr(WeightSummary) one = ask(c, "{\"__metadata__\":{\"concept\":\"fox\"}," GOOD, 32);
  g_autoptr(WeightSummary) two = ask(c, "{\"__metadata__\":{\"concept\":\"cat\",\"rank\":\"2\"}," GOOD, 32);
  g_autoptr(WeightSummary) none = ask(c, "{" GOOD, 32);
  assert_same(one, two);
  assert_same(one, none);
  g_assert_cmpuint(one->tensors, ==, 2);
  g_assert_cmpint(one->kind, ==, MODEL_LORA);
  g_assert_cmpstr(g_hash_table_lookup(one->metadata, "concept"), ==, "fox");
  g_assert_cmpstr(g_hash_table_lookup(two->metadata, "concept"), ==, "cat");
  g_assert_cmpuint(g_hash_table_size(two->metadata), ==, 2);
  g_assert_cmpuint(g_hash_table_size(none->metadata), ==, 0);
}

/* Writers differ in the spaces that they leave, and in how far they fill up; what a list means stays the same. */
static void test_spaces(void) {
  static const char *const same[] = {
      "{\"__metadata__\": {\"concept\": \"cat\"}, " GOOD, "{ \"__metadata__\" :{\"concept\":\"owl\"}," GOOD "   ",
      "{\"__metadata__\": {\"concept\": \"cat\"}, " GOOD "       ", "{\"__metadata__\": null," GOOD};
  g_autoptr(HeaderCache) c = header_cache_new();
  g_autoptr(WeightSummary) plain = ask(c, "{\"__metadata__\":{\"concept\":\"fox\"}," GOOD, 32);
  for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
    g_autoptr(WeightSummary) s = ask(c, same[i], 32);
    assert_same(plain, s);
    g_assert_cmpuint(g_hash_table_size(s->metadata), ==, i < 3);
  }
}

/* Metadata that do not lead belong to their file alone. */
static void test_metadata_elsewhere(void) {
  g_autoptr(HeaderCache) c = header_cache_new();
  static const char header[] = "{" TENSOR("a", 0, 16) ",\"__metadata__\":{\"concept\":\"fox\"}}";
  for (int i = 0; i < 2; i++) {
    g_autoptr(WeightSummary) s = ask(c, header, 16);
    g_assert_cmpstr(g_hash_table_lookup(s->metadata, "concept"), ==, "fox");
  }
}

/* Each of these differs from a good file that the cache has seen in one thing. */
static void test_lies(void) {
  static const struct {
    const char *header;
    size_t data;
  } lies[] = {
      {"{\"__metadata__\":{\"a\":\"b\"}," GOOD, 31},                     /* cut short */
      {"{\"__metadata__\":{\"a\":\"b\"}," GOOD, 33},                     /* a tail */
      {"{\"__metadata__\":{\"a\":\"b\",\"a\":\"c\"}," GOOD, 32},         /* a key twice */
      {"{\"__metadata__\":{\"a\":1}," GOOD, 32},                         /* a number */
      {"{\"__metadata__\":{\"a\":\"b\"}" GOOD, 32},                      /* no comma */
      {"{\"__metadata__\":{\"a\":\"b\"},\"__metadata__\":{}," GOOD, 32}, /* twice */
      {"{\"__metadata__\": {\"a\": \"b\"}, " GOOD " x", 32},             /* text behind it */
      {"{\"__metadata__\":{\"a\":\"b\"}," TENSOR("a", 0, 16) "," TENSOR("a", 16, 32) "}", 32},
  };
  g_autoptr(HeaderCache) c = header_cache_new();
  for (int round = 0; round < 2; round++) {
    g_autoptr(WeightSummary) good = ask(c, "{\"__metadata__\":{\"a\":\"b\"}," GOOD, 32);
    g_assert_nonnull(good);
    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
      g_autoptr(WeightSummary) bad = ask(c, lies[i].header, lies[i].data);
      if (bad) g_test_message("lie %zu was believed", i);
      g_assert_null(bad);
    }
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/header-cache/repeats", test_repeats);
  g_test_add_func("/header-cache/spaces", test_spaces);
  g_test_add_func("/header-cache/metadata-elsewhere", test_metadata_elsewhere);
  g_test_add_func("/header-cache/lies", test_lies);
  return g_test_run();
}
