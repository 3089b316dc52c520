/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of adapters of four families: what they are made for, what they say wrongly, which are the same, and what
 * they hang below. */
#include "core/files.h"
#include "tests/bench/adapter_answers.h"
#include "tests/bench/adapter_folder.h"
#include "tests/bench/adapter_score.h"

static void tell(const char *line) { g_test_message("%s", line); }

/* Each is given, at once; `make bench-adapters` says how soon on 2,000. */
static void check_answers(const char *root, const char *state, const char *one) {
  g_autoptr(GArray) answers = answers_ask(g_getenv("COPSE"), root, state, one);
  g_assert_nonnull(one);
  for (guint i = 0; i < answers->len; i++) {
    const Answer *a = &g_array_index(answers, Answer, i);
    g_test_message("%s: %.2f s, %.2f s of the processor", a->what, a->wall, a->processor);
    g_assert_true(a->done);
    g_assert_cmpfloat(a->processor, <, 2);
  }
}

/* In a copy of the folder; a PEFT adapter is a folder whose weights alone go. */
static void check_deletion(const char *top, const char *root, unsigned copies) {
  g_autofree char *copy = g_build_filename(top, "copy", NULL), *state = g_build_filename(top, "copy-state", NULL);
  g_autoptr(GError) error = NULL;
  Freed f;
  answers_delete_copies(g_getenv("COPSE"), root, copy, state, &f, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(f.paths, ==, copies);
  g_assert_cmpuint(f.freed, >, 0);
  g_assert_cmpuint(f.freed, ==, f.said);
}

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
  g_assert_cmpuint(s.kept_right, ==, s.twins);
  g_assert_true(adapter_score_is_clean(&s));
  check_answers(root, state, s.fitted);
  check_deletion(top, root, s.twins + ADAPTER_FOLDER_BASE_COPIES);
  g_assert_true(dir_remove(top, NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/adapter-folder/all", test_folder);
  return g_test_run();
}
