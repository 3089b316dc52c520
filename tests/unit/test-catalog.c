/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog across scans: what is read again, what survives, and what damage does to it. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "tests/unit/collection_fixture.h"

static void test_rescan(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "a/model.safetensors");
  put_text(f, "a/config.json", "{}");
  put_lora(f, "b.safetensors", down, up, 2, NULL);
  put_text(f, "bad.safetensors", "\r\n");
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 3);
  gint64 id = model_at(f, "a")->id, other = model_at(f, "b.safetensors")->id;
  g_assert_cmpint(id, >, 0);
  close_collection(f);
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 0);
  g_assert_cmpuint(f->sum.unchanged, ==, 3);
  g_assert_cmpuint(f->models->len, ==, 2);
  g_assert_cmpuint(f->skipped->len, ==, 1);

  put_lora(f, "b.safetensors", down, up, 4, NULL);
  put_text(f, "a/README.md", "---\nlicense: mit\n---\n");
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 2);
  g_assert_cmpstr(model_value(model_at(f, "a"), "license"), ==, "mit");
  g_assert_cmpuint(model_at(f, "b.safetensors")->params, ==, 4 * (8 + 6));
  g_assert_cmpint(model_at(f, "a")->id, ==, id);
  g_assert_cmpint(model_at(f, "b.safetensors")->id, ==, other);

  g_autofree char *card = place(f, "a/README.md"), *b = place(f, "b.safetensors");
  g_autofree char *bad = place(f, "bad.safetensors");
  g_assert_cmpint(unlink(card) + unlink(b) + unlink(bad), ==, 0);
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 1);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_cmpuint(f->skipped->len, ==, 0);
  g_assert_null(model_fact(model_at(f, "a"), "license"));
}

static void test_cancel(Fixture *f, gconstpointer unused) {
  (void)unused;
  CancelToken token;
  const Progress progress = {.cancel = &token};
  g_autoptr(GError) error = NULL;
  put_full(f, "a.safetensors");
  scan(f);
  put_full(f, "b.safetensors");
  g_autofree char *a = place(f, "a.safetensors");
  unlink(a);
  cancel_token_init(&token);
  cancel_token_set(&token);
  g_assert_false(collection_scan(f->collection, &progress, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_CANCELLED);
  g_autoptr(GPtrArray) models = collection_models(f->collection, NULL);
  g_assert_cmpuint(models->len, ==, 1);
  g_assert_cmpstr(((Model *)models->pdata[0])->path, ==, "a.safetensors");
  scan(f);
  model_at(f, "b.safetensors");
}

static void test_values_and_trees(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) value = g_bytes_new_static("\0\x1b!", 3);
  put_full(f, "a.safetensors");
  put_full(f, "b.safetensors");
  scan(f);
  const int trees[] = {7, 3};
  g_assert_true(collection_store_trees(f->collection, f->models, trees, NULL));
  g_assert_true(collection_put(f->collection, "space", "key", value, NULL));
  close_collection(f);
  scan(f);
  g_assert_cmpint(model_at(f, "a.safetensors")->tree, ==, 7);
  g_assert_cmpint(model_at(f, "b.safetensors")->tree, ==, 3);
  g_autoptr(GBytes) back = collection_get(f->collection, "space", "key", NULL);
  g_assert_true(back && g_bytes_equal(back, value));
  g_autoptr(GError) error = NULL;
  g_assert_null(collection_get(f->collection, "other", "key", &error));
  g_assert_no_error(error);
}

static char *database_path(const Fixture *f) { return g_build_filename(f->state, "catalog.db", NULL); }

/* Overwrites the catalog in some way; the next scan must come out the same. */
static void expect_rebuilt(Fixture *f) {
  g_autofree char *aside = g_build_filename(f->state, "catalog.db.aside-1", NULL);
  close_collection(f);
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 1);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_true(g_file_test(aside, G_FILE_TEST_EXISTS));
  g_assert_cmpint(unlink(aside), ==, 0);
}

static void test_damage(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *path = database_path(f), *bytes = NULL;
  gsize n;
  put_full(f, "a.safetensors");
  scan(f);
  close_collection(f);
  g_assert_true(g_file_set_contents(path, "this is no database at all, not even nearly", -1, NULL));
  expect_rebuilt(f);
  close_collection(f);
  g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
  memset(bytes + 4096, 0xa5, n - 4096); /* the header is whole, the tables are not */
  g_assert_true(g_file_set_contents(path, bytes, (gssize)n, NULL));
  expect_rebuilt(f);
}

static void change_database(const Fixture *f, const char *sql) {
  g_autofree char *path = database_path(f);
  sqlite3 *db;
  g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(db);
}

