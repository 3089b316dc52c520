/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of layers: singular values, histograms, distances, against what is known beforehand. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "weights/layers/layer_figures.h"

static Layer dense(size_t rows, size_t columns, uint64_t seed) {
  Layer l = {.form = LAYER_DENSE, .d_out = rows, .d_in = columns, .scale = 1};
  Rng rng;
  rng_init(&rng, seed, 0);
  l.x = g_new(float, (rows * columns));
  rng_fill_normal(&rng, l.x, rows * columns, 1);
  return l;
}

static Layer low_rank(size_t rows, size_t columns, size_t rank, float scale, uint64_t seed) {
  Layer l = {.form = LAYER_LOW_RANK, .d_out = rows, .d_in = columns, .rank = rank, .scale = scale};
  Rng rng;
  rng_init(&rng, seed, 1);
  l.b = g_new(float, (rows * rank));
  l.a = g_new(float, (rank * columns));
  rng_fill_normal(&rng, l.b, rows * rank, 1);
  rng_fill_normal(&rng, l.a, rank * columns, 1);
  return l;
}

/* What the engine never does: the product itself. */
static Layer multiplied(const Layer *l) {
  Layer d = {.form = LAYER_DENSE, .d_out = l->d_out, .d_in = l->d_in, .scale = 1};
  d.x = g_new0(float, l->d_out * l->d_in);
  gemm(false, false, l->d_out, l->d_in, l->rank, l->scale, l->b, l->rank, l->a, l->d_in, 0, d.x, l->d_in);
  return d;
}

static void assert_near(double x, double y, double tolerance) {
  if (fabs(x - y) > tolerance * fmax(fabs(y), 1e-9)) g_test_message("%g is not %g", x, y);
  g_assert_cmpfloat(fabs(x - y), <=, tolerance * fmax(fabs(y), 1e-9));
}

static void test_diagonal(void) {
  Layer l = {.form = LAYER_DENSE, .d_out = 3, .d_in = 4, .scale = 1};
  l.x = g_new0(float, 12);
  l.x[0] = 2, l.x[5] = -5, l.x[10] = 1;
  g_autoptr(Spectrum) s = spectrum_new(&l, NULL);
  g_assert_nonnull(s);
  g_assert_cmpuint(s->n, ==, 3);
  assert_near(s->values[0], 5, 1e-6);
  assert_near(s->values[1], 2, 1e-6);
  assert_near(s->values[2], 1, 1e-6);
  g_assert_cmpuint(spectrum_rank(s, 0.3), ==, 2);
  assert_near(spectrum_stable_rank(s), 30.0 / 25, 1e-6);
  layer_clear(&l);
}

static void test_low_rank_is_never_multiplied(void) {
  Layer l = low_rank(40, 30, 5, 0.5f, 7), d = multiplied(&l);
  g_autoptr(Spectrum) small = spectrum_new(&l, NULL), full = spectrum_new(&d, NULL);
  g_assert_cmpuint(small->n, ==, 5);
  g_assert_cmpuint(full->n, ==, 30);
  for (size_t i = 0; i < 5; i++) assert_near(small->values[i], full->values[i], 1e-3);
  g_assert_cmpuint(spectrum_rank(full, 1e-3), ==, 5);
  g_assert_cmpuint(layer_probe_rank(&d), ==, 5);
  layer_clear(&l);
  layer_clear(&d);
}

/* A wide layer whose true singular values are those of its low-rank part, and little noise. */
static void test_leading_values(void) {
  Layer l = low_rank(SPECTRUM_EXACT + 20, SPECTRUM_EXACT + 4, 6, 1, 3), d = multiplied(&l);
  g_autoptr(Spectrum) small = spectrum_new(&l, NULL), leading = spectrum_new(&d, NULL);
  g_assert_true(leading->leading);
  g_assert_cmpuint(leading->n, ==, SPECTRUM_LEADING);
  g_assert_cmpuint(leading->full, ==, SPECTRUM_EXACT + 4);
  for (size_t i = 0; i < 6; i++) assert_near(leading->values[i], small->values[i], 1e-3);
  g_assert_true(isnan(spectrum_stable_rank(leading)));
  layer_clear(&l);
  layer_clear(&d);
}

static void test_not_finite(void) {
  Layer l = dense(4, 4, 1);
  l.x[3] = NAN;
  g_autoptr(GError) error = NULL;
  g_assert_null(layer_figures_new(&l, &error));
  g_assert_nonnull(error);
  layer_clear(&l);
}

static void test_histogram(void) {
  Layer l = dense(200, 100, 5);
  g_autoptr(LayerFigures) f = layer_figures_new(&l, NULL);
  unsigned counted = 0, middle = 0;
  for (int i = 0; i < FIGURE_BINS; i++) counted += f->bins[i];
  for (int i = FIGURE_BINS / 4; i < 3 * FIGURE_BINS / 4; i++) middle += f->bins[i];
  g_assert_cmpuint(counted, >, 19990);
  g_assert_cmpuint(middle, >, 18000);
  assert_near(f->sd, 1, 0.03);
  assert_near(f->norm, sqrt(20000), 0.03);
  g_assert_cmpfloat(f->zeros, ==, 0);
  layer_clear(&l);
}

static void test_constant(void) {
  Layer l = {.form = LAYER_DENSE, .d_out = 5, .d_in = 5, .scale = 1};
  l.x = g_new0(float, 25);
  g_autoptr(LayerFigures) f = layer_figures_new(&l, NULL);
  g_assert_nonnull(f);
  g_assert_cmpfloat(f->zeros, ==, 1);
  g_assert_cmpuint(layer_probe_rank(&l), ==, 0);
  g_assert_true(isnan(spectrum_stable_rank(f->spectrum)));
  layer_clear(&l);
}

static void test_sampled_histogram(void) {
  Layer l = low_rank(64, 48, 4, 0.25f, 9), d = multiplied(&l);
  g_autoptr(LayerFigures) drawn = layer_figures_new(&l, NULL), all = layer_figures_new(&d, NULL);
  g_assert_true(drawn->sampled);
  assert_near(drawn->sd, all->sd, 0.05);
  assert_near(drawn->norm, all->norm, 1e-3);
  layer_clear(&l);
  layer_clear(&d);
}

static void test_distances(void) {
  Layer a = low_rank(20, 15, 3, 1, 1), b = low_rank(20, 15, 2, 2, 2);
  Layer x = multiplied(&a), p = multiplied(&b);
  assert_near(layer_distance(&a, &b), layer_distance(&x, &p), 1e-4);
  g_assert_cmpfloat(layer_distance(&a, &a), <, 1e-2);
  g_assert_true(isnan(layer_distance(&a, &p)));
  layer_subtract(&x, &p);
  assert_near(sqrt(layer_norm2(&x)), layer_distance(&a, &b), 1e-4);
  g_assert_cmpuint(layer_probe_rank(&x), ==, 5);
  Layer *all[] = {&a, &b, &x, &p};
  for (int i = 0; i < 4; i++) layer_clear(all[i]);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/figures/diagonal", test_diagonal);
  g_test_add_func("/figures/low-rank", test_low_rank_is_never_multiplied);
  g_test_add_func("/figures/leading", test_leading_values);
  g_test_add_func("/figures/not-finite", test_not_finite);
  g_test_add_func("/figures/histogram", test_histogram);
  g_test_add_func("/figures/constant", test_constant);
  g_test_add_func("/figures/sampled", test_sampled_histogram);
  g_test_add_func("/figures/distances", test_distances);
  return g_test_run();
}
