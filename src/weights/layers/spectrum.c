/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/spectrum.h"

#include <lapacke.h>
#include <math.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"

/* Eigenvalues of a symmetric (n, n) matrix, ascending; with `vectors` s gets them as columns. */
static bool eigen(double *s, size_t n, bool vectors, double *values, GError **error) {
  lapack_int m = (lapack_int)n;
  for (size_t i = 0; i < n * n; i++)
    if (!isfinite(s[i])) {
      g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "its numbers hold NaN or infinity");
      return false;
    }
  if (n == 0 || LAPACKE_dsyevd(LAPACK_ROW_MAJOR, vectors ? 'V' : 'N', 'U', m, s, m, values) == 0) return true;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "its singular values cannot be computed");
  return false;
}

/* X X' or X' X, whichever is smaller, in double. */
static double *small_gram(const float *x, size_t rows, size_t columns, size_t *side) {
  bool wide = rows <= columns;
  size_t n = *side = wide ? rows : columns;
  g_autofree float *g = g_new0(float, (n * n) + 1);
  if (wide) gemm(false, true, n, n, columns, 1, x, columns, x, columns, 0, g, n);
  else gemm(true, false, n, n, rows, 1, x, columns, x, columns, 0, g, n);
  double *out = g_new(double, (n * n) + 1);
  for (size_t i = 0; i < n * n; i++) out[i] = (double)g[i];
  return out;
}

static Spectrum *from_gram(double *gram, size_t n, double scale, GError **error) {
  g_autofree double *values = g_new0(double, n + 1);
  if (!eigen(gram, n, false, values, error)) return NULL;
  Spectrum *s = g_new0(Spectrum, 1);
  s->values = g_new0(double, n + 1);
  s->n = s->full = n;
  for (size_t i = 0; i < n; i++) s->values[i] = fabs(scale) * sqrt(fmax(values[n - 1 - i], 0));
  return s;
}

static Spectrum *dense_exact(const float *x, size_t rows, size_t columns, GError **error) {
  size_t n;
  g_autofree double *gram = small_gram(x, rows, columns, &n);
  return from_gram(gram, n, 1, error);
}

/* Makes the columns of y (rows, k) orthonormal through the eigenvectors of Y'Y; directions that carry
 * nothing become zero. */
static bool orthonormal(float *y, size_t rows, size_t k, GError **error) {
  g_autofree float *t = g_new(float, (rows * k)), *w = g_new0(float, (k * k));
  g_autofree double *values = g_new0(double, k);
  g_autofree float *g = g_new0(float, (k * k));
  g_autofree double *gram = g_new(double, (k * k));
  gemm(true, false, k, k, rows, 1, y, k, y, k, 0, g, k);
  for (size_t i = 0; i < k * k; i++) gram[i] = (double)g[i];
  if (!eigen(gram, k, true, values, error)) return false;
  double least = values[k - 1] * 1e-10;
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < k; j++)
      w[i * k + j] = values[j] > least && values[j] > 0 ? (float)(gram[i * k + j] / sqrt(values[j])) : 0;
  gemm(false, false, rows, k, k, 1, y, k, w, k, 0, t, k);
  for (size_t i = 0; i < rows * k; i++) y[i] = t[i];
  return true;
}

/* The leading values by a random range finder with one power step (Halko, Martinsson, Tropp 2011):
 * Q = orth(X X' X Omega), sigma(X) ~ sigma(Q'X). */
static Spectrum *dense_leading(const float *x, size_t rows, size_t columns, GError **error) {
  size_t k = SPECTRUM_LEADING;
  Rng rng;
  rng_init(&rng, 1, 0);
  g_autofree float *omega = g_new(float, (columns * k)), *y = g_new(float, (rows * k));
  g_autofree float *b = g_new(float, (k * columns));
  rng_fill_normal(&rng, omega, columns * k, 1);
  gemm(false, false, rows, k, columns, 1, x, columns, omega, k, 0, y, k);
  if (!orthonormal(y, rows, k, error)) return NULL;
  gemm(true, false, columns, k, rows, 1, x, columns, y, k, 0, omega, k);
  gemm(false, false, rows, k, columns, 1, x, columns, omega, k, 0, y, k);
  if (!orthonormal(y, rows, k, error)) return NULL;
  gemm(true, false, k, columns, rows, 1, y, k, x, columns, 0, b, columns);
  Spectrum *s = dense_exact(b, k, columns, error);
  if (!s) return NULL;
  s->full = MIN(rows, columns);
  s->leading = true;
  return s;
}

/* s·B·A: sigma^2 are the eigenvalues of W'(AA')W with W W' = B'B. */
static Spectrum *low_rank(const Layer *l, GError **error) {
  size_t r = l->rank;
  g_autofree float *bb = g_new0(float, (r * r) + 1), *aa = g_new0(float, (r * r) + 1);
  g_autofree double *gram = g_new0(double, (r * r) + 1), *values = g_new0(double, r + 1);
  g_autofree double *half = g_new0(double, (r * r) + 1), *out = g_new0(double, (r * r) + 1);
  gemm(true, false, r, r, l->d_out, 1, l->b, r, l->b, r, 0, bb, r);
  gemm(false, true, r, r, l->d_in, 1, l->a, l->d_in, l->a, l->d_in, 0, aa, r);
  for (size_t i = 0; i < r * r; i++) gram[i] = (double)bb[i];
  if (!eigen(gram, r, true, values, error)) return NULL;
  for (size_t i = 0; i < r; i++) /* W = V diag(sqrt(lambda)) */
    for (size_t j = 0; j < r; j++) gram[i * r + j] *= sqrt(fmax(values[j], 0));
  for (size_t i = 0; i < r; i++)
    for (size_t j = 0; j < r; j++)
      for (size_t m = 0; m < r; m++) half[i * r + j] += (double)aa[i * r + m] * gram[m * r + j];
  for (size_t i = 0; i < r; i++)
    for (size_t j = 0; j < r; j++)
      for (size_t m = 0; m < r; m++) out[i * r + j] += gram[m * r + i] * half[m * r + j];
  return from_gram(out, r, (double)l->scale, error);
}

Spectrum *spectrum_new(const Layer *l, GError **error) {
  if (l->form == LAYER_LOW_RANK) return low_rank(l, error);
  if (MIN(l->d_out, l->d_in) > SPECTRUM_EXACT) return dense_leading(l->x, l->d_out, l->d_in, error);
  return dense_exact(l->x, l->d_out, l->d_in, error);
}

void spectrum_free(Spectrum *s) {
  if (!s) return;
  g_free(s->values);
  g_free(s);
}

size_t spectrum_rank(const Spectrum *s, double share) {
  size_t rank = 0;
  while (rank < s->n && s->values[rank] > share * s->values[0]) rank++;
  return rank;
}

double spectrum_stable_rank(const Spectrum *s) {
  double sum = 0;
  if (s->n == 0 || s->leading || s->values[0] <= 0) return NAN;
  for (size_t i = 0; i < s->n; i++) sum += s->values[i] * s->values[i];
  return sum / (s->values[0] * s->values[0]);
}
