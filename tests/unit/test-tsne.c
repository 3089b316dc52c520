/* SPDX-License-Identifier: Apache-2.0 */
/* A map that keeps neighbours together: groups stay apart, a seed gives the same map, a run can be ended. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "numerics/tsne.h"

enum { GROUPS = 12, EACH = 25, N = GROUPS * EACH, D = 40 };

/* Groups around directions of their own in many dimensions: two axes cannot show them. */
static float *groups_new(void) {
  float *x = g_new(float, N *D);
  float centre[GROUPS][D];
  Rng rng;
  rng_init(&rng, 7, 0);
  for (int g = 0; g < GROUPS; g++) rng_fill_normal(&rng, centre[g], D, 1);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < D; j++) x[i * D + j] = centre[i % GROUPS][j] + 0.35f * rng_normal(&rng);
  return x;
}

/* The first two coordinates: as good a start as any for a test. */
static void begin(const float *x, float *y) {
  for (int i = 0; i < N; i++) y[2 * i] = x[i * D], y[2 * i + 1] = x[i * D + 1];
}

/* Share of points whose nearest on the map is of their group. */
static double same_group(const float *y) {
  int right = 0;
  for (int i = 0; i < N; i++) {
    int best = -1;
    float least = INFINITY;
    for (int j = 0; j < N; j++) {
      float dx = y[2 * i] - y[2 * j], dy = y[2 * i + 1] - y[2 * j + 1];
      if (j != i && dx * dx + dy * dy < least) least = dx * dx + dy * dy, best = j;
    }
    right += best % GROUPS == i % GROUPS;
  }
  return (double)right / N;
}

static void test_groups(void) {
  g_autofree float *x = groups_new(), *y = g_new(float, 2 * N), *start = g_new(float, 2 * N);
  const TsneOptions options = TSNE_DEFAULTS;
  begin(x, y);
  memcpy(start, y, 2 * N * sizeof *y);
  double before = tsne_kept(x, N, D, y, 10, 0);
  g_assert_true(tsne_run(x, N, D, &options, y, NULL, NULL));
  double after = tsne_kept(x, N, D, y, 10, 0);
  g_test_message("kept %.3f before, %.3f after; nearest of the same group %.3f and %.3f", before, after,
                 same_group(start), same_group(y));
  g_assert_cmpfloat(same_group(start), <, 0.75);
  g_assert_cmpfloat(same_group(y), >, 0.99);
  g_assert_cmpfloat(after, >, 0.5);
  g_assert_cmpfloat(after, >, 2 * before);
  for (int i = 0; i < 2 * N; i++) g_assert_true(isfinite(y[i]));
}

static bool until(void *user, const float *y, unsigned done, unsigned iterations) {
  g_assert_nonnull(y);
  g_assert_cmpuint(iterations, ==, 60);
  return done < *(const unsigned *)user;
}

/* The same seed, the same map, number for number; ended where the step says. */
static void test_seed_and_end(void) {
  g_autofree float *x = groups_new(), *a = g_new(float, 2 * N), *b = g_new(float, 2 * N);
  TsneOptions options = {.perplexity = 10, .iterations = 60, .seed = 3};
  unsigned most = 1000, ten = 10;
  begin(x, a);
  begin(x, b);
  g_assert_true(tsne_run(x, N, D, &options, a, until, &most));
  g_assert_true(tsne_run(x, N, D, &options, b, until, &most));
  g_assert_cmpmem(a, 2 * N * sizeof *a, b, 2 * N * sizeof *b);
  options.seed = 4;
  begin(x, b);
  tsne_run(x, N, D, &options, b, until, &most);
  g_assert_true(memcmp(a, b, 2 * N * sizeof *a) != 0);
  begin(x, b);
  g_assert_false(tsne_run(x, N, D, &options, b, until, &ten));
}

/* More points than repel exactly; and hardly any, all the same, all zero. */
static void test_sizes(void) {
  enum { MANY = TSNE_EXACT + 500, WIDE = 3 };
  g_autofree float *x = g_new(float, MANY *WIDE), *y = g_new(float, 2 * MANY);
  TsneOptions options = {.perplexity = 5, .iterations = 2, .seed = 1};
  Rng rng;
  rng_init(&rng, 1, 0);
  rng_fill_normal(&rng, x, MANY * WIDE, 1);
  rng_fill_normal(&rng, y, 2 * MANY, 1);
  g_assert_true(tsne_run(x, MANY, WIDE, &options, y, NULL, NULL));
  for (int i = 0; i < 2 * MANY; i++) g_assert_true(isfinite(y[i]));
  options.iterations = 30;
  for (size_t n = 0; n < 12; n++) {
    memset(x, 0, n * WIDE * sizeof *x);
    memset(y, 0, 2 * n * sizeof *y);
    g_assert_true(tsne_run(x, n, WIDE, &options, y, NULL, NULL));
    for (size_t i = 0; i < 2 * n; i++) g_assert_true(isfinite(y[i]));
  }
  g_assert_true(isnan(tsne_kept(x, 5, WIDE, y, 10, 0)));
}

/* What is its own map keeps all; what is spread evenly over the rows gives about the same as all of them. */
static void test_kept(void) {
  g_autofree float *x = g_new(float, 2 * N);
  for (int i = 0; i < N; i++) x[2 * i] = cosf(0.01f * (float)i), x[2 * i + 1] = sinf(0.01f * (float)i);
  g_assert_cmpfloat(tsne_kept(x, N, 2, x, 6, 0), >, 0.98); /* ties apart */
  g_autofree float *groups = groups_new(), *y = g_new(float, 2 * N);
  begin(groups, y);
  double all = tsne_kept(groups, N, D, y, 10, 0), some = tsne_kept(groups, N, D, y, 10, 100);
  g_assert_cmpfloat(fabs(all - some), <, 0.05);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tsne/groups", test_groups);
  g_test_add_func("/tsne/seed-and-end", test_seed_and_end);
  g_test_add_func("/tsne/sizes", test_sizes);
  g_test_add_func("/tsne/kept", test_kept);
  return g_test_run();
}
