/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/direction_fit.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "numerics/hash.h"
#include "numerics/linalg.h"

/* Parts that are left out in turn; rows up to which a layer is taken for a head; numbers of features
 * at most. */
enum { FOLDS = 5, HEAD_ROWS = 64, MOST_NUMBERS = 160 << 20 };

typedef struct {
  const KernelTarget *target;
  const float *features; /* (n, width) */
  size_t d, width;
  float *means;  /* (labels, width): of those with the label less those without */
  float *whiten; /* (d, d) */
  float *d_of;   /* (labels, d) */
} Fold;

/* A symmetric matrix from the upper half that a feature is. */
static void unpack(const float *packed, size_t d, float *out) {
  for (size_t i = 0; i < d; i++)
    for (size_t j = i; j < d; j++, packed++)
      out[i * d + j] = out[j * d + i] = i == j ? *packed : *packed / (float)G_SQRT2;
}

/* Weights that make the means of the models that are in: a row a label, and one of all. */
static float *mean_weights(const KernelTarget *t, const bool *in) {
  float *w = g_new0(float, (t->width + 1) * t->n + 1);
  for (size_t c = 0; c <= t->width; c++) {
    double with = 0, without = 0;
    for (size_t i = 0; i < t->n; i++) {
      bool has = c == t->width || t->y[i * t->width + c] > 0;
      if (in[i]) with += has, without += !has;
    }
    bool told = c == t->width || (with > 0 && without > 0); /* a label that all have, or none, has no direction */
    for (size_t i = 0; told && i < t->n; i++) {
      bool has = c == t->width || t->y[i * t->width + c] > 0;
      if (in[i]) w[c * t->n + i] = has ? (float)(1 / with) : (float)(-1 / without);
    }
  }
  return w;
}

/* whiten = (G + mean eigenvalue)^-½; g (d, d) is overwritten. */
static bool fill_whitener(float *g, size_t d, float *whiten) {
  g_autofree float *values = g_new(float, d), *scaled = g_new(float, d *d);
  lapack_int n = (lapack_int)d;
  if (LAPACKE_ssyevd(LAPACK_COL_MAJOR, 'V', 'U', n, g, n, values) != 0) return false;
  double mean = 0;
  for (size_t r = 0; r < d; r++) mean += fabs((double)values[r]) / (double)d;
  for (size_t r = 0; r < d; r++)
    for (size_t j = 0; j < d; j++)
      scaled[r * d + j] = (float)((double)g[r * d + j] / sqrt(fabs((double)values[r]) + mean + 1e-30));
  gemm(true, false, d, d, d, 1, scaled, d, g, d, 0, whiten, d);
  return true;
}

/* One label's direction; zero where it has none. */
static bool find_direction(void *user, size_t c, unsigned thread) {
  (void)thread;
  const Fold *f = user;
  size_t d = f->d;
  g_autofree float *m = g_new(float, d *d), *wm = g_new(float, d *d), *vector = g_new0(float, d);
  g_autofree float *values = g_new(float, d);
  g_autofree lapack_int *support = g_new(lapack_int, 2 * d);
  lapack_int n = (lapack_int)d, found = 0;
  unpack(f->means + c * f->width, d, m);
  gemm(false, false, d, d, d, 1, f->whiten, d, m, d, 0, wm, d);
  gemm(false, false, d, d, d, 1, wm, d, f->whiten, d, 0, m, d);
  bool ok =
      LAPACKE_ssyevr(LAPACK_COL_MAJOR, 'V', 'I', 'U', n, m, n, 0, 0, n, n, 0, &found, values, vector, n, support) == 0;
  for (size_t j = 0; ok && j < d; j++) f->d_of[c * d + j] = values[0] > 0 ? dot(f->whiten + j * d, vector, d) : 0;
  return ok;
}

/* Directions of the models that are in. */
static bool fit(Fold *f, const bool *in) {
  const KernelTarget *t = f->target;
  size_t labels = t->width, d = f->d;
  g_autofree float *weights = mean_weights(t, in), *g = g_new(float, d *d);
  gemm(false, false, labels + 1, f->width, t->n, 1, weights, t->n, f->features, f->width, 0, f->means, f->width);
  unpack(f->means + labels * f->width, d, g);
  if (!fill_whitener(g, d, f->whiten)) return false;
  unsigned threads = linalg_threads(); /* one each: the matrices are small */
  linalg_set_threads(1);
  bool ok = parallel_for(labels, threads, find_direction, f, NULL);
  linalg_set_threads(threads);
  return ok;
}

static size_t fold_of(const KernelTarget *t, size_t i) { return hash_mix(t->group ? t->group[i] : i) % FOLDS; }

