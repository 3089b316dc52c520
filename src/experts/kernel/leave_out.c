/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/leave_out.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "core/error.h"

void kernel_eigen_free(KernelEigen *e) {
  if (!e) return;
  g_free(e->q);
  g_free(e->values);
  g_free(e->ones);
  g_free(e->rest);
  g_free(e->single);
  g_free(e);
}

/* From so many models on single precision decomposes, at twice the speed: its error, some millionths of the largest
 * value, is far below the smallest lambda. */
enum { MANY = 512 };

static bool decompose(KernelEigen *e, const float *k) {
  size_t n = e->n;
  lapack_int order = (lapack_int)n; /* column-major eigenvectors are the rows of q */
  if (n < MANY) {
    for (size_t i = 0; i < n * n; i++) e->q[i] = (double)k[i];
    return LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', order, e->q, order, e->values) == 0;
  }
  /* The room is reckoned here: asked for it, the solver answers in a float, which rounds it down from 2,900 models
   * on. */
  size_t room = 1 + 6 * n + 2 * n * n, whole = 3 + 5 * n;
  g_autofree float *values = g_new(float, n), *work = g_try_new(float, room);
  g_autofree lapack_int *indices = g_new(lapack_int, whole);
  e->single = g_try_new(float, n *n);
  if (!e->single || !work || room > G_MAXINT) return false;
  memcpy(e->single, k, n * n * sizeof *k);
  if (LAPACKE_ssyevd_work(LAPACK_COL_MAJOR, 'V', 'U', order, e->single, order, values, work, (lapack_int)room, indices,
                          (lapack_int)whole) != 0)
    return false;
  for (size_t i = 0; i < n * n; i++) e->q[i] = (double)e->single[i];
  for (size_t i = 0; i < n; i++) e->values[i] = (double)values[i];
  return true;
}

static void fill_ones(KernelEigen *e) {
  for (size_t r = 0; r < e->rank; r++) {
    e->values[r] = fmax(e->values[r], 0);
    for (size_t i = 0; i < e->n; i++) e->ones[r] += e->q[r * e->n + i];
  }
}

KernelEigen *kernel_eigen_new(const float *k, size_t n, GError **error) {
  g_autoptr(KernelEigen) e = g_new0(KernelEigen, 1);
  e->n = e->rank = n;
  e->q = n > 0 && n < 32768 ? g_try_new(double, n *n) : NULL;
  e->values = g_new0(double, n + 1);
  e->ones = g_new0(double, n + 1);
  if (!e->q) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO,
                "not enough memory for the kernel of %zu models: close other programs, or train fewer with --tree", n);
    return NULL;
  }
  if (!decompose(e, k)) {
    g_set_error_literal(
        error, COPSE_ERROR, COPSE_ERROR_STATE,
        "the kernel of the models cannot be decomposed: name a layer with --layer, or train --expert probex");
    return NULL;
  }
  fill_ones(e);
  return g_steal_pointer(&e);
}

/* Of the products of features as double columns: eigenvectors (rows of g) and values, ascending. */
static bool decompose_products(const float *f, size_t n, size_t m, double *g, double *values) {
  enum { ROWS = 1024 };
  g_autofree double *wide = g_new(double, (size_t)ROWS *m);
  memset(g, 0, m * m * sizeof *g);
  for (size_t from = 0; from < n; from += ROWS) {
    size_t rows = MIN((size_t)ROWS, n - from);
    for (size_t k = 0; k < rows * m; k++) wide[k] = (double)f[from * m + k];
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)m, (int)rows, 1, wide, (int)m, 1, g, (int)m);
  }
  return LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', (lapack_int)m, g, (lapack_int)m, values) == 0;
}

/* q = S^-1/2 V'F' of the directions that hold more than rounding. */
static bool take_directions(KernelEigen *e, const float *f, size_t m, const double *g, const double *values) {
  size_t first = 0, n = e->n;
  while (first < m && !(values[first] > 1e-6 * values[m - 1])) first++;
  e->rank = m - first;
  g_autofree float *v = g_new(float, e->rank *m + 1);
  e->q = g_try_new(double, e->rank *n + 1);
  e->single = g_try_new(float, e->rank *n + 1);
  if (!e->q || !e->single) return false;
  for (size_t r = 0; r < e->rank; r++) {
    e->values[r] = values[first + r];
    for (size_t j = 0; j < m; j++) v[r * m + j] = (float)(g[(first + r) * m + j] / sqrt(values[first + r]));
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)e->rank, (int)n, (int)m, 1, v, (int)m, f, (int)m, 0,
              e->single, (int)n);
  for (size_t i = 0; i < e->rank * n; i++) e->q[i] = (double)e->single[i];
  return true;
}