static void test_other_versions(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "a.safetensors");
  scan(f);
  close_collection(f);
  change_database(f, "PRAGMA user_version = 0");
  expect_rebuilt(f);
  close_collection(f);
  change_database(f, "DROP TABLE facts");
  expect_rebuilt(f);
  close_collection(f);
  /* Stamps left by readers that knew less: read again, but the model keeps its row. */
  scan(f);
  gint64 id = model_at(f, "a.safetensors")->id;
  close_collection(f);
  change_database(f, "UPDATE kv SET value = x'00000000' WHERE space = 'catalog'");
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 1);
  g_assert_cmpint(model_at(f, "a.safetensors")->id, ==, id);
  /* Strings and numbers that no scan stores. */
  close_collection(f);
  change_database(f, "UPDATE models SET name = 'x' || char(27), kind = 99, dtypes = 'F32:1 ?:9'");
  scan(f);
  g_assert_cmpstr(model_at(f, "a.safetensors")->name, ==, "x\xef\xbf\xbd");
  g_assert_cmpint(model_at(f, "a.safetensors")->kind, ==, MODEL_OTHER);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Names and modification times of what a folder holds. The caller frees it. */
static char *listing(const char *folder) {
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  GDir *dir = g_dir_open(folder, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    GStatBuf st;
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_ptr_array_add(lines, g_strdup_printf("%s %ld.%09ld", name, (long)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec));
  }
  if (dir) g_dir_close(dir);
  g_ptr_array_sort(lines, by_text);
  g_ptr_array_add(lines, NULL);
  return g_strjoinv("\n", (char **)lines->pdata);
}

static void test_read_only(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "a.safetensors");
  open_collection(f, true);
  g_assert_null(collection_state(f->collection));
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_false(g_file_test(f->state, G_FILE_TEST_EXISTS));

  open_collection(f, false);
  g_assert_cmpstr(collection_state(f->collection), ==, f->state);
  scan(f);
  close_collection(f);
  put_full(f, "b.safetensors");
  g_autofree char *before = listing(f->state), *above = listing(f->top);
  open_collection(f, true);
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 1);
  g_assert_cmpuint(f->sum.unchanged, ==, 1);
  g_assert_cmpuint(f->models->len, ==, 2);
  g_autoptr(GBytes) value = g_bytes_new_static("v", 1);
  g_assert_true(collection_put(f->collection, "s", "k", value, NULL));
  g_autofree char *during = listing(f->state);
  close_collection(f);
  g_autofree char *after = listing(f->state), *above_after = listing(f->top);
  g_assert_cmpstr(before, ==, during);
  g_assert_cmpstr(before, ==, after);
  g_assert_cmpstr(above, ==, above_after);
}

/* While a writer has the catalog open, its newest rows are seen. */
static void test_read_only_beside_writer(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "a.safetensors");
  scan(f);
  const CollectionOptions options = {.state = f->state, .read_only = true};
  g_autoptr(Collection) reader = collection_open(f->root, &options, NULL);
  ScanSummary sum;
  g_assert_true(collection_scan(reader, NULL, &sum, NULL));
  g_assert_cmpuint(sum.read, ==, 0);
}

static void test_many(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < 600; i++) {
    g_autofree char *path = g_strdup_printf("%d/%03d.safetensors", i % 7, i);
    put_lora(f, path, down, up, 2, NULL);
  }
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 600);
  for (guint i = 1; i < f->models->len; i++) {
    const Model *a = f->models->pdata[i - 1], *b = f->models->pdata[i];
    g_assert_cmpint(strcmp(a->path, b->path), <, 0);
  }
  g_autofree char *folder = place(f, "3");
  g_assert_true(dir_remove(folder, NULL));
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 0);
  g_assert_cmpuint(f->models->len, ==, 600 - 86);
}

/* The default state is one private folder for each root, below XDG_STATE_HOME. */
static void test_default_state(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_setenv("XDG_STATE_HOME", f->state, TRUE);
  g_autoptr(Collection) c = collection_open(f->root, NULL, NULL);
  g_autofree char *prefix = g_build_filename(f->state, "copse", "models-", NULL);
  g_assert_true(g_str_has_prefix(collection_state(c), prefix));
  GStatBuf st;
  g_assert_cmpint(g_stat(collection_state(c), &st), ==, 0);
  g_assert_cmpint(st.st_mode & 0777, ==, 0700);
  g_unsetenv("XDG_STATE_HOME");
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    FixtureTest run;
  } tests[] = {
      {"rescan", test_rescan},
      {"cancel", test_cancel},
      {"values-and-trees", test_values_and_trees},
      {"damage", test_damage},
      {"other-versions", test_other_versions},
      {"read-only", test_read_only},
      {"read-only-beside-writer", test_read_only_beside_writer},
      {"many", test_many},
      {"default-state", test_default_state},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) add_test("/catalog", tests[i].name, tests[i].run);
  return g_test_run();
}
