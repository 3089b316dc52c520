/* SPDX-License-Identifier: Apache-2.0 */
/* Merges of two models and more, layer by layer: each method on numbers made by its published rule, and children
 * that are none. */
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lineage/recipe/element_mix.h"
#include "lineage/recipe/grid_noise.h"
#include "lineage/recipe/layer_mix.h"
#include "lineage/recipe/layer_span.h"
#include "numerics/rng.h"

enum { N = 4096 };
static const double single_epsilon = 6e-8, brain_epsilon = 1.0 / 512;

typedef struct {
  float o[N], a[N], b[N], d[N], c[N]; /* the base, three that moved from it, the child */
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
  rng_fill_normal(&rng, step, N, 0.03f);
  for (int i = 0; i < N; i++) w->d[i] = w->o[i] + step[i];
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
    w->b[i] = brain(w->b[i]), w->c[i] = brain(w->c[i]), w->d[i] = brain(w->d[i]);
  }
}

static void mix(Wood *w, double u, double v) {
  for (int i = 0; i < N; i++) w->c[i] = (float)(u * w->a[i] + v * w->b[i]);
}

static PlaneMix plane(const Wood *w, double epsilon) { return layer_mix_plane(w->c, w->a, w->b, N, epsilon, 0); }

static ElementMix elements_of(const Wood *w, const float *child, const float *a, const float *b, double epsilon) {
  Elements e = {.c = child, .o = w->o, .x = {a, b}, .parents = 2, .n = N, .epsilon = epsilon};
  return element_mix(&e);
}

static ElementMix elements(const Wood *w, double epsilon) { return elements_of(w, w->c, w->a, w->b, epsilon); }

static ElementMix elements_of_three(const Wood *w, double epsilon) {
  Elements e = {.c = w->c, .o = w->o, .x = {w->a, w->b, w->d}, .parents = 3, .n = N, .epsilon = epsilon};
  return element_mix(&e);
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
  g_assert_cmpfloat_with_epsilon(m.factor[0], 1, 0.02);
  g_assert_true(m.means);
  g_assert_cmpfloat_with_epsilon(m.weight[1], 0.5, 0.02);
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
    g_assert_cmpfloat_with_epsilon(m.factor[0], 1, 0.02);
    g_assert_cmpfloat_with_epsilon(m.factor[1], 0.8, 0.02);
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
    g_assert_cmpint(elements_of(w, w->a, w->c, w->b, single_epsilon).method, ==, ELEMENTS_NONE);
    wood_round(w);
    g_assert_cmpint(elements_of(w, w->a, w->c, w->b, brain_epsilon).method, ==, ELEMENTS_NONE);
  }
  g_assert_false(layer_mix_plane(w->c, w->a, w->a, N, single_epsilon, 0).fits);
}

/* ---- three parents ---- */

static const float *const *three_of(const Wood *w, const float **x) {
  x[0] = w->a, x[1] = w->b, x[2] = w->d;
  return x;
}

/* Trim each to half, elect the sign of the weighted sum, weighted mean of those that have it. */
static void merge_ties_of_three(Wood *w, const float *weight) {
  const float *x[3];
  three_of(w, x);
  float least[3];
  for (int k = 0; k < 3; k++) least[k] = median_change(x[k], w->o);
  for (int i = 0; i < N; i++) {
    float d[3], sum = 0, mean = 0, weights = 0;
    for (int k = 0; k < 3; k++) d[k] = x[k][i] - w->o[i], d[k] = fabsf(d[k]) < least[k] ? 0 : d[k];
    for (int k = 0; k < 3; k++) sum += weight[k] * d[k];
    for (int k = 0; k < 3; k++)
      if (d[k] * sum > 0) mean += weight[k] * d[k], weights += weight[k];
    w->c[i] = w->o[i] + (weights > 0 ? mean / weights : 0);
  }
}

