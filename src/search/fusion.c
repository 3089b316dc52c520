/* SPDX-License-Identifier: Apache-2.0 */
#include "search/fusion.h"

#include <math.h>
#include <string.h>

#include "experts/task/label_source.h"
#include "numerics/linalg.h"

enum { MAX_LABELS = 64, MIN_HELD_OUT = 10, STEPS = 50 };

/* The steepest slope that is taken at its word: labels that separate perfectly have no bound. */
static const double MAX_SLOPE = 40, MIN_SLOPE = 1e-3;

/* Mean and spread of n numbers. */
static void moments(const float *x, size_t n, double *mean, double *spread) {
  double sum = 0, sum2 = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i];
  *mean = n ? sum / (double)n : 0;
  for (size_t i = 0; i < n; i++) sum2 += ((double)x[i] - *mean) * ((double)x[i] - *mean);
  *spread = n ? sqrt(sum2 / (double)n) + 1e-9 : 1;
}

/* One Newton step on the weighted log-likelihood of z with a little ridge on the slope. */
static void newton_step(const float *z, const bool *fits, size_t n, size_t positive, double *a, double *b) {
  double ga = -1e-3 * *a, gb = 0, haa = 1e-3, hab = 0, hbb = 1e-9;
  const double wp = 0.5 / (double)positive, wn = 0.5 / (double)(n - positive);
  for (size_t i = 0; i < n; i++) {
    double p = 1 / (1 + exp(-(*a * (double)z[i] + *b))), w = fits[i] ? wp : wn;
    double error = (fits[i] ? 1 : 0) - p, curve = w * p * (1 - p);
    ga += w * error * (double)z[i], gb += w * error;
    haa += curve * (double)z[i] * (double)z[i], hab += curve * (double)z[i], hbb += curve;
  }
  double det = haa * hbb - hab * hab;
  if (!(det > 0)) return;
  *a += CLAMP((hbb * ga - hab * gb) / det, -2, 2);
  *b += CLAMP((haa * gb - hab * ga) / det, -2, 2);
}

Fusion fusion_regress(const float *cosine, const bool *fits, size_t n) {
  double mean, spread, a = 1, b = 0;
  moments(cosine, n, &mean, &spread);
  g_autofree float *z = g_new(float, n + 1);
  size_t positive = 0;
  for (size_t i = 0; i < n; i++) {
    z[i] = (float)(((double)cosine[i] - mean) / spread);
    positive += fits[i];
  }
  if (positive == 0 || positive == n) return (Fusion){1 / spread, -mean / spread - 3, 0};
  for (int step = 0; step < STEPS; step++) newton_step(z, fits, n, positive, &a, &b);
  Fusion f = {CLAMP(a / spread, MIN_SLOPE, MAX_SLOPE), 0, (unsigned)positive};
  double middle = a > 1e-6 ? mean - b / a * spread : mean; /* where the odds are even */
  f.b = -f.a * middle;
  return f;
}

/* Some of the expert's labels, evenly over its list. Borrowed. */
static GPtrArray *some_labels(const Expert *x) {
  GPtrArray *labels = g_ptr_array_new();
  guint n = x->labels->len, step = n / MAX_LABELS + 1;
  for (guint i = 0; i < n; i += step) g_ptr_array_add(labels, x->labels->pdata[i]);
  return labels;
}

static bool is_held_out(const Model *m) {
  const char *split = model_split(m);
  return split && strcmp(split, "train") != 0;
}

static const char *label_of(const LabelSource *labels, const Model *m) {
  return labels ? label_source_first(labels, m) : NULL;
}

/* Which models to learn from: those held out when enough of them carry one of the labels. */
static bool use_held_out(const LabelSource *own_labels, const Representations *rep, const GPtrArray *labels) {
  unsigned n = 0;
  for (guint i = 0; i < rep->models->len; i++) {
    const Model *m = rep->models->pdata[i];
    const char *own = label_of(own_labels, m);
    n += own && is_held_out(m) && g_ptr_array_find_with_equal_func((GPtrArray *)labels, own, g_str_equal, NULL);
  }
  return n >= MIN_HELD_OUT;
}

bool fusion_fit(const Expert *x, TextEncoder *encoder, const Representations *rep, Fusion *fusion, GError **error) {
  g_autoptr(GPtrArray) labels = some_labels(x);
  size_t r_t = rep->width, n = labels->len;
  g_autofree float *mapped = g_new(float, (n * r_t) + 1);
  if (!expert_map_texts(x, encoder, (const char *const *)labels->pdata, n, mapped, NULL, error)) return false;
  LabelRequest source = {.source = x->label_key, .stop_words = x->stop_words, .min_count = x->min_count};
  g_autoptr(LabelSource) own_labels = x->label_key ? label_source_new(rep->models, &source, NULL) : NULL;
  bool held_out = use_held_out(own_labels, rep, labels);
  g_autoptr(GArray) cosines = g_array_new(FALSE, FALSE, sizeof(float));
  g_autoptr(GArray) fits = g_array_new(FALSE, FALSE, sizeof(bool));
  g_autofree float *row = g_new(float, n + 1);
  for (guint i = 0; i < rep->models->len; i++) {
    const Model *m = rep->models->pdata[i];
    const char *own = label_of(own_labels, m);
    if (held_out && !(own && is_held_out(m))) continue;
    gemm(false, true, 1, n, r_t, 1, rep->rows + i * r_t, r_t, mapped, r_t, 0, row, n);
    g_array_append_vals(cosines, row, (guint)n);
    for (size_t k = 0; k < n; k++) {
      bool fit = own && strcmp(own, labels->pdata[k]) == 0;
      g_array_append_val(fits, fit);
    }
  }
  *fusion =
      fusion_regress((const float *)(const void *)cosines->data, (const bool *)(const void *)fits->data, cosines->len);
  return true;
}
