/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/layer_figures.h"

#include <math.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"

/* Entries of s·B·A at drawn positions, each a product of one row and one column. */
static float *draw_entries(const Layer *l, size_t n) {
  Rng rng;
  float *out = g_new(float, n);
  rng_init(&rng, 1, l->rank);
  for (size_t i = 0; i < n; i++) {
    size_t row = rng_below(&rng, l->d_out), column = rng_below(&rng, l->d_in);
    double sum = 0;
    for (size_t k = 0; k < l->rank; k++) sum += (double)l->b[row * l->rank + k] * (double)l->a[k * l->d_in + column];
    out[i] = (float)(sum * (double)l->scale);
  }
  return out;
}

static bool moments(LayerFigures *f, const float *x, size_t n, GError **error) {
  double sum = 0, squares = 0;
  size_t zeros = 0;
  f->least = INFINITY, f->most = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    double v = (double)x[i];
    sum += v, squares += v * v;
    zeros += v == 0;
    f->least = fmin(f->least, v), f->most = fmax(f->most, v);
  }
  if (!isfinite(sum) || !isfinite(squares)) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "its numbers hold NaN or infinity");
    return false;
  }
  f->entries = n;
  f->mean = sum / (double)n;
  f->sd = sqrt(fmax(squares / (double)n - f->mean * f->mean, 0));
  f->zeros = (double)zeros / (double)n;
  f->low = fmax(f->least, f->mean - 5 * f->sd);
  f->high = fmin(f->most, f->mean + 5 * f->sd);
  return true;
}

static void fill_bins(LayerFigures *f, const float *x, size_t n) {
  double span = f->high - f->low;
  for (size_t i = 0; i < n; i++) {
    double at = span > 0 ? ((double)x[i] - f->low) / span : 0.5;
    if (at < 0 || at > 1) continue;
    f->bins[MIN((size_t)(at * FIGURE_BINS), (size_t)FIGURE_BINS - 1)]++;
  }
}

LayerFigures *layer_figures_new(const Layer *l, GError **error) {
  g_autoptr(LayerFigures) f = g_new0(LayerFigures, 1);
  f->sampled = l->form == LAYER_LOW_RANK;
  size_t n = f->sampled ? FIGURE_SAMPLES : l->d_out * l->d_in;
  if (l->d_out == 0 || l->d_in == 0) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "it holds no numbers");
    return NULL;
  }
  g_autofree float *drawn = f->sampled ? draw_entries(l, n) : NULL;
  const float *x = drawn ? drawn : l->x;
  if (!moments(f, x, n, error)) return NULL;
  fill_bins(f, x, n);
  f->norm = sqrt(layer_norm2(l));
  f->spectrum = spectrum_new(l, error);
  return f->spectrum ? g_steal_pointer(&f) : NULL;
}

void layer_figures_free(LayerFigures *f) {
  if (!f) return;
  spectrum_free(f->spectrum);
  g_free(f);
}

/* <X, P> of two low-rank layers: s t tr((B'C)(DA')') for X = sBA, P = tCD. */
static double low_rank_product(const Layer *x, const Layer *p) {
  size_t r = x->rank, q = p->rank;
  g_autofree float *bc = g_new0(float, (r * q) + 1), *ad = g_new0(float, (r * q) + 1);
  gemm(true, false, r, q, x->d_out, 1, x->b, r, p->b, q, 0, bc, q);
  gemm(false, true, r, q, x->d_in, 1, x->a, x->d_in, p->a, p->d_in, 0, ad, q);
  double sum = 0;
  for (size_t i = 0; i < r * q; i++) sum += (double)bc[i] * (double)ad[i];
  return sum * (double)x->scale * (double)p->scale;
}

double layer_distance(const Layer *x, const Layer *p) {
  double sum = 0;
  if (x->form != p->form || x->d_out != p->d_out || x->d_in != p->d_in) return NAN;
  if (x->form == LAYER_LOW_RANK) return sqrt(fmax(layer_norm2(x) + layer_norm2(p) - 2 * low_rank_product(x, p), 0));
  for (size_t i = 0; i < x->d_out * x->d_in; i++) {
    double d = (double)x->x[i] - (double)p->x[i];
    sum += d * d;
  }
  return sqrt(sum);
}

void layer_subtract(Layer *x, const Layer *p) {
  for (size_t i = 0; i < x->d_out * x->d_in; i++) x->x[i] -= p->x[i];
}

size_t layer_probe_rank(const Layer *l) {
  size_t k = MIN(MIN(l->d_out, l->d_in), (size_t)RANK_PROBES);
  Rng rng;
  rng_init(&rng, 1, 1);
  g_autofree float *omega = g_new(float, (l->d_in * k) + 1), *y = g_new0(float, (l->d_out * k) + 1);
  rng_fill_normal(&rng, omega, l->d_in * k, 1);
  gemm(false, false, l->d_out, k, l->d_in, 1, l->x, l->d_in, omega, k, 0, y, k);
  Layer probed = {.form = LAYER_DENSE, .d_out = l->d_out, .d_in = k, .scale = 1, .x = y};
  g_autoptr(Spectrum) s = spectrum_new(&probed, NULL);
  return s && s->n && s->values[0] > 0 ? spectrum_rank(s, 1e-3) : 0;
}