KernelEigen *kernel_eigen_of_features(const float *f, size_t n, size_t m, GError **error) {
  g_autoptr(KernelEigen) e = g_new0(KernelEigen, 1);
  g_autofree double *g = g_try_new(double, m *m + 1), *values = g_new0(double, m + 1);
  e->n = n;
  e->values = g_new0(double, m + 1);
  e->ones = g_new0(double, m + 1);
  if (!g || !decompose_products(f, n, m, g, values) || !take_directions(e, f, m, g, values)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE, "the kernel of %zu models cannot be decomposed by landmarks", n);
    return NULL;
  }
  fill_ones(e);
  e->rest = g_new(double, n + 1);
  for (size_t i = 0; i < n; i++) e->rest[i] = 1;
  for (size_t r = 0; r < e->rank; r++)
    for (size_t i = 0; i < n; i++) e->rest[i] -= e->ones[r] * e->q[r * n + i];
  return g_steal_pointer(&e);
}

/* out = q x, (rank, width) of (n, width); or back, q' x. */
static void turn(const KernelEigen *e, bool back, const double *x, size_t width, double *out) {
  size_t from_rows = back ? e->rank : e->n, to_rows = back ? e->n : e->rank;
  int n = (int)e->n, w = (int)width, rows = (int)to_rows, inner = (int)from_rows;
  CBLAS_TRANSPOSE way = back ? CblasTrans : CblasNoTrans;
  if (!e->single) {
    cblas_dgemm(CblasRowMajor, way, CblasNoTrans, rows, w, inner, 1, e->q, n, x, w, 0, out, w);
    return;
  }
  g_autofree float *from = g_new(float, from_rows *width + 1), *to = g_new(float, to_rows *width + 1);
  for (size_t i = 0; i < from_rows * width; i++) from[i] = (float)x[i];
  cblas_sgemm(CblasRowMajor, way, CblasNoTrans, rows, w, inner, 1, e->single, n, from, w, 0, to, w);
  for (size_t i = 0; i < to_rows * width; i++) out[i] = (double)to[i];
}

double *kernel_eigen_turn(const KernelEigen *e, const float *y, size_t width) {
  size_t behind = e->rest ? e->n * width : 0, front = e->rank * width;
  g_autofree double *wide = g_new(double, e->n *width + 1);
  double *turned = g_new0(double, front + behind + 1);
  for (size_t i = 0; i < e->n * width; i++) wide[i] = (double)y[i];
  turn(e, false, wide, width, turned);
  if (!behind) return turned;
  turn(e, true, turned, width, turned + front);
  for (size_t i = 0; i < behind; i++) turned[front + i] = wide[i] - turned[front + i];
  return turned;
}

/* What M has beyond the eigenvectors: 1 / lambda. */
static void fit_rest(const KernelEigen *e, KernelFit *f) {
  for (size_t i = 0; i < e->n; i++) f->m[i] += 1 / f->lambda;
  for (size_t r = 0; r < e->rank; r++)
    for (size_t i = 0; i < e->n; i++) f->m[i] -= e->q[r * e->n + i] * e->q[r * e->n + i] / f->lambda;
  for (size_t i = 0; i < e->n; i++) {
    f->u[i] += e->rest[i] / f->lambda;
    f->t += e->rest[i] * e->rest[i] / f->lambda;
  }
}

/* u, t and the diagonal of M. */
static void fit_frame(const KernelEigen *e, KernelFit *f) {
  size_t n = e->n;
  for (size_t r = 0; r < e->rank; r++) {
    double d = 1 / (e->values[r] + f->lambda);
    const double *q = e->q + r * n;
    for (size_t i = 0; i < n; i++) {
      f->u[i] += d * e->ones[r] * q[i];
      f->m[i] += d * q[i] * q[i];
    }
    f->t += d * e->ones[r] * e->ones[r];
  }
  if (e->rest) fit_rest(e, f);
}

/* b and a of what no eigenvector holds of the targets. */
static void fit_rest_targets(const KernelEigen *e, KernelFit *f, const double *rest) {
  for (size_t i = 0; i < e->n; i++)
    for (size_t j = 0; j < f->width; j++)
      f->a[i * f->width + j] += (rest[i * f->width + j] - e->rest[i] * f->b[j]) / f->lambda;
}

KernelFit *kernel_fit_new(const KernelEigen *e, const double *turned, size_t width, double lambda) {
  size_t n = e->n;
  KernelFit *f = g_new0(KernelFit, 1);
  *f = (KernelFit){.n = n, .width = width, .lambda = lambda};
  f->a = g_new0(double, n *width + 1);
  f->b = g_new0(double, width + 1);
  f->u = g_new0(double, n + 1);
  f->m = g_new0(double, n + 1);
  fit_frame(e, f);
  const double *rest = turned + e->rank * width;
  g_autofree double *c = g_new(double, e->rank *width + 1);
  for (size_t r = 0; r < e->rank; r++)
    for (size_t j = 0; j < width; j++) f->b[j] += e->ones[r] / (e->values[r] + lambda) * turned[r * width + j] / f->t;
  for (size_t i = 0; e->rest && i < n; i++)
    for (size_t j = 0; j < width; j++) f->b[j] += e->rest[i] / lambda * rest[i * width + j] / f->t;
  for (size_t r = 0; r < e->rank; r++)
    for (size_t j = 0; j < width; j++)
      c[r * width + j] = (turned[r * width + j] - e->ones[r] * f->b[j]) / (e->values[r] + lambda);
  turn(e, true, c, width, f->a);
  if (e->rest) fit_rest_targets(e, f, rest);
  return f;
}

