/* SPDX-License-Identifier: Apache-2.0 */
/* Collections of several folders, archives and files; and the folders in which tools keep models. */
#include <string.h>

#include "collection/disk_survey.h"
#include "collection/stores.h"
#include "collection/walk/places.h"
#include "commands/stores_ask.h"
#include "core/error.h"
#include "tests/unit/collection_fixture.h"

/* Opens `paths` (below the fixture's folder, ended by NULL) as one collection and scans it. */
static void open_all(Fixture *f, const char *const *paths) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GStrvBuilder) full = g_strv_builder_new();
  for (; *paths; paths++) {
    g_autofree char *path = g_build_filename(f->root, *paths, NULL);
    g_strv_builder_add(full, path);
  }
  g_auto(GStrv) all = g_strv_builder_end(full);
  const CollectionOptions o = {.state = f->state, .more = (const char *const *)all + 1};
  f->collection = collection_open(all[0], &o, &error);
  g_assert_no_error(error);
  scan(f);
}

static void test_folders(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "one/a.safetensors");
  put_full(f, "two/deep/b.safetensors");
  put_full(f, "three/c.safetensors");
  open_all(f, (const char *[]){"two", "one", "two/deep", NULL});
  g_assert_cmpstr(collection_root(f->collection), ==, f->root);
  g_assert_cmpuint(collection_places(f->collection)->len, ==, 2); /* two/deep lies in two */
  g_assert_cmpuint(f->models->len, ==, 2);
  model_at(f, "one/a.safetensors");
  model_at(f, "two/deep/b.safetensors");
}

/* The walk does not leave the places, nor does the survey of the disk. */
static void test_survey(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  put_full(f, "one/a.safetensors");
  put_full(f, "two/b.safetensors");
  put_text(f, "three/c.safetensors.incomplete", "cut");
  open_all(f, (const char *[]){"one", "two", NULL});
  g_autoptr(DiskSurvey) s = disk_survey_new(f->root, collection_places(f->collection), f->models, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(s->bytes[DISK_WEIGHTS], >, 0);
  g_assert_cmpuint(s->bytes[DISK_UNFINISHED], ==, 0);
  g_autoptr(DiskSurvey) whole = disk_survey_new(f->root, NULL, f->models, &error);
  g_assert_cmpuint(whole->bytes[DISK_UNFINISHED], >, 0);
}

static void test_file(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "a.safetensors");
  put_text(f, "a.json", "{\"description\": \"a red fox\"}");
  put_full(f, "b.safetensors");
  put_text(f, "cut.safetensors", "abc");
  put_full(f, "below/c.safetensors");
  open_all(f, (const char *[]){"a.safetensors", NULL});
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_cmpuint(f->skipped->len, ==, 0);
  g_assert_cmpstr(model_value(model_at(f, "a.safetensors"), "description"), ==, "a red fox");
}

/* A part brings the others with it; a name that says nothing is tried; what is no weight file is told of. */
static void test_odd_files(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "m/x-00001-of-00002.safetensors");
  put_lora(f, "m/x-00002-of-00002.safetensors", down, up, 2, NULL);
  put_full(f, "m/other.safetensors");
  put_full(f, "n/weights.anything");
  put_text(f, "n/notes.safetensors", "not at all");
  open_all(f, (const char *[]){"m/x-00002-of-00002.safetensors", "n/weights.anything", "n/notes.safetensors", NULL});
  g_assert_cmpuint(f->models->len, ==, 2);
  model_at(f, "n/weights.anything");
  expect_reason(f, "n/notes.safetensors", "a short text");
}

