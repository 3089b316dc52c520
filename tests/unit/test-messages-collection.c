/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a collection's files that are left out or cannot be looked at: the reason, the file, the layer. */
#include <math.h>
#include <string.h>

#include "collection/file_sum.h"
#include "core/error.h"
#include "lineage/diff/model_diff.h"
#include "tests/unit/archive_fixture.h"

/* A model in parts is left out while it is not whole, or where its parts cannot be told to be one. */
static void test_parts(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "p/model-00001-of-00003.safetensors");
  g_autoptr(GBytes) full = full_bytes(f);
  const Packed parts[] = {{"model-00001-of-00002.safetensors", full, 0, NULL},
                          {"model-00002-of-00002.safetensors", full, 0, NULL}};
  put_archive(f, "a.tar", "tar", parts, 2);
  scan(f);
  expect_reason(f, "p/model-00001-of-00003.safetensors", "a model in 3 parts, of which 1 is there");
  expect_reason(f, "a.tar!model-00001-of-00002.safetensors",
                "a model in 2 parts without an index, in an archive: unpack it");
}

static void test_figures(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const float x[12] = {1, 2, NAN};
  const TensorOut t = {.name = "l.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {4, 3}, .data = x};
  LayerFigures *own = NULL, *change = NULL;
  g_autoptr(GError) error = NULL;
  put_tensors(f, "a.safetensors", &t, 1, NULL);
  scan(f);
  const Model *m = model_at(f, "a.safetensors");
  g_assert_false(model_layer_figures(f->collection, NULL, m, "nope", &own, &change, &error));
  g_assert_nonnull(strstr(error->message, "/a.safetensors: there is no layer nope"));
  g_clear_error(&error);
  g_assert_false(model_layer_figures(f->collection, NULL, m, "l", &own, &change, &error));
  g_assert_nonnull(strstr(error->message, "/a.safetensors: layer l: its numbers hold NaN or infinity"));
  g_clear_error(&error);
  g_assert_null(file_sum(f->collection, "gone", NULL, &error));
  g_assert_cmpstr(error->message, ==, "gone: it is not there any more: scan again");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/messages/collection", "parts", test_parts);
  add_test("/messages/collection", "figures", test_figures);
  return g_test_run();
}
