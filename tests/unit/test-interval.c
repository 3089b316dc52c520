/* SPDX-License-Identifier: Apache-2.0 */
/* Intervals: against tables, against copies that are no evidence, and how often they hold what they were drawn from. */
#include <glib.h>
#include <math.h>
#include <stdbool.h>

#include "numerics/interval.h"
#include "numerics/rng.h"

static void assert_near(double x, double wanted, double within) { g_assert_cmpfloat(fabs(x - wanted), <, within); }

static void test_tables(void) {
  assert_near(interval_student_t(1), 12.7062, 1e-3);
  assert_near(interval_student_t(10), 2.22814, 1e-4);
  assert_near(interval_student_t(1000), 1.96234, 1e-4);
  assert_near(interval_beta_quantile(0.025, 8, 3), 0.443905, 1e-5);
  assert_near(interval_beta_quantile(0.975, 9, 2), 0.974789, 1e-5);
  assert_near(interval_beta_quantile(0.5, 3e4, 3e4), 0.5, 1e-6);
}

/* Of models that are independent it is Clopper and Pearson's, but for t in the place of the normal. */
static void test_independent(void) {
  double x[2000] = {0}, low, high;
  for (int i = 0; i < 1600; i++) x[i] = 1;
  interval_of_share(x, NULL, 2000, &low, &high);
  assert_near(low, 0.7818, 5e-4);
  assert_near(high, 0.8173, 5e-4);
  interval_of_mean(x, NULL, 2000, &low, &high);
  assert_near(low, 0.8 - 1.961 * 0.4 / sqrt(2000), 1e-4);
}

/* Two models of each label, right or wrong together, say what one of each says. */
static void test_copies(void) {
  double one[40], two[80], low, high, low2, high2;
  size_t label[80];
  for (size_t i = 0; i < 80; i++) two[i] = one[i / 2] = (i / 2) % 4 == 0, label[i] = 1000 + i / 2;
  for (int mean = 0; mean < 2; mean++) {
    (mean ? interval_of_mean : interval_of_share)(one, NULL, 40, &low, &high);
    (mean ? interval_of_mean : interval_of_share)(two, label, 80, &low2, &high2);
    assert_near(low, low2, 1e-9);
    assert_near(high, high2, 1e-9);
    (mean ? interval_of_mean : interval_of_share)(two, NULL, 80, &low2, &high2);
    g_assert_cmpfloat(high2 - low2, <, 0.8 * (high - low));
  }
}

static void test_corners(void) {
  double x[6] = {1, 1, 1, 1, 1, 1}, low, high;
  const size_t pairs[6] = {0, 0, 1, 1, 2, 2}, together[6] = {7, 7, 7, 7, 7, 7};
  interval_of_share(x, pairs, 6, &low, &high); /* of three labels, all right */
  assert_near(low, pow(0.025, 1.0 / 3), 1e-9);
  g_assert_cmpfloat(high, ==, 1);
  interval_of_share(x, together, 6, &low, &high);
  g_assert_true(low == 0 && high == 1);
  interval_of_mean(x, together, 6, &low, &high);
  g_assert_true(isinf(low) && isinf(high));
  interval_of_share(x, NULL, 0, &low, &high);
  g_assert_true(isnan(low) && isnan(high));
  x[0] = x[3] = 0; /* groups that agree with each other: six models are not more than six */
  interval_of_share(x, (const size_t[]){0, 0, 0, 1, 1, 1}, 6, &low, &high);
  g_assert_cmpfloat(high - low, >, 0.7);
}

/* How many of 500 intervals hold: of 9 labels with 3 models each, some labels easy and some not at all; and of 15
 * models, most of which are nearly all right and some of which are not. */
static unsigned count_held(bool labels) {
  enum { TRIALS = 500, MOST = 27 };
  Rng rng;
  unsigned held = 0;
  rng_init(&rng, 5, 0);
  for (int t = 0; t < TRIALS; t++) {
    double x[MOST], rate = 0, low, high, wanted = labels ? 0.5 : 0.9;
    size_t label[MOST], n = labels ? 27 : 15;
    for (size_t i = 0; i < n; i++) {
      double u = (double)rng_uniform(&rng);
      if (i % 3 == 0) rate = u * u < 0.25 ? 0.1 : 0.9;
      label[i] = i / 3;
      x[i] = labels ? (double)((double)rng_uniform(&rng) < rate) : 1 - 0.2 * -log(u + 1e-9) / 2;
      x[i] = fmax(x[i], 0);
    }
    interval_of_share(x, labels ? label : NULL, n, &low, &high);
    held += low <= wanted && wanted <= high;
  }
  return held;
}

static void test_holds(void) {
  g_assert_cmpuint(count_held(true), >=, 465);
  g_assert_cmpuint(count_held(false), >=, 465);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/interval/tables", test_tables);
  g_test_add_func("/interval/independent", test_independent);
  g_test_add_func("/interval/copies", test_copies);
  g_test_add_func("/interval/corners", test_corners);
  g_test_add_func("/interval/holds", test_holds);
  return g_test_run();
}
