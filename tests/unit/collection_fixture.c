/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/collection_fixture.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"

static void set_up(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *made = g_dir_make_tmp("copse-test-XXXXXX", NULL);
  g_assert_nonnull(made);
  char *real = realpath(made, NULL);
  *f = (Fixture){.top = g_strdup(real)};
  free(real);
  f->root = g_build_filename(f->top, "models", NULL);
  f->state = g_build_filename(f->top, "state", NULL);
  g_assert_cmpint(g_mkdir(f->root, 0755), ==, 0);
}

void close_collection(Fixture *f) {
  g_clear_pointer(&f->models, g_ptr_array_unref);
  g_clear_pointer(&f->skipped, g_ptr_array_unref);
  g_clear_pointer(&f->collection, collection_free);
}

static void tear_down(Fixture *f, gconstpointer unused) {
  (void)unused;
  close_collection(f);
  g_assert_true(dir_remove(f->top, NULL));
  g_free(f->top);
  g_free(f->root);
  g_free(f->state);
}

/* The full path of a file in the collection, its folders made. The caller frees it. */
char *place(const Fixture *f, const char *path) {
  char *full = g_build_filename(f->root, path, NULL);
  g_autofree char *folder = g_path_get_dirname(full);
  g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
  return full;
}

void put_text(const Fixture *f, const char *path, const char *text) {
  g_autofree char *full = place(f, path);
  g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

void put_link(const Fixture *f, const char *path, const char *target) {
  g_autofree char *full = place(f, path);
  g_assert_cmpint(symlink(target, full), ==, 0);
}

const float numbers[4096];

const char down[] = "unet.q.lora.down.weight", up[] = "unet.q.lora.up.weight";

void put_tensors(const Fixture *f, const char *path, const TensorOut *tensors, size_t n, const char *const *metadata) {
  g_autofree char *full = place(f, path);
  g_autoptr(GError) error = NULL;
  g_assert_true(safetensors_write(full, tensors, n, metadata, &error));
  g_assert_no_error(error);
}

void put_full(const Fixture *f, const char *path) {
  const TensorOut tensors[] = {{.name = "fc.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {3, 4}, .data = numbers},
                               {.name = "fc.bias", .dtype = DTYPE_F16, .rank = 1, .shape = {3}, .data = numbers}};
  put_tensors(f, path, tensors, 2, NULL);
}

void put_lora(const Fixture *f, const char *path, const char *a, const char *b, uint64_t rank,
              const char *const *metadata) {
  const TensorOut tensors[] = {{.name = a, .dtype = DTYPE_F32, .rank = 2, .shape = {rank, 8}, .data = numbers},
                               {.name = b, .dtype = DTYPE_F32, .rank = 2, .shape = {6, rank}, .data = numbers}};
  put_tensors(f, path, tensors, 2, metadata);
}

void open_collection(Fixture *f, bool read_only) {
  const CollectionOptions options = {.state = f->state, .read_only = read_only, .threads = 2};
  g_autoptr(GError) error = NULL;
  close_collection(f);
  f->collection = collection_open(f->root, &options, &error);
  g_assert_no_error(error);
}

void scan(Fixture *f) {
  g_autoptr(GError) error = NULL;
  if (!f->collection) open_collection(f, false);
  g_clear_pointer(&f->models, g_ptr_array_unref);
  g_clear_pointer(&f->skipped, g_ptr_array_unref);
  collection_scan(f->collection, NULL, &f->sum, &error);
  g_assert_no_error(error);
  f->models = collection_models(f->collection, &error);
  g_assert_no_error(error);
  f->skipped = collection_skipped(f->collection, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(f->sum.models, ==, f->models->len);
  g_assert_cmpuint(f->sum.skipped, ==, f->skipped->len);
}

const Model *model_at(const Fixture *f, const char *path) {
  for (guint i = 0; i < f->models->len; i++) {
    const Model *m = f->models->pdata[i];
    if (strcmp(m->path, path) == 0) return m;
  }
  g_test_message("no model at %s", path);
  g_test_fail();
  abort();
}

const char *reason_at(const Fixture *f, const char *path) {
  for (guint i = 0; i < f->skipped->len; i++) {
    const Skipped *s = f->skipped->pdata[i];
    if (strcmp(s->path, path) == 0) return s->reason;
  }
  return "";
}

void expect_reason(const Fixture *f, const char *path, const char *word) {
  if (!strstr(reason_at(f, path), word)) g_error("%s: \"%s\" lacks \"%s\"", path, reason_at(f, path), word);
}

void add_test(const char *prefix, const char *name, FixtureTest run) {
  g_autofree char *path = g_strconcat(prefix, "/", name, NULL);
  g_test_add(path, Fixture, NULL, set_up, run, tear_down);
}
