/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "core/error.h"
#include "core/linalg.h"
#include "text/encoder.h"


static double similar(TextEncoder *e, const char *a, const char *b) {
  g_autofree float *x = g_new(float, text_encoder_dim(e)), *y = g_new(float, text_encoder_dim(e));
  g_assert_true(text_encoder_encode(e, a, x, NULL, NULL));
  g_assert_true(text_encoder_encode(e, b, y, NULL, NULL));
  return (double)dot(x, y, text_encoder_dim(e));
}

static void test_meaning(void) {
  g_autoptr(TextEncoder) e = text_encoder_open("words", NULL);
  g_assert_nonnull(e);
  g_assert_cmpuint(text_encoder_dim(e), ==, 100);
  g_assert_cmpfloat(similar(e, "king", "queen"), >, similar(e, "king", "carrot") + 0.3);
  g_assert_cmpfloat(similar(e, "a red star", "the RED star"), >, 0.95);
  g_assert_cmpfloat(fabs(similar(e, "red", "red") - 1), <, 1e-5);
  /* Small words count for little. */
  g_assert_cmpfloat(similar(e, "the fox of the wood", "fox wood"), >, 0.9);
}

static void test_unknown(void) {
  g_autoptr(TextEncoder) e = text_encoder_open("words", NULL);
  float x[100];
  g_auto(GStrv) unknown = NULL;
  g_autoptr(GError) error = NULL;
  g_assert_true(text_encoder_encode(e, "a blorgx fox-zzqy", x, &unknown, &error));
  g_assert_cmpuint(g_strv_length(unknown), ==, 2);
  g_assert_cmpstr(unknown[0], ==, "blorgx");
  g_assert_cmpstr(unknown[1], ==, "zzqy");
  g_assert_false(text_encoder_encode(e, "blorgx \xff 123", x, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_assert_true(x[0] == 0);
  g_clear_error(&error);
  g_assert_false(text_encoder_encode(e, "", x, NULL, &error));
  g_clear_error(&error);
  g_assert_null(text_encoder_open("nonsense", &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/words/meaning", test_meaning);
  g_test_add_func("/words/unknown", test_unknown);
  return g_test_run();
}