/* out (n, labels): d_c' G d_c of the models of one fold, by what the others gave. */
static bool answer_fold(Fold *f, size_t fold, bool *in, float *forms, float *out) {
  const KernelTarget *t = f->target;
  for (size_t i = 0; i < t->n; i++) in[i] = fold_of(t, i) != fold;
  if (!fit(f, in)) return false;
  directions_forms(f->d_of, t->width, f->d, forms);
  for (size_t i = 0; i < t->n; i++)
    if (!in[i])
      gemm(false, true, 1, t->width, f->width, 1, f->features + i * f->width, f->width, forms, f->width, 0,
           out + i * t->width, t->width);
  return true;
}

/* Least squares of each label on the answers left out, which become what they predict. */
static void fit_lines(const KernelTarget *t, float *f, Directions *o) {
  for (size_t c = 0; c < t->width; c++) {
    double mf = 0, my = 0, ff = 0, fy = 0, n = (double)t->n;
    for (size_t i = 0; i < t->n; i++) {
      mf += (double)f[i * t->width + c] / n;
      my += (double)t->y[i * t->width + c] / n;
    }
    for (size_t i = 0; i < t->n; i++) {
      double x = (double)f[i * t->width + c] - mf;
      ff += x * x;
      fy += x * ((double)t->y[i * t->width + c] - my);
    }
    double gain = ff > 0 ? fmax(fy / ff, 0) : 0;
    o->gain[c] = (float)gain;
    o->offset[c] = (float)(my - gain * mf);
    for (size_t i = 0; i < t->n; i++) f[i * t->width + c] = o->gain[c] * f[i * t->width + c] + o->offset[c];
  }
}

static bool fit_all(Fold *f, Directions *o, float *left_out, const Progress *progress, GError **error) {
  const KernelTarget *t = f->target;
  g_autofree bool *in = g_new(bool, t->n + 1);
  g_autofree float *forms = g_new(float, t->width * f->width + 1);
  for (size_t fold = 0; fold < FOLDS; fold++)
    if (!progress_step(progress, "finding directions", fold, FOLDS + 1, error) ||
        !answer_fold(f, fold, in, forms, left_out))
      return false;
  fit_lines(t, left_out, o);
  for (size_t i = 0; i < t->n; i++) in[i] = true;
  f->d_of = o->d_of;
  return fit(f, in);
}

Directions *directions_fit(const KernelRows *rows, size_t layer, const KernelTarget *t, float *left_out,
                           const Progress *progress, GError **error) {
  size_t d = rows->d_in, width = d * (d + 1) / 2;
  if (rows->form != LAYER_DENSE || d > DIRECTIONS_WIDEST || t->n < 2 * FOLDS || t->n * width > MOST_NUMBERS ||
      (t->width + 1) * width > MOST_NUMBERS)
    return NULL;
  KernelView view = {SIDE_V, rows->d_out <= HEAD_ROWS ? 1 : 2};
  g_autoptr(Directions) o = directions_new(layer, view, t->width, d);
  size_t held = t->n * width;
  float *features = big_alloc(held, error);
  if (!features) return NULL;
  kernel_features(rows, view, 0, t->n, features);
  g_autofree float *means = g_new(float, (t->width + 1) * width), *whiten = g_new(float, d *d);
  g_autofree float *d_of = g_new0(float, t->width *d + 1);
  Fold f = {t, features, d, width, means, whiten, d_of};
  bool ok = fit_all(&f, o, left_out, progress, error);
  big_free(features, held);
  return ok ? g_steal_pointer(&o) : NULL;
}

/* --- mixing -------------------------------------------------------------------------------------------- */

/* r² of (1 - a) p + a q. */
static double mixed_r2(const KernelTarget *t, const float *p, const float *q, float a, float *scratch) {
  for (size_t k = 0; k < t->n * t->width; k++) scratch[k] = (1 - a) * p[k] + a * q[k];
  return kernel_target_r2(t, scratch);
}

void directions_mix(const KernelTarget *t, float *p, float *const *all, size_t n_all, float *share, float *own) {
  static const float shares[] = {0.25f, 0.5f, 0.75f, 1};
  static const double least = 2e-3; /* what a further part must bring */
  g_autofree float *scratch = g_new(float, t->n * t->width + 1);
  memset(share, 0, n_all * sizeof *share);
  *own = 1;
  for (size_t round = 0; round < n_all; round++) {
    double most = kernel_target_r2(t, p) + least;
    size_t best = n_all;
    float by = 0;
    for (size_t l = 0; l < n_all; l++)
      for (size_t s = 0; s < G_N_ELEMENTS(shares); s++) {
        double r2 = mixed_r2(t, p, all[l], shares[s], scratch);
        if (r2 > most) most = r2, best = l, by = shares[s];
      }
    if (best == n_all) return;
    mixed_r2(t, p, all[best], by, scratch);
    memcpy(p, scratch, t->n * t->width * sizeof *p);
    *own *= 1 - by;
    for (size_t l = 0; l < n_all; l++) share[l] *= 1 - by;
    share[best] += by;
  }
}
