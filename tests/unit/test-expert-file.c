/* SPDX-License-Identifier: Apache-2.0 */
/* Another name for an expert's file, or no file. */
#include <glib/gstdio.h>

#include "core/error.h"
#include "experts/expert_file.h"

static Expert *expert_at(const char *folder, const char *name) {
  g_autofree char *file = g_strconcat(name, ".safetensors", NULL);
  Expert *e = expert_new();
  e->name = g_strdup(name);
  e->path = g_build_filename(folder, file, NULL);
  g_assert_true(g_file_set_contents(e->path, name, -1, NULL));
  return e;
}

static bool is_there(const char *folder, const char *file) {
  g_autofree char *path = g_build_filename(folder, file, NULL);
  return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_rename(void) {
  g_autofree char *folder = g_dir_make_tmp("copse-expert-XXXXXX", NULL);
  g_autoptr(Expert) a = expert_at(folder, "a");
  g_autoptr(Expert) b = expert_at(folder, "b");
  static const char *const wrong[] = {"b", "", ".", "..", "x/y", "../x", ".hidden", "two\nlines"};
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(expert_file_rename(a, wrong[i], &error));
    g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
    g_assert_true(is_there(folder, "a.safetensors"));
  }
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(b->path, &text, NULL, NULL)); /* nobody was written over */
  g_assert_cmpstr(text, ==, "b");
  g_autoptr(GError) error = NULL;
  g_assert_true(expert_file_rename(a, "a fox, v2", &error));
  g_assert_no_error(error);
  g_assert_true(is_there(folder, "a fox, v2.safetensors"));
  g_assert_false(is_there(folder, "a.safetensors"));
  g_assert_false(expert_file_rename(a, "again", &error)); /* it has gone from where it was read */
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_true(expert_file_remove(b, &error));
  g_assert_false(is_there(folder, "b.safetensors"));
  g_assert_false(expert_file_remove(b, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_autofree char *last = g_build_filename(folder, "a fox, v2.safetensors", NULL);
  g_assert_cmpint(g_remove(last) + g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/experts/file", test_rename);
  return g_test_run();
}