static void test_refused(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  const char *const none[] = {"/nowhere/at/all", NULL};
  const CollectionOptions o = {.state = f->state, .more = none};
  put_full(f, "a.safetensors");
  g_assert_null(collection_open(f->root, &o, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, "/nowhere/at/all"));
  g_clear_error(&error);
  g_assert_null(collection_open("/dev/null", &(CollectionOptions){.state = f->state}, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED);
}

/* One state belongs to one choice of folders, in whatever order they are named. */
static void test_identity(Fixture *f, gconstpointer unused) {
  (void)unused;
  Places ab, ba, a;
  put_full(f, "a/x.safetensors");
  put_full(f, "b/y.safetensors");
  g_autofree char *one = g_build_filename(f->root, "a", NULL), *two = g_build_filename(f->root, "b", NULL);
  g_assert_true(places_resolve(one, (const char *[]){two, NULL}, &ab, NULL));
  g_assert_true(places_resolve(two, (const char *[]){one, one, NULL}, &ba, NULL));
  g_assert_true(places_resolve(one, NULL, &a, NULL));
  g_assert_cmpstr(ab.identity, ==, ba.identity);
  g_assert_cmpstr(ab.identity, !=, a.identity);
  g_assert_null(a.list);
  g_assert_true(places_hold(ab.list, "a/x.safetensors"));
  g_assert_false(places_hold(ab.list, "ab"));
  g_assert_false(places_hold(ab.list, "c/x"));
  places_clear(&ab);
  places_clear(&ba);
  places_clear(&a);
}

static void test_stores(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "hf/hub/models--o--n/snapshots/abc/model.safetensors");
  put_full(f, "ollama/blobs/x.safetensors");
  g_autofree char *hf = g_build_filename(f->root, "hf", NULL), *hub = g_build_filename(hf, "hub", NULL);
  g_autofree char *ollama = g_build_filename(f->root, "ollama", NULL);
  g_setenv("HF_HOME", hf, TRUE);
  g_setenv("HF_HUB_CACHE", hub, TRUE); /* the same folder: listed once */
  g_setenv("OLLAMA_MODELS", ollama, TRUE);
  g_setenv("COMFYUI_PATH", "relative", TRUE);
  g_autoptr(GPtrArray) stores = stores_find();
  unsigned hubs = 0, others = 0;
  stores_measure(stores);
  for (guint i = 0; i < stores->len; i++) {
    const Store *s = stores->pdata[i];
    hubs += strcmp(s->path, hub) == 0 && s->bytes > 0;
    others += strcmp(s->path, ollama) == 0 && strcmp(s->tool, "Ollama") == 0;
    g_assert_true(g_path_is_absolute(s->path));
  }
  g_assert_cmpuint(hubs, ==, 1);
  g_assert_cmpuint(others, ==, 1);
  g_unsetenv("HF_HOME");
  g_unsetenv("HF_HUB_CACHE");
  g_unsetenv("OLLAMA_MODELS");
  g_unsetenv("COMFYUI_PATH");
}

static void expect_pick(const char *answer, const char *want) {
  Store stores[2] = {{"One", (char *)"/one", 0}, {"Two", (char *)"/two", 0}};
  g_autoptr(GPtrArray) list = g_ptr_array_new();
  for (int i = 0; i < 2; i++) g_ptr_array_add(list, &stores[i]);
  g_auto(GStrv) picked = stores_pick(list, answer);
  g_autofree char *got = picked ? g_strjoinv(" ", picked) : NULL;
  g_assert_cmpstr(got, ==, want);
}

static void test_pick(Fixture *f, gconstpointer unused) {
  (void)f;
  (void)unused;
  expect_pick("", ".");
  expect_pick("2", "/two");
  expect_pick("2, 1", "/two /one");
  expect_pick("a", "/one /two");
  expect_pick(". 1", ". /one");
  expect_pick("3", NULL);
  expect_pick("0", NULL);
  expect_pick("one", NULL);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/places", "folders", test_folders);
  add_test("/places", "survey", test_survey);
  add_test("/places", "file", test_file);
  add_test("/places", "odd-files", test_odd_files);
  add_test("/places", "refused", test_refused);
  add_test("/places", "identity", test_identity);
  add_test("/stores", "find", test_stores);
  add_test("/stores", "pick", test_pick);
  return g_test_run();
}
