/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of adapters of four families: what they are made for, what they say wrongly, which are the same, and what
 * they hang below. */
#include "core/files.h"
#include "tests/bench/adapter_score.h"

static void tell(const char *line) { g_test_message("%s", line); }

static void test_folder(void) {
  enum { ADAPTERS = 120 };
  g_autoptr(GError) error = NULL;
  g_autofree char *top = g_dir_make_tmp("copse-adapters-XXXXXX", NULL);
  g_autofree char *root = g_build_filename(top, "models", NULL), *state = g_build_filename(top, "state", NULL);
  g_autoptr(GPtrArray) planted = adapter_folder_plant(root, ADAPTERS, 7);
  AdapterScore s;
  adapter_score_folder(planted, root, state, tell, &s, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(s.adapters, ==, ADAPTERS);
  g_assert_cmpuint(s.missing, ==, 0);
  g_assert_cmpuint(s.false_family, ==, 0);
  g_assert_cmpuint(s.right, >, ADAPTERS * 3 / 4);
  g_assert_cmpuint(s.wrong, ==, adapter_folder_wrong(ADAPTERS));
  g_assert_cmpuint(s.flagged, ==, s.wrong);
  g_assert_cmpuint(s.invented, ==, 0);
  g_assert_cmpuint(s.twins, ==, adapter_folder_twins(ADAPTERS));
  g_assert_cmpuint(s.twins_found, ==, s.twins);
  g_assert_cmpuint(s.twins_invented, ==, 0);
  g_assert_cmpuint(s.based, >, 0);
  g_assert_cmpuint(s.ghosts, >, 0);
  g_assert_cmpuint(s.contradicted, ==, 0);
  g_assert_true(adapter_score_is_clean(&s));
  g_assert_true(dir_remove(top, NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/adapter-folder/all", test_folder);
  return g_test_run();
}