void kernel_fit_free(KernelFit *f) {
  if (!f) return;
  g_free(f->a);
  g_free(f->b);
  g_free(f->u);
  g_free(f->m);
  g_free(f);
}

static void leave_one(const KernelFit *f, const float *y, size_t i, float *out) {
  double h = f->m[i] - f->u[i] * f->u[i] / f->t;
  for (size_t j = 0; j < f->width; j++) {
    size_t at = i * f->width + j;
    out[at] = (float)((double)y[at] - (h > 1e-300 ? f->a[at] / h : 0));
  }
}

void kernel_fit_leave_one_out(const KernelFit *f, const float *y, float *out) {
  for (size_t i = 0; i < f->n; i++) leave_one(f, y, i, out);
}

/* The models of each group one after another; start (groups + 1). */
static size_t *sort_by_group(const size_t *group, size_t n, size_t groups, size_t *start) {
  size_t *order = g_new(size_t, n + 1);
  memset(start, 0, (groups + 1) * sizeof *start);
  for (size_t i = 0; i < n; i++) start[group[i] + 1]++;
  for (size_t g = 0; g < groups; g++) start[g + 1] += start[g];
  g_autofree size_t *at = g_memdup2(start, (groups + 1) * sizeof *start);
  for (size_t i = 0; i < n; i++) order[at[group[i]]++] = i;
  return order;
}

/* H_gg (m, m) of the models in `members`. */
static double *group_block(const KernelEigen *e, const KernelFit *f, const size_t *members, size_t m) {
  size_t n = e->n;
  double rest = e->rest ? 1 / f->lambda : 0; /* M beyond the eigenvectors */
  g_autofree double *left = g_new(double, e->rank *m), *right = g_new(double, e->rank *m);
  double *h = g_new(double, m *m);
  for (size_t r = 0; r < e->rank; r++)
    for (size_t k = 0; k < m; k++) {
      right[r * m + k] = e->q[r * n + members[k]];
      left[r * m + k] = right[r * m + k] * (1 / (e->values[r] + f->lambda) - rest);
    }
  for (size_t k = 0; k < m; k++)
    for (size_t l = 0; l < m; l++) h[k * m + l] = (k == l ? rest : 0) - f->u[members[k]] * f->u[members[l]] / f->t;
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)m, (int)m, (int)e->rank, 1, left, (int)m, right, (int)m, 1,
              h, (int)m);
  return h;
}

static bool leave_out(const KernelEigen *e, const KernelFit *f, const float *y, const size_t *members, size_t m,
                      float *out) {
  size_t w = f->width;
  if (m == 1 && f->n > 1) return leave_one(f, y, members[0], out), true;
  g_autofree double *residual = g_new(double, m *w + 1), *h = NULL;
  for (size_t k = 0; k < m; k++) memcpy(residual + k * w, f->a + members[k] * w, w * sizeof *residual);
  bool whole = m == f->n; /* nothing is left to learn from: the mean is all there is */
  if (!whole) h = group_block(e, f, members, m);
  if (h && LAPACKE_dposv(LAPACK_ROW_MAJOR, 'U', (lapack_int)m, (lapack_int)w, h, (lapack_int)m, residual,
                         (lapack_int)w) != 0)
    return false;
  for (size_t k = 0; k < m; k++)
    for (size_t j = 0; j < w; j++) {
      size_t at = members[k] * w + j;
      out[at] = whole ? (float)f->b[j] : (float)((double)y[at] - residual[k * w + j]);
    }
  return true;
}

bool kernel_fit_leave_group_out(const KernelEigen *e, const KernelFit *f, const float *y, const size_t *group,
                                size_t groups, float *out, GError **error) {
  g_autofree size_t *start = g_new(size_t, groups + 1), *order = sort_by_group(group, f->n, groups, start);
  for (size_t g = 0; g < groups; g++) {
    size_t m = start[g + 1] - start[g];
    if (m == 0 || leave_out(e, f, y, order + start[g], m, out)) continue;
    g_set_error(
        error, COPSE_ERROR, COPSE_ERROR_STATE,
        "the errors of %zu models left out cannot be computed: name a layer with --layer, or train --expert probex", m);
    return false;
  }
  return true;
}