/* Drop by chance, keeping p of each; rescale; with `elect` as TIES goes on, but summed. */
static void merge_dare_of_three(Wood *w, uint64_t seed, const float *weight, float p, bool elect) {
  const float *x[3];
  Rng rng;
  three_of(w, x);
  rng_init(&rng, seed, 2);
  for (int i = 0; i < N; i++) {
    float d[3], sum = 0, kept = 0;
    for (int k = 0; k < 3; k++) d[k] = rng_range(&rng, 0, 1) < p ? weight[k] / p * (x[k][i] - w->o[i]) : 0, sum += d[k];
    for (int k = 0; k < 3; k++) kept += !elect || d[k] * sum > 0 ? d[k] : 0;
    w->c[i] = w->o[i] + kept;
  }
}

static void test_ties_of_three(void) {
  static const float even[] = {1, 1, 1}, weighted[] = {0.5f, 0.3f, 0.2f};
  g_autofree Wood *w = g_new(Wood, 1);
  for (int k = 0; k < 2; k++) {
    const float *weight = k ? weighted : even;
    wood_fill(w, 30 + (uint64_t)k);
    merge_ties_of_three(w, weight);
    ElementMix m = elements_of_three(w, single_epsilon);
    g_assert_cmpint(m.method, ==, ELEMENTS_TIES);
    g_assert_true(m.means);
    for (int i = 0; i < 3; i++) g_assert_cmpfloat_with_epsilon(m.weight[i], (double)weight[i] / (k ? 1.0 : 3.0), 0.02);
    wood_round(w);
    g_assert_cmpint(elements_of_three(w, brain_epsilon).method, ==, ELEMENTS_TIES);
  }
}

static void test_dare_of_three(void) {
  static const float weight[] = {0.5f, 0.4f, 0.3f};
  g_autofree Wood *w = g_new(Wood, 1);
  for (int elect = 0; elect < 2; elect++) {
    wood_fill(w, 40 + (uint64_t)elect);
    merge_dare_of_three(w, 7, weight, 0.5f, elect);
    ElementMix m = elements_of_three(w, single_epsilon);
    g_assert_cmpint(m.method, ==, elect ? ELEMENTS_DARE_TIES : ELEMENTS_DARE);
    for (int i = 0; i < 3; i++) g_assert_cmpfloat_with_epsilon(m.factor[i], 2 * (double)weight[i], 0.02);
    wood_round(w);
    g_assert_cmpint(elements_of_three(w, brain_epsilon).method, ==, elect ? ELEMENTS_DARE_TIES : ELEMENTS_DARE);
  }
}

/* Large changes are kept rather than small ones, and each kept one is scaled by its own chance: of these parents, by no
 * rule that has one factor. */
static void test_unknown(void) {
  g_autofree Wood *w = g_new(Wood, 1);
  Rng rng;
  wood_fill(w, 50);
  rng_init(&rng, 8, 2);
  for (int i = 0; i < N; i++) {
    float sum = 0;
    for (int k = 0; k < 2; k++) {
      float d = (k ? w->b : w->a)[i] - w->o[i], p = 0.2f + fminf(0.6f, 8 * fabsf(d));
      sum += rng_range(&rng, 0, 1) < p ? 0.5f * d / p : 0;
    }
    w->c[i] = w->o[i] + sum;
  }
  g_assert_cmpint(elements(w, single_epsilon).method, ==, ELEMENTS_UNKNOWN);
  g_assert_cmpint(elements_of(w, w->c, w->a, w->d, single_epsilon).method, ==, ELEMENTS_NONE);
  g_assert_cmpint(elements_of(w, w->a, w->c, w->b, single_epsilon).method, ==, ELEMENTS_NONE);
}

