/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in a folder: the sums are du's, and each file is of the kind it is. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collection/disk_survey.h"
#include "collection/superseded.h"
#include "collection/walk/hub_layout.h"
#include "tests/unit/collection_fixture.h"

static uint64_t du(const char *root) {
  g_autofree char *quoted = g_shell_quote(root), *out = NULL;
  g_autofree char *line = g_strconcat("du -s --block-size=1 ", quoted, NULL);
  g_assert_true(g_spawn_command_line_sync(line, &out, NULL, NULL, NULL));
  return g_ascii_strtoull(out, NULL, 10);
}

static void expect_paths(const DiskSurvey *s, DiskKind kind, const char *want) {
  g_autoptr(GString) all = g_string_new(NULL);
  for (guint i = 0; i < s->paths[kind]->len; i++)
    g_string_append_printf(all, "%s%s", i ? " " : "", (const char *)s->paths[kind]->pdata[i]);
  g_assert_cmpstr(all->str, ==, want);
}

#define REPO "models--org--fox/"

/* A repository of two revisions that share a blob, with a blob of neither and a download that was cut short. */
static void put_repository(const Fixture *f) {
  put_full(f, REPO "blobs/new");
  put_text(f, REPO "blobs/old", "an older card");
  put_text(f, REPO "blobs/both", "{\"model_type\": \"x\"}");
  put_text(f, REPO "blobs/nobody", "left behind");
  put_text(f, REPO "blobs/half.incomplete", "half");
  put_text(f, REPO "refs/main", "bbbb");
  put_link(f, REPO "snapshots/bbbb/model.safetensors", "../../blobs/new");
  put_link(f, REPO "snapshots/bbbb/config.json", "../../blobs/both");
  put_link(f, REPO "snapshots/aaaa/config.json", "../../blobs/both");
  put_link(f, REPO "snapshots/aaaa/README.md", "../../blobs/old");
}

static void test_kinds(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_repository(f);
  put_full(f, "own/fox.safetensors");
  put_text(f, "own/owl.safetensors.part", "half of an owl");
  put_text(f, "own/notes.md", "notes");
  g_autofree char *one = place(f, "own/fox.safetensors"), *two = place(f, "again/fox.safetensors");
  g_assert_cmpint(link(one, two), ==, 0);
  scan(f);
  g_autoptr(GError) error = NULL;
  g_autoptr(DiskSurvey) s = disk_survey_new(f->root, NULL, f->models, &error);
  g_assert_no_error(error);
  uint64_t sum = 0;
  for (int k = 0; k < DISK_KINDS; k++) sum += s->bytes[k];
  g_assert_cmpuint(sum, ==, du(f->root));
  expect_paths(s, DISK_UNFINISHED, REPO "blobs/half.incomplete own/owl.safetensors.part");
  expect_paths(s, DISK_OLD, REPO "blobs/old");
  expect_paths(s, DISK_ORPHANED, REPO "blobs/nobody");
  g_assert_cmpuint(s->bytes[DISK_WEIGHTS], >, 0);
}

static void test_nowhere(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *path = place(f, "not/there");
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  g_autoptr(GError) error = NULL;
  g_assert_null(disk_survey_new(path, NULL, none, &error));
  g_assert_nonnull(strstr(error->message, "cannot be entered"));
}

/* Of a run all steps but the last; of another run its own; a model that is no step stays out. */
static void test_superseded(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "run/checkpoint-100/model.safetensors");
  put_full(f, "run/checkpoint-1000/model.safetensors");
  put_full(f, "run/checkpoint-200/model.safetensors");
  put_full(f, "run/model.safetensors");
  put_full(f, "other/a-step50.safetensors");
  put_full(f, "other/a-step60.safetensors");
  put_full(f, "other/b-step40.safetensors");
  scan(f);
  g_autoptr(GPtrArray) found = superseded_models(f->models);
  g_autoptr(GString) paths = g_string_new(NULL);
  for (guint i = 0; i < found->len; i++) g_string_append_printf(paths, "%s ", ((const Model *)found->pdata[i])->file);
  g_assert_cmpstr(
      paths->str, ==,
      "other/a-step50.safetensors run/checkpoint-100/model.safetensors run/checkpoint-200/model.safetensors ");
}

/* The last repository on the way counts; what is no repository of models is none. */
static void test_hub_paths(void) {
  static const struct {
    const char *path, *snapshot, *repository;
    bool blob;
  } rows[] = {
      {"hub/models--o--n/snapshots/c1/model.safetensors", "hub/models--o--n/snapshots/c1", "hub/models--o--n", false},
      {"models--o--n/snapshots/c1/sub/a", "models--o--n/snapshots/c1", "models--o--n", false},
      {"models--a--b/snapshots/1/models--o--n/snapshots/2/x", "models--a--b/snapshots/1/models--o--n/snapshots/2",
       "models--a--b/snapshots/1/models--o--n", false},
      {"models--o--n/snapshots/c1", NULL, NULL, false},
      {"datasets--o--n/snapshots/c1/x", NULL, NULL, false},
      {"my/snapshots/c1/x", NULL, NULL, false},
      {"hub/models--o--n/blobs/ab", NULL, NULL, true},
      {"models--notes/of/blobs/ab", NULL, NULL, false},
      {"datasets--o--n/blobs/ab", NULL, NULL, false}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *repository = NULL, *snapshot = hub_snapshot_of_path(rows[i].path, &repository);
    g_assert_cmpstr(snapshot, ==, rows[i].snapshot);
    g_assert_cmpstr(repository, ==, rows[i].repository);
    g_assert_cmpint(hub_is_blob(rows[i].path), ==, rows[i].blob);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/disk-survey", "kinds", test_kinds);
  add_test("/disk-survey", "nowhere", test_nowhere);
  add_test("/disk", "superseded", test_superseded);
  g_test_add_func("/disk/hub-paths", test_hub_paths);
  return g_test_run();
}
