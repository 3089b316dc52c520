/* SPDX-License-Identifier: Apache-2.0 */
/* Stars of fine-tunes of another domain: the base that is there is found, none is made up, and of siblings that were
 * trained alike nothing wrong is said for sure. */
#include <glib.h>
#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "numerics/linalg.h"
#include "tests/bench/lineage_wood.h"

static LineageScore score_of(const char *setting) {
  GError *error = NULL;
  g_autofree char *top = g_dir_make_tmp("copse-stars-XXXXXX", &error);
  const ForestOptions alone = {.ignore_cards = true};
  const PlantOptions options = {
      .kind = PLANT_STARS, .setting = setting, .trees = 1, .children = 6, .seed = 5, .threads = 2};
  LineageScore s;
  g_assert_no_error(error);
  g_assert_cmpuint(lineage_wood_measure(top, &options, &alone, 1, &s), ==, 7);
  g_assert_true(dir_remove(top, NULL));
  return s;
}

static void test_shifted(void) {
  LineageScore s = score_of("shifted");
  g_assert_cmpuint(s.directed.there, ==, 6);
  g_assert_cmpuint(s.directed.right, >=, 5);
  g_assert_cmpuint(s.missing.claimed, ==, 0);
}

static void test_alike(void) {
  LineageScore s = score_of("alike");
  g_assert_cmpuint(s.directed.there, ==, 6);
  g_assert_cmpuint(s.bin_edges[9], ==, s.bin_right[9]);
}

/* A setting that is none is refused, with the names of those that are. */
static void test_refused(void) {
  GError *error = NULL;
  PlantSummary summary;
  g_autofree char *top = g_dir_make_tmp("copse-stars-XXXXXX", NULL), *dir = g_build_filename(top, "wood", NULL);
  const PlantOptions unknown = {.kind = PLANT_STARS, .setting = "none"}, few = {.kind = PLANT_STARS, .children = 4};
  g_assert_false(plant(dir, &unknown, NULL, &summary, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
  g_assert_nonnull(strstr(error->message, "shifted"));
  g_clear_error(&error);
  g_assert_false(plant(dir, &few, NULL, &summary, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
  g_clear_error(&error);
  g_assert_true(dir_remove(top, NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(1);
  g_test_add_func("/stars/shifted", test_shifted);
  g_test_add_func("/stars/alike", test_alike);
  g_test_add_func("/stars/refused", test_refused);
  return g_test_run();
}
