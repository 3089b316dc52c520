/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/weights_fixture.h"

#include <glib/gstdio.h>

#include "weights/weight_open.h"

void weights_fixture_open(WeightsFixture *f, const TensorOut *tensors, size_t n, const char *const *metadata) {
  g_autoptr(GError) error = NULL;
  f->dir = g_dir_make_tmp("copse-weights-XXXXXX", NULL);
  f->path = g_build_filename(f->dir, "m.safetensors", NULL);
  g_assert_true(safetensors_write(f->path, tensors, n, metadata, &error));
  f->file = weight_file_open(f->path, &error);
  g_assert_no_error(error);
}

void weights_fixture_close(WeightsFixture *f) {
  weight_file_free(f->file);
  g_unlink(f->path);
  g_rmdir(f->dir);
  g_free(f->path);
  g_free(f->dir);
}
