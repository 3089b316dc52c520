/* SPDX-License-Identifier: Apache-2.0 */
/* Merges of two models, layer by layer: each method on numbers made by its published rule, and children
 * that are none. */
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lineage/recipe/layer_mix.h"
#include "numerics/rng.h"

enum { N = 4096 };
static const double single_epsilon = 6e-8, brain_epsilon = 1.0 / 512;

/* A base, two models that moved from it, and room for their child. */
typedef struct {
  float o[N], a[N], b[N], c[N];
} Wood;

static void wood_fill(Wood *w, uint64_t seed) {
  float step[N];
  Rng rng;
  rng_init(&rng, seed, 0);
  rng_fill_normal(&rng, w->o, N, 0.1f);
  rng_fill_normal(&rng, step, N, 0.03f);
  for (int i = 0; i < N; i++) w->a[i] = w->o[i] + step[i];
  rng_fill_normal(&rng, step, N, 0.03f);
  for (int i = 0; i < N; i++) w->b[i] = w->o[i] + step[i];
  rng_fill_normal(&rng, step, N, 0.03f);
  for (int i = 0; i < N; i++) w->c[i] = w->o[i] + step[i];
}

/* Rounded to bfloat16, to nearest. */
static float brain(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static void wood_round(Wood *w) {
  for (int i = 0; i < N; i++) {
    w->o[i] = brain(w->o[i]), w->a[i] = brain(w->a[i]);
    w->b[i] = brain(w->b[i]), w->c[i] = brain(w->c[i]);
  }
}

static void mix(Wood *w, double u, double v) {
  for (int i = 0; i < N; i++) w->c[i] = (float)(u * w->a[i] + v * w->b[i]);
}

static PlaneMix plane(const Wood *w, double epsilon) { return layer_mix_plane(w->c, w->a, w->b, N, epsilon); }

static ElementMix elements(const Wood *w, double epsilon) {
  return layer_mix_elements(w->c, w->o, w->a, w->b, N, epsilon);
}

static void test_linear(void) {
  g_autofree Wood *w = g_new(Wood, 1);
  wood_fill(w, 1);
  mix(w, 0.7, 0.3);
  PlaneMix m = plane(w, single_epsilon);
  g_assert_true(m.fits);
  g_assert_cmpfloat_with_epsilon(m.u, 0.7, 1e-5);
  g_assert_cmpfloat_with_epsilon(m.v, 0.3, 1e-5);
  wood_round(w);
  g_assert_true(plane(w, brain_epsilon).fits);
  g_assert_false(plane(w, single_epsilon).misfit == 0);
}

static void test_slerp(void) {
  g_autofree Wood *w = g_new(Wood, 1);
  wood_fill(w, 2);
  mix(w, 0.5, 0.5);
  double angle = plane(w, single_epsilon).angle, t = 0.35;
  mix(w, sin((1 - t) * angle) / sin(angle), sin(t * angle) / sin(angle));
  PlaneMix m = plane(w, single_epsilon);
  g_assert_true(m.fits);
  g_assert_cmpfloat_with_epsilon(m.slerp_t, t, 1e-3);
}

static void test_passthrough(void) {
  g_autofree Wood *w = g_new(Wood, 1);
  wood_fill(w, 3);
  memcpy(w->c, w->b, sizeof w->c);
  PlaneMix m = plane(w, single_epsilon);
  g_assert_true(m.fits);
  g_assert_cmpfloat(m.u, ==, 0);
  g_assert_cmpfloat(m.v, ==, 1);
}

static int by_size(const void *x, const void *y) {
  float a = *(const float *)x, b = *(const float *)y;
  return (a > b) - (a < b);
}

/* The size that half of the changes reach. */
static float median_change(const float *x, const float *o) {
  float sizes[N];
  for (int i = 0; i < N; i++) sizes[i] = fabsf(x[i] - o[i]);
  qsort(sizes, N, sizeof *sizes, by_size);
  return sizes[N / 2];
}

/* Trim to half, elect the sign, mean of those that agree. */
static void merge_ties(Wood *w) {
  float least_a = median_change(w->a, w->o), least_b = median_change(w->b, w->o);
  for (int i = 0; i < N; i++) {
    float da = w->a[i] - w->o[i], db = w->b[i] - w->o[i];
    if (fabsf(da) < least_a) da = 0;
    if (fabsf(db) < least_b) db = 0;
    if (da * db < 0) *(fabsf(da) < fabsf(db) ? &da : &db) = 0;
    w->c[i] = w->o[i] + (da + db) / (da != 0 && db != 0 ? 2 : 1);
  }
}

/* Each change dropped by chance with 1 - p, else divided by p, then weighted. */
static void merge_dare(Wood *w, uint64_t seed, float u, float v, float p) {
  Rng rng;
  float draw[2 * N];
  rng_init(&rng, seed, 1);
  rng_fill_normal(&rng, draw, 2 * N, 1);
  for (int i = 0; i < N; i++)
    w->c[i] =
        w->o[i] + (draw[i] > 0 ? u / p * (w->a[i] - w->o[i]) : 0) + (draw[N + i] > 0 ? v / p * (w->b[i] - w->o[i]) : 0);
}

static void expect_ties(const Wood *w, double epsilon) {
  ElementMix m = elements(w, epsilon);
  g_assert_cmpint(m.method, ==, ELEMENTS_TIES);
  g_assert_cmpfloat_with_epsilon(m.single[0], 1, 0.02);
  g_assert_cmpfloat_with_epsilon(m.both[1], 0.5, 0.02);
  g_assert_false(plane(w, epsilon).fits);
}

static void test_ties(void) {
  g_autofree Wood *w = g_new(Wood, 1);
  wood_fill(w, 4);
  merge_ties(w);
  expect_ties(w, single_epsilon);
  wood_round(w);
  expect_ties(w, brain_epsilon);
}

static void test_dare(void) {
  g_autofree Wood *w = g_new(Wood, 1);
  wood_fill(w, 5);
  merge_dare(w, 6, 0.5f, 0.4f, 0.5f);
  for (int rounded = 0; rounded < 2; rounded++) {
    ElementMix m = elements(w, rounded ? brain_epsilon : single_epsilon);
    g_assert_cmpint(m.method, ==, ELEMENTS_DARE);
    g_assert_cmpfloat_with_epsilon(m.single[0], 1, 0.02);
    g_assert_cmpfloat_with_epsilon(m.single[1], 0.8, 0.02);
    g_assert_cmpfloat_with_epsilon(m.density[0], 0.5, 0.05);
    wood_round(w);
  }
}

/* A sibling is no merge of two others, nor one of them the merge's; equal parents say nothing. */
static void test_none(void) {
  g_autofree Wood *w = g_new(Wood, 1);
  for (uint64_t seed = 10; seed < 20; seed++) {
    wood_fill(w, seed);
    g_assert_false(plane(w, single_epsilon).fits);
    g_assert_cmpint(elements(w, single_epsilon).method, ==, ELEMENTS_NONE);
    merge_ties(w);
    g_assert_cmpint(layer_mix_elements(w->a, w->o, w->c, w->b, N, single_epsilon).method, ==, ELEMENTS_NONE);
    wood_round(w);
    g_assert_cmpint(layer_mix_elements(w->a, w->o, w->c, w->b, N, brain_epsilon).method, ==, ELEMENTS_NONE);
  }
  g_assert_false(layer_mix_plane(w->c, w->a, w->a, N, single_epsilon).fits);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/recipe/linear", test_linear);
  g_test_add_func("/recipe/slerp", test_slerp);
  g_test_add_func("/recipe/passthrough", test_passthrough);
  g_test_add_func("/recipe/ties", test_ties);
  g_test_add_func("/recipe/dare", test_dare);
  g_test_add_func("/recipe/none", test_none);
  return g_test_run();
}
