/* SPDX-License-Identifier: Apache-2.0 */
/* Models in parts: what their names say, the index, the parts together, and what may be wrong. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "core/parallel.h"
#include "weights/formats/safetensors.h"
#include "weights/shard_name.h"
#include "weights/shards.h"
#include "weights/weight_open.h"

enum { MANY = 20, WIDTH = 5000 };

/* A folder of its own for each test. */
typedef struct {
  char *folder;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  (void)unused;
  f->folder = g_dir_make_tmp("copse-shards-XXXXXX", NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_assert_true(dir_remove(f->folder, NULL));
  g_free(f->folder);
}

/* A safetensors file with one tensor of WIDTH times that value. */
static void put_part(const Fixture *f, const char *file, const char *tensor, float value, const char *const *metadata) {
  g_autofree char *path = g_build_filename(f->folder, file, NULL);
  g_autofree float *x = g_new(float, WIDTH);
  for (int i = 0; i < WIDTH; i++) x[i] = value;
  const TensorOut t = {.name = tensor, .dtype = DTYPE_F16, .rank = 1, .shape = {WIDTH}, .data = x};
  g_assert_true(safetensors_write(path, &t, 1, metadata, NULL));
}

static WeightFile *open_in(const Fixture *f, const char *file, GError **error) {
  g_autofree char *path = g_build_filename(f->folder, file, NULL);
  return weight_file_open(path, error);
}

static void put_index(const Fixture *f, const char *text) {
  g_autofree char *path = g_build_filename(f->folder, "model.safetensors.index.json", NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static WeightFile *open_index(const Fixture *f, const char *text, GError **error) {
  put_index(f, text);
  return open_in(f, "model.safetensors.index.json", error);
}

static void assert_refused(const Fixture *f, const char *text, const char *word) {
  g_autoptr(GError) error = NULL;
  g_assert_null(open_index(f, text, &error));
  if (!strstr(error->message, word)) g_error("\"%s\" lacks \"%s\"", error->message, word);
  g_assert_nonnull(strstr(error->message, "model.safetensors.index.json: "));
}

static float first_value(WeightFile *file, const char *tensor) {
  float x = -1;
  gssize i = weight_file_find(file, tensor);
  g_assert_cmpint(i, >=, 0);
  g_assert_true(weight_file_read_f32(file, (size_t)i, 7, 1, &x, NULL));
  return x;
}

#define TWO "\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}"

static void put_two(const Fixture *f) {
  const char *const first[] = {"format", "pt", "who", "one", NULL};
  const char *const second[] = {"who", "two", "tail", "yes", NULL};
  put_part(f, "one.safetensors", "a", 1, first);
  put_part(f, "two.safetensors", "b", 2, second);
}

static void test_index(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  put_two(f);
  g_autoptr(WeightFile) file = open_index(
      f, "{\"metadata\":{\"total_size\":20000,\"x\":[1,{}],\"by\":\"a \\u001b tool\"}," TWO ",\"y\":[]}", &error);
  g_assert_no_error(error);
  g_assert_cmpstr(weight_file_format(file), ==, "safetensors");
  g_assert_cmpuint(weight_file_count(file), ==, 2);
  g_assert_cmpstr(weight_file_info(file, 0)->name, ==, "a");
  g_assert_true(weight_file_info(file, 1)->offset == UINT64_MAX);
  g_assert_cmpfloat(first_value(file, "a"), ==, 1);
  g_assert_cmpfloat(first_value(file, "b"), ==, 2);
  GHashTable *m = weight_file_metadata(file);
  g_assert_cmpstr(g_hash_table_lookup(m, "total_size"), ==, "20000");
  g_assert_cmpstr(g_hash_table_lookup(m, "by"), ==, "a \xef\xbf\xbd tool");
  g_assert_cmpstr(g_hash_table_lookup(m, "format"), ==, "pt");
  g_assert_cmpstr(g_hash_table_lookup(m, "who"), ==, "one");
  g_assert_cmpstr(g_hash_table_lookup(m, "tail"), ==, "yes");
  g_assert_false(g_hash_table_contains(m, "x"));
  g_assert_false(g_hash_table_contains(m, "index.unmapped_tensors"));
  float x[2];
  g_assert_false(weight_file_read_f32(file, 0, WIDTH - 1, 2, x, NULL));
}

/* What the index does not name is there as well; of copies the one that it names is read. */
static void test_unmapped(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  put_two(f);
  put_part(f, "three.safetensors", "a", 3, NULL);
  g_autoptr(WeightFile) extra = open_index(f, "{\"weight_map\":{\"b\":\"two.safetensors\"}}", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(weight_file_count(extra), ==, 1);
  g_autofree char *path = g_build_filename(f->folder, "two.safetensors", NULL);
  const float x[2] = {7, 8};
  const TensorOut t[] = {{.name = "b", .dtype = DTYPE_F32, .rank = 1, .shape = {2}, .data = x},
                         {.name = "c", .dtype = DTYPE_F32, .rank = 1, .shape = {2}, .data = x},
                         {.name = "a", .dtype = DTYPE_F32, .rank = 1, .shape = {2}, .data = x}};
  g_assert_true(safetensors_write(path, t, 3, NULL, NULL));
  g_autoptr(WeightFile) file = open_index(f, "{" TWO "}", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(weight_file_count(file), ==, 3);
  g_assert_cmpfloat(first_value(file, "a"), ==, 1); /* not the copy in two.safetensors */
  g_assert_cmpint(weight_file_find(file, "c"), >=, 0);
  g_assert_cmpstr(g_hash_table_lookup(weight_file_metadata(file), "index.unmapped_tensors"), ==, "1");
}

static void test_bad_index(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const char *const names[] = {
      "../one.safetensors", "/etc/passwd", "sub/one.safetensors", "..", ".", "", "a\\\\b", "one\\u001b.safetensors"};
  put_two(f);
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *text = g_strdup_printf("{\"weight_map\":{\"a\":\"%s\"}}", names[i]);
    assert_refused(f, text, "no plain name");
  }
  assert_refused(f, "", "an object is expected");
  assert_refused(f, "[]", "an object is expected");
  assert_refused(f, "{}", "index at byte 2: there is no weight_map");
  assert_refused(f, "{\"weight_map\":{}}", "weight_map names no tensor");
  assert_refused(f, "{\"weight_map\":[]}", "an object is expected");
  assert_refused(f, "{\"weight_map\":{\"a\":1}}", "a string is expected");
  assert_refused(f, "{" TWO "," TWO "}", "weight_map is given twice");
  assert_refused(f, "{" TWO "} x", "text after the index's object");
  assert_refused(f, "{" TWO, "comma");
  assert_refused(f, "{\"weight_map\":{\"a\":\"one.safetensors\",\"a\":\"one.safetensors\"}}",
                 "a tensor appears twice in weight_map");
  assert_refused(f, "{\"metadata\":{\"a\":}," TWO "}", "value is expected");
  g_autoptr(GString) deep = g_string_new("{\"metadata\":{\"a\":");
  for (int i = 0; i < 100000; i++) g_string_append_c(deep, '[');
  assert_refused(f, deep->str, "nested too deeply");
}

static void test_missing(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_two(f);
  assert_refused(f,
                 "{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"x.safetensors\","
                 "\"c\":\"y.safetensors\"}}",
                 "2 of 3 shards are missing (the first: x.safetensors)");
  assert_refused(f,
                 "{\"weight_map\":{\"a\":\"one.safetensors\",\"z\":\"two.safetensors\","
                 "\"y\":\"two.safetensors\"}}",
                 "tensor y is not in its shard two.safetensors (2 such)");
  assert_refused(f, "{\"weight_map\":{\"a\":\"two.safetensors\",\"b\":\"one.safetensors\"}}", "not in its shard");
  /* An index is no shard, not even its own. */
  assert_refused(f, "{\"weight_map\":{\"a\":\"model.safetensors.index.json\"}}",
                 "model.safetensors.index.json: model.safetensors.index.json: not a weight file");
  g_autofree char *path = g_build_filename(f->folder, "two.safetensors", NULL);
  const char *pointer = "version https://git-lfs.github.com/spec/v1\n";
  g_assert_true(g_file_set_contents(path, pointer, -1, NULL));
  assert_refused(f, "{" TWO "}", ": two.safetensors: a Git LFS pointer");
  put_part(f, "two.safetensors", "c", 1, NULL);
  put_part(f, "one.safetensors", "c", 1, NULL);
  assert_refused(f, "{\"weight_map\":{\"c\":\"one.safetensors\",\"d\":\"two.safetensors\"}}",
                 "tensor d is not in its shard");
}

/* A part that is replaced while the model is open. */
static void test_replaced(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_two(f);
  g_autoptr(GString) text = g_string_new("{\"weight_map\":{\"a\":\"one.safetensors\"");
  for (int i = 0; i < MANY; i++) {
    g_autofree char *file = g_strdup_printf("x%02d.safetensors", i);
    g_autofree char *tensor = g_strdup_printf("x%02d", i);
    put_part(f, file, tensor, 0, NULL);
    g_string_append_printf(text, ",\"%s\":\"%s\"", tensor, file);
  }
  g_string_append(text, "}}");
  g_autoptr(WeightFile) file = open_index(f, text->str, NULL);
  g_assert_nonnull(file);
  put_part(f, "one.safetensors", "other", 1, NULL); /* closed by now: others came after it */
  g_autoptr(GError) error = NULL;
  float x;
  size_t i = (size_t)weight_file_find(file, "a");
  g_assert_false(weight_file_read_f32(file, i, 0, 1, &x, &error));
  g_assert_nonnull(strstr(error->message, "one.safetensors: the shard changed"));
  g_clear_error(&error);
  g_autofree char *path = g_build_filename(f->folder, "one.safetensors", NULL);
  g_assert_cmpint(g_unlink(path), ==, 0);
  for (int k = 0; k < MANY; k++) {
    g_autofree char *tensor = g_strdup_printf("x%02d", k);
    first_value(file, tensor);
  }
  g_assert_false(weight_file_read_f32(file, i, 0, 1, &x, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
}

static bool check_tensor(void *user, size_t item, unsigned thread) {
  (void)thread;
  WeightFile *file = user;
  float x[WIDTH];
  size_t i = item * 7 % MANY;
  if (!weight_file_read_f32(file, i, 0, WIDTH, x, NULL)) return false;
  for (int k = 0; k < WIDTH; k++)
    if (x[k] != (float)i) return false;
  return true;
}

/* More parts than are kept open, read by several threads in mixed order. */
static void test_threads(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < MANY; i++) {
    g_autofree char *file = g_strdup_printf("net-%05d-of-%05d.safetensors", i + 1, MANY);
    g_autofree char *tensor = g_strdup_printf("t%02d", i);
    put_part(f, file, tensor, (float)i, NULL);
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = open_in(f, "net-00001-of-00020.safetensors", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(weight_file_count(file), ==, MANY);
  g_assert_true(parallel_for(400, 4, check_tensor, file, NULL));
}

/* Without an index the names count the parts; the first stands for all. */
static void test_by_name(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  put_part(f, "m-00000-of-00002.safetensors", "a", 1, NULL);
  put_part(f, "m-00001-of-00002.safetensors", "b", 2, NULL);
  g_autoptr(WeightFile) from_zero = open_in(f, "m-00000-of-00002.safetensors", &error);
  g_assert_no_error(error);
  g_assert_cmpfloat(first_value(from_zero, "b"), ==, 2);
  put_part(f, "n-00001-of-00003.safetensors", "a", 1, NULL);
  put_part(f, "n-00002-of-00003.safetensors", "a", 1, NULL);
  g_assert_null(open_in(f, "n-00001-of-00003.safetensors", &error));
  g_assert_nonnull(strstr(error->message, "1 of 3 shards is missing (the first: n-00003-of"));
  g_clear_error(&error);
  put_part(f, "n-00003-of-00003.safetensors", "c", 1, NULL);
  g_assert_null(open_in(f, "n-00001-of-00003.safetensors", &error));
  g_assert_nonnull(strstr(error->message, "tensor a appears twice"));
  g_clear_error(&error);
  g_autoptr(WeightFile) second = open_in(f, "n-00002-of-00003.safetensors", &error);
  g_assert_no_error(error); /* any other part is just itself */
  g_assert_cmpuint(weight_file_count(second), ==, 1);
  put_part(f, "f-1-of-2.safetensors", "a", 1, NULL);
  g_autoptr(WeightFile) fold = open_in(f, "f-1-of-2.safetensors", &error);
  g_assert_no_error(error); /* as folds are called: no part */
  g_assert_cmpuint(weight_file_count(fold), ==, 1);
  put_part(f, "q-00001-of-999999.safetensors", "a", 1, NULL);
  g_assert_null(open_in(f, "q-00001-of-999999.safetensors", &error));
  g_assert_nonnull(strstr(error->message, "more than 10,000 parts"));
}

static void test_names(void) {
  static const struct {
    const char *name, *whole;
    unsigned part, parts;
    bool padded;
  } parts[] = {{"model-00002-of-00003.safetensors", "model.safetensors", 2, 3, true},
               {"model-00001-of-000163.safetensors", "model.safetensors", 1, 163, true},
               {"pytorch_model_00001-of-00002.bin", "pytorch_model.bin", 1, 2, true},
               {"model.fp16-00001-of-00002.safetensors", "model.fp16.safetensors", 1, 2, true},
               {"model-1-of-61.safetensors", "model.safetensors", 1, 61, false},
               {"m-00000-of-00413.gguf", "m.gguf", 0, 413, true},
               {"a-00004-of-00003.bin", NULL, 0, 0, false},
               {"a-00000-of-00000.bin", NULL, 0, 0, false},
               {"-00001-of-00003.bin", NULL, 0, 0, false},
               {"a-00001-of-00003", NULL, 0, 0, false},
               {"a-0000001-of-00003.bin", NULL, 0, 0, false},
               {"a-x-of-3.bin", NULL, 0, 0, false},
               {"a00001-of-00003.bin", NULL, 0, 0, false},
               {"-of-3.bin", NULL, 0, 0, false},
               {"3.bin", NULL, 0, 0, false},
               {"", NULL, 0, 0, false}};
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
    ShardName n;
    bool is_part = shard_name_parse(parts[i].name, &n);
    g_autofree char *whole = shard_name_whole(parts[i].name);
    g_assert_cmpstr(whole, ==, parts[i].whole);
    g_assert_true(is_part == (whole != NULL));
    if (!is_part) continue;
    g_assert_cmpuint(n.part, ==, parts[i].part);
    g_assert_cmpuint(n.parts, ==, parts[i].parts);
    g_assert_true(n.padded == parts[i].padded);
    g_autofree char *same = shard_name_sibling(parts[i].name, &n, n.part);
    g_assert_cmpstr(same, ==, parts[i].name);
  }
}

static void test_index_names(void) {
  static const char *const names[][2] = {{"model.safetensors.index.json", "model.safetensors"},
                                         {"pytorch_model.bin.index.json", "pytorch_model.bin"},
                                         {"model.safetensors.index.fp16.json", "model.fp16.safetensors"},
                                         {"model_index.json", NULL},
                                         {"index.json", NULL},
                                         {".safetensors.index.json", NULL},
                                         {"model.safetensors.index.jsonl", NULL},
                                         {"model.txt.index.json", NULL}};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *whole = shard_index_whole(names[i][0]);
    g_assert_cmpstr(whole, ==, names[i][1]);
    g_autofree char *path = g_strconcat("some/folder-00001-of-00002.x/", names[i][0], NULL);
    g_assert_true(shards_stand_at(path) == (whole != NULL));
  }
  g_assert_true(shards_stand_at("a/m-00001-of-00002.gguf"));
  g_assert_false(shards_stand_at("m-00001-of-00001.gguf"));
  g_assert_false(shards_stand_at("m-00002-of-00002.gguf"));
}

int main(int argc, char **argv) {
  static const struct {
    const char *path;
    void (*run)(Fixture *f, gconstpointer unused);
  } tests[] = {{"/shards/index", test_index},         {"/shards/unmapped", test_unmapped},
               {"/shards/bad-index", test_bad_index}, {"/shards/missing", test_missing},
               {"/shards/replaced", test_replaced},   {"/shards/threads", test_threads},
               {"/shards/by-name", test_by_name}};
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
    g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  g_test_add_func("/shards/names", test_names);
  g_test_add_func("/shards/index-names", test_index_names);
  return g_test_run();
}
