/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "numerics/sorted.h"

static void test_ascending(void) {
  double x[] = {3, -1, 2, 2, -7.5};
  float y[] = {0.5F, -0.25F, 0};
  sort_doubles(x, G_N_ELEMENTS(x));
  sort_floats(y, G_N_ELEMENTS(y));
  for (size_t i = 1; i < G_N_ELEMENTS(x); i++) g_assert_cmpfloat(x[i - 1], <=, x[i]);
  for (size_t i = 1; i < G_N_ELEMENTS(y); i++) g_assert_cmpfloat(y[i - 1], <=, y[i]);
  g_assert_cmpfloat(x[0], ==, -7.5);
  g_assert_cmpfloat(y[2], ==, 0.5F);
}

static void test_quantile(void) {
  double x[] = {40, 10, 30, 20, 0};
  g_assert_cmpfloat(quantile(x, 5, 0), ==, 0);
  g_assert_cmpfloat(quantile(x, 5, 0.5), ==, 20);
  g_assert_cmpfloat(quantile(x, 5, 0.6), ==, 20);
  g_assert_cmpfloat(quantile(x, 5, 0.65), ==, 30);
  g_assert_cmpfloat(quantile(x, 5, 1), ==, 40);
  g_assert_cmpfloat(quantile(x, 1, 0.9), ==, 0);
  g_assert_cmpfloat(quantile(x, 0, 0.5), ==, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sorted/ascending", test_ascending);
  g_test_add_func("/sorted/quantile", test_quantile);
  return g_test_run();
}