/* Weights of three and their base, free in each layer; a model that takes no part gets none. */
static void test_span(void) {
  g_autofree Wood *w = g_new(Wood, 1);
  wood_fill(w, 60);
  const float *x[] = {w->a, w->b, w->d, w->o};
  SpanGram g;
  span_gram_take(&g, w->c, x, 4, N);
  SpanFit fit = span_fit(&g, 15, false);
  g_assert_cmpfloat(fit.rest2, >, 0.5 * fit.nearest2);
  for (int i = 0; i < N; i++) w->c[i] = 0.5f * w->a[i] + 0.4f * w->b[i] + 0.1f * w->o[i];
  span_gram_take(&g, w->c, x, 4, N);
  fit = span_fit(&g, 15, false);
  g_assert_cmpfloat(fit.rest2, <, 1e-10 * fit.nearest2);
  g_assert_cmpfloat_with_epsilon(fit.weight[0], 0.5, 1e-4);
  g_assert_cmpfloat_with_epsilon(fit.weight[2], 0, 1e-4);
  g_assert_cmpfloat_with_epsilon(fit.weight[3], 0.1, 1e-4);
  g_assert_cmpfloat(span_fit(&g, 7, false).rest2, >, 1e-3 * fit.nearest2);
  g_assert_cmpfloat_with_epsilon(span_cosine(&g, 3, 0, 1), 0, 0.1);
  for (int i = 0; i < N; i++) w->c[i] = 0.6f * w->a[i] + 0.6f * w->b[i];
  span_gram_take(&g, w->c, x, 4, N);
  fit = span_fit(&g, 3, true);
  g_assert_cmpfloat(fit.rest2, <, 1e-10 * fit.nearest2);
  g_assert_cmpfloat_with_epsilon(fit.weight[1], 0.6, 1e-4);
}

/* ---- known through a quantised copy ---- */

/* Groups of 32 to `levels` steps on each side. */
static void quantise(float *x, float levels) {
  for (int g = 0; g < N; g += 32) {
    float most = 0;
    for (int i = 0; i < 32; i++) most = fmaxf(most, fabsf(x[g + i]));
    for (int i = 0; i < 32; i++) x[g + i] = rintf(x[g + i] * levels / most) * most / levels;
  }
}

static void test_quantised(void) {
  static const float levels[] = {127, 7};
  g_autofree Wood *w = g_new(Wood, 1);
  float half[N], whole[N];
  for (int k = 0; k < 2; k++) {
    wood_fill(w, 70 + (uint64_t)k);
    mix(w, 0.6, 0.4);
    memcpy(whole, w->c, sizeof whole);
    quantise(w->c, levels[k]);
    double noise2 = grid_noise(w->c, N, 64, half), lost = 0;
    for (int i = 0; i < N; i++) lost += pow((double)w->c[i] - (double)whole[i], 2);
    g_assert_cmpfloat(noise2, >, 0.8 * lost);
    g_assert_cmpfloat(noise2, <, 1.7 * lost);
    g_assert_false(plane(w, single_epsilon).fits);
    PlaneMix m = layer_mix_plane(w->c, w->a, w->b, N, single_epsilon, noise2);
    g_assert_true(m.fits);
    g_assert_cmpfloat_with_epsilon(m.u, 0.6, k ? 0.05 : 0.01);
    /* A sibling's quantised copy, and one parent's own, are no merge. */
    g_assert_false(layer_mix_plane(w->c, w->a, w->d, N, single_epsilon, noise2).fits);
    memcpy(w->c, w->a, sizeof w->c);
    quantise(w->c, levels[k]);
    noise2 = grid_noise(w->c, N, 64, half);
    g_assert_false(layer_mix_plane(w->c, w->a, w->b, N, single_epsilon, noise2).fits);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/recipe/linear", test_linear);
  g_test_add_func("/recipe/slerp", test_slerp);
  g_test_add_func("/recipe/passthrough", test_passthrough);
  g_test_add_func("/recipe/ties", test_ties);
  g_test_add_func("/recipe/dare", test_dare);
  g_test_add_func("/recipe/none", test_none);
  g_test_add_func("/recipe/ties-of-three", test_ties_of_three);
  g_test_add_func("/recipe/dare-of-three", test_dare_of_three);
  g_test_add_func("/recipe/unknown", test_unknown);
  g_test_add_func("/recipe/span", test_span);
  g_test_add_func("/recipe/quantised", test_quantised);
  return g_test_run();
}
