/* SPDX-License-Identifier: Apache-2.0 */
/* The one reader of training steps: names, folders, patterns. */
#include <glib.h>
#include <string.h>

#include "collection/walk/training_run.h"

static void test_names(void) {
  static const struct {
    const char *name;
    gint64 step; /* -1: no step */
  } cases[] = {{"checkpoint-500", 500},
               {"Checkpoint-2", 2},
               {"step_200", 200},
               {"epoch-2", 2},
               {"ckpt7", 7},
               {"iter=9", 9},
               {"steps-10", 10},
               {"checkpoint", -1},
               {"step-", -1},
               {"step-2a", -1},
               {"footstep-2", -1},
               {"v2-step-3", -1},
               {"step--2", -1},
               {"model-2", -1},
               {"", -1},
               {"12", -1},
               {"step-999999999999999999", 999999999999999999},
               {"step-1000000000000000000", -1}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    uint64_t step = 0;
    bool is = training_run_is_step(cases[i].name, &step);
    g_test_message("%s", cases[i].name);
    g_assert_cmpint(is ? (gint64)step : -1, ==, cases[i].step);
  }
}

/* Scan's folders and lineage's patterns agree on the step of every folder that is one. */
static void test_agreement(void) {
  static const char *const folders[] = {"epoch-2", "step_2", "Checkpoint-2", "iter=2", "CKPT2"};
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
    g_autofree char *path = g_strconcat("runs/a/", folders[i], "/model.safetensors", NULL), *run = NULL,
                    *pattern = NULL;
    uint64_t one = 0, other = 1;
    g_assert_true(training_run_of_path(path, &run, &one));
    g_assert_true(training_run_pattern(path, &pattern, &other));
    g_assert_cmpstr(run, ==, "runs/a");
    g_assert_cmpuint(one, ==, 2);
    g_assert_cmpuint(other, ==, 2);
    g_assert_nonnull(strchr(pattern, '#'));
  }
}

static void test_last_folder(void) {
  g_autofree char *run = NULL, *root = NULL, *none = NULL;
  uint64_t step = 0;
  g_assert_true(training_run_of_path("epoch-1/step_20/v3/model.bin", &run, &step));
  g_assert_cmpstr(run, ==, "epoch-1");
  g_assert_cmpuint(step, ==, 20);
  g_assert_true(training_run_of_path("step-4", &root, &step));
  g_assert_cmpstr(root, ==, ".");
  g_assert_false(training_run_of_path("runs/model-2/x.bin", &none, &step));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/training-run/names", test_names);
  g_test_add_func("/training-run/agreement", test_agreement);
  g_test_add_func("/training-run/last-folder", test_last_folder);
  return g_test_run();
}
