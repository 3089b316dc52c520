/* SPDX-License-Identifier: Apache-2.0 */
/* Models found by what a user writes of them, and collections that cannot be opened. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "tests/unit/collection_fixture.h"

static void expect_found(const Fixture *f, const char *what, const char *path) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Model) m = collection_find(f->models, what, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(m->path, ==, path);
}

static void expect_lost(const Fixture *f, const char *what, const char *hint) {
  g_autoptr(GError) error = NULL;
  g_assert_null(collection_find(f->models, what, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, hint));
}

static void test_find(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *weights = "train/m1/pytorch_lora_weights.safetensors";
  put_lora(f, "train/m1/pytorch_lora_weights.safetensors", down, up, 2, NULL);
  put_lora(f, "test/m1/pytorch_lora_weights.safetensors", down, up, 2, NULL);
  put_lora(f, "red_fox.safetensors", down, up, 2, NULL);
  put_lora(f, "x/arctic.safetensors", down, up, 2, NULL);
  put_full(f, "x/vit/model.safetensors");
  put_text(f, "x/vit/config.json", "{}");
  scan(f);
  expect_found(f, weights, weights);
  expect_found(f, "./red_fox.safetensors", "red_fox.safetensors");
  expect_found(f, "red_fox", "red_fox.safetensors");
  expect_found(f, "x/vit/", "x/vit");
  expect_found(f, "vit", "x/vit");
  expect_found(f, "x/vit/model.safetensors", "x/vit");
  expect_found(f, "arctic.safetensors", "x/arctic.safetensors");
  expect_found(f, "tic.safetensors", "x/arctic.safetensors");
  g_autofree char *full = g_build_filename(f->root, weights, NULL);
  expect_found(f, full, weights);
  expect_lost(f, "m1", "could be any of 2");
  expect_lost(f, "red_fix", "did you mean red_fox.safetensors");
  expect_lost(f, "RED", "red_fox");
  expect_lost(f, "zebra crossing", "no model");
  expect_lost(f, "\x1b[2J", "no model \"\xef\xbf\xbd[2J\"");
}

static void test_open_errors(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) absent = NULL, file = NULL;
  g_autofree char *nowhere = g_build_filename(f->top, "nowhere", NULL);
  g_assert_null(collection_open(nowhere, NULL, &absent));
  g_assert_error(absent, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_assert_null(collection_open("/dev/null", NULL, &file));
  g_assert_error(file, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    FixtureTest run;
  } tests[] = {
      {"find", test_find},
      {"open-errors", test_open_errors},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) add_test("/collection", tests[i].name, tests[i].run);
  return g_test_run();
}
