/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel_gram.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/parallel.h"
#include "numerics/linalg.h"
#include "numerics/simd.h"

enum { BLOCK_FLOATS = 16 << 20, FEATURE_FLOATS = 64 << 20 };

/* --- adapters ------------------------------------------------------------------------------------ */

typedef struct {
  const KernelRows *a, *b;
  const KernelView *views;
  size_t n_views;
  float *const *out;
  size_t from, to;        /* models of a in this block */
  size_t column;          /* first row of b that the products have */
  const float *m, *n;     /* (rows of the block, rows of b from column on) */
  bool sides[SIDE_COUNT]; /* which products the views need: of u, of v */
  float **wa, **wb;       /* by view: s^p of a's and of b's rows */
} Fold;

/* s^p of every row, and each model's length under the view: sqrt of sum s^2p. */
static float *powers(const KernelRows *r, float p) {
  float *w = g_new(float, r->first[r->n] + 1);
  for (size_t i = 0; i < r->n; i++) {
    double sum = 0;
    for (size_t k = r->first[i]; k < r->first[i + 1]; k++) {
      w[k] = r->s[k] > 0 ? powf(r->s[k], p) : 0;
      sum += (double)w[k] * w[k];
    }
    for (size_t k = r->first[i]; k < r->first[i + 1]; k++) w[k] = sum > 0 ? (float)(w[k] / sqrt(sum)) : 0;
  }
  return w;
}

/* acc += w x y, number by number. */
VECTOR_LOOP static void add_products(float w, const float *restrict x, const float *restrict y, float *restrict acc,
                                     size_t n) {
  for (size_t k = 0; k < n; k++) acc[k] += w * x[k] * y[k];
}

/* sum_b w_b acc_b */
static double weighted(const float *w, const float *acc, size_t n) {
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += (double)(w[k] * acc[k]);
  return sum;
}

/* All pairs of model i with b's models, one view: whole rows at a time, which are read once and in order. acc: room for
 * a row. */
static void fold_view(const Fold *f, size_t i, size_t view, float *acc) {
  bool u = kernel_view_left_is_u(f->views[view]), v = kernel_view_right_is_v(f->views[view]);
  size_t columns = f->b->first[f->b->n] - f->column, base = f->a->first[f->from];
  size_t first = f->a == f->b ? i : 0, from = f->b->first[first] - f->column;
  const float *x = u ? f->m : f->n, *y = v ? f->n : f->m;
  memset(acc, 0, columns * sizeof *acc);
  for (size_t r = f->a->first[i]; r < f->a->first[i + 1]; r++) {
    size_t row = (r - base) * columns + from;
    if (f->wa[view][r] > 0) add_products(f->wa[view][r], x + row, y + row, acc + from, columns - from);
  }
  for (size_t j = first; j < f->b->n; j++) {
    size_t at = f->b->first[j] - f->column, k = f->b->first[j + 1] - f->b->first[j];
    float sum = (float)weighted(f->wb[view] + f->b->first[j], acc + at, k);
    f->out[view][i * f->b->n + j] = sum;
    if (f->a == f->b) f->out[view][j * f->b->n + i] = sum;
  }
}

static bool fold_model(void *user, size_t item, unsigned thread) {
  (void)thread;
  const Fold *f = user;
  g_autofree float *acc = g_new(float, f->b->first[f->b->n] - f->column + 1);
  for (size_t v = 0; v < f->n_views; v++) fold_view(f, f->from + item, v, acc);
  return true;
}

/* As many models of a as the room holds against all of b. */
static size_t block_end(const KernelRows *a, size_t from, size_t columns) {
  size_t to = from + 1;
  while (to < a->n && (a->first[to + 1] - a->first[from]) * columns <= BLOCK_FLOATS) to++;
  return to;
}

static bool one_block(Fold *f, float *m, float *n) {
  const KernelRows *a = f->a, *b = f->b;
  size_t rows = a->first[f->to] - a->first[f->from], columns = b->first[b->n] - f->column;
  size_t row = a->first[f->from];
  if (f->sides[SIDE_U])
    gemm(false, true, rows, columns, a->d_out, 1, a->u + row * a->d_out, a->d_out, b->u + f->column * a->d_out,
         a->d_out, 0, m, columns);
  if (f->sides[SIDE_V])
    gemm(false, true, rows, columns, a->d_in, 1, a->v + row * a->d_in, a->d_in, b->v + f->column * a->d_in, a->d_in, 0,
         n, columns);
  f->m = m;
  f->n = n;
  return parallel_for(f->to - f->from, linalg_threads(), fold_model, f, NULL);
}

static bool fold_all(Fold *f, const Progress *progress, GError **error) {
  size_t columns = f->b->first[f->b->n], widest = 1;
  for (size_t i = 0; i < f->a->n; i++) widest = MAX(widest, f->a->first[i + 1] - f->a->first[i]);
  size_t floats = MAX((size_t)BLOCK_FLOATS, widest * columns);
  float *m = big_alloc(floats, error), *n = m ? big_alloc(floats, error) : NULL;
  bool ok = n != NULL;
  for (f->from = 0; ok && f->from < f->a->n; f->from = f->to) {
    f->column = f->a == f->b ? f->b->first[f->from] : 0;
    f->to = block_end(f->a, f->from, MAX(columns - f->column, (size_t)1));
    ok = progress_step(progress, "comparing", f->from, f->a->n, error);
    if (ok && columns > f->column) one_block(f, m, n);
  }
  big_free(m, floats);
  big_free(n, floats);
  return ok;
}

static bool gram_low_rank(const KernelRows *a, const KernelRows *b, const KernelView *views, size_t n_views,
                          float *const *out, const Progress *progress, GError **error) {
  g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func(g_free);
  for (size_t v = 0; v < n_views; v++) g_ptr_array_add(held, powers(a, views[v].power));
  for (size_t v = 0; v < n_views; v++) g_ptr_array_add(held, powers(b, views[v].power));
  Fold f = {.a = a,
            .b = b,
            .views = views,
            .n_views = n_views,
            .out = out,
            .wa = (float **)held->pdata,
            .wb = (float **)held->pdata + n_views};
  for (size_t v = 0; v < n_views; v++) {
    f.sides[SIDE_U] |= kernel_view_left_is_u(views[v]);
    f.sides[SIDE_V] |= kernel_view_right_is_v(views[v]);
  }
  return fold_all(&f, progress, error);
}

/* --- dense layers ---------------------------------------------------------------------------------- */

size_t kernel_feature_width(const KernelRows *r, KernelView view) {
  size_t d = kernel_view_right_is_v(view) ? r->d_in : r->d_out;
  return view.side == SIDE_X ? r->d_out * r->d_in : d * (d + 1) / 2;
}

/* The upper half of the symmetric g (d, d) as a feature of length 1. */
static void pack(const float *g, size_t d, float *out) {
  size_t at = 0;
  for (size_t i = 0; i < d; i++)
    for (size_t j = i; j < d; j++) out[at++] = i == j ? g[i * d + j] : g[i * d + j] * (float)G_SQRT2;
}

static void to_length_one(float *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  for (size_t i = 0; i < n && sum > 0; i++) x[i] = (float)(x[i] / sqrt(sum));
}

/* Rows (k, d) of the side's singular vectors, each times s^(p/2); the other power than 2 needs them. */
static float *side_rows(const float *x, size_t d_out, size_t d_in, KernelView view, size_t *k) {
  bool v = kernel_view_right_is_v(view);
  size_t m = *k = MIN(d_out, d_in), d = v ? d_in : d_out;
  g_autofree float *copy = g_memdup2(x, d_out * d_in * sizeof *x), *s = g_new(float, m);
  g_autofree float *u = g_new(float, d_out *m), *vt = g_new(float, m *d_in);
  float *rows = g_new0(float, m *d);
  if (LAPACKE_sgesdd(LAPACK_ROW_MAJOR, 'S', (lapack_int)d_out, (lapack_int)d_in, copy, (lapack_int)d_in, s, u,
                     (lapack_int)m, vt, (lapack_int)d_in) != 0)
    return rows;
  for (size_t r = 0; r < m; r++) {
    float w = s[r] > 1e-4f * s[0] ? powf(s[r], view.power / 2) : 0;
    for (size_t j = 0; j < d; j++) rows[r * d + j] = w * (v ? vt[r * d_in + j] : u[j * m + r]);
  }
  return rows;
}

static void feature(const float *x, size_t d_out, size_t d_in, KernelView view, float *out) {
  size_t d = kernel_view_right_is_v(view) ? d_in : d_out, k = d_in;
  if (view.side == SIDE_X) {
    memcpy(out, x, d_out * d_in * sizeof *x);
    to_length_one(out, d_out * d_in);
    return;
  }
  g_autofree float *g = g_new(float, d *d);
  bool square = view.power == 2;
  g_autofree float *rows = square ? NULL : side_rows(x, d_out, d_in, view, &k);
  if (!square) gemm(true, false, d, d, k, 1, rows, d, rows, d, 0, g, d);
  else if (kernel_view_right_is_v(view)) gemm(true, false, d, d, d_out, 1, x, d_in, x, d_in, 0, g, d);
  else gemm(false, true, d, d, d_in, 1, x, d_in, x, d_in, 0, g, d);
  pack(g, d, out);
  to_length_one(out, d * (d + 1) / 2);
}

typedef struct {
  const KernelRows *rows;
  KernelView view;
  size_t from, width;
  float *out;
} Features;

static bool feature_one(void *user, size_t i, unsigned thread) {
  (void)thread;
  const Features *f = user;
  const KernelRows *r = f->rows;
  size_t model = f->from + i;
  float *out = f->out + i * f->width;
  if (r->empty[model]) memset(out, 0, f->width * sizeof *out);
  else feature(r->x + model * r->d_out * r->d_in, r->d_out, r->d_in, f->view, out);
  return true;
}

void kernel_features(const KernelRows *r, KernelView view, size_t from, size_t n, float *out) {
  Features f = {r, view, from, kernel_feature_width(r, view), out};
  unsigned threads = linalg_threads();
  linalg_set_threads(1);
  parallel_for(n, threads, feature_one, &f, NULL);
  linalg_set_threads(threads);
}

static bool gram_view(const KernelRows *a, const KernelRows *b, KernelView view, float *out, const Progress *progress,
                      GError **error) {
  size_t width = kernel_feature_width(a, view), block = MAX((size_t)FEATURE_FLOATS / width, (size_t)1);
  size_t floats = MIN(block, MAX(a->n, b->n)) * width;
  float *fa = big_alloc(floats, error), *fb = fa ? big_alloc(floats, error) : NULL;
  bool ok = fb != NULL;
  for (size_t j = 0; ok && j < b->n; j += block) {
    size_t nj = MIN(block, b->n - j);
    kernel_features(b, view, j, nj, fb);
    for (size_t i = 0; ok && i < a->n; i += block) {
      size_t ni = MIN(block, a->n - i);
      bool same = a == b && i == j;
      ok = progress_step(progress, "comparing", j * a->n + i, a->n * b->n, error);
      if (ok && !same) kernel_features(a, view, i, ni, fa);
      if (ok) gemm(false, true, ni, nj, width, 1, same ? fb : fa, width, fb, width, 0, out + i * b->n + j, b->n);
    }
  }
  big_free(fa, floats);
  big_free(fb, floats);
  return ok;
}

bool kernel_gram(const KernelRows *a, const KernelRows *b, const KernelView *views, size_t n_views, float *const *out,
                 const Progress *progress, GError **error) {
  if (a->form != b->form || a->d_out != b->d_out || a->d_in != b->d_in) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "layers of %zu x %zu and of %zu x %zu do not compare: choose models of one tree", a->d_out, a->d_in,
                b->d_out, b->d_in);
    return false;
  }
  if (a->form == LAYER_LOW_RANK) return gram_low_rank(a, b, views, n_views, out, progress, error);
  for (size_t v = 0; v < n_views; v++)
    if (!gram_view(a, b, views[v], out[v], progress, error)) return false;
  return true;
}

/* --- reference --------------------------------------------------------------------------------------- */

/* The view of a model as a matrix, of length 1; *n numbers. The caller frees it. */
static double *view_matrix(const KernelRows *r, size_t i, KernelView view, size_t *n) {
  bool u = kernel_view_left_is_u(view), v = kernel_view_right_is_v(view);
  size_t rows = u ? r->d_out : r->d_in, columns = v ? r->d_in : r->d_out;
  double *out = g_new0(double, rows *columns), sum = 0;
  *n = rows * columns;
  for (size_t k = r->first[i]; k < r->first[i + 1]; k++) {
    const float *left = u ? r->u + k * r->d_out : r->v + k * r->d_in;
    const float *right = v ? r->v + k * r->d_in : r->u + k * r->d_out;
    double w = r->s[k] > 0 ? pow((double)r->s[k], (double)view.power) : 0;
    for (size_t a = 0; a < rows; a++)
      for (size_t b = 0; b < columns; b++) out[a * columns + b] += w * (double)left[a] * (double)right[b];
  }
  for (size_t k = 0; k < *n; k++) sum += out[k] * out[k];
  for (size_t k = 0; k < *n && sum > 0; k++) out[k] /= sqrt(sum);
  return out;
}

double kernel_pair_reference(const KernelRows *a, size_t i, const KernelRows *b, size_t j, KernelView view) {
  size_t n;
  g_autofree double *x = view_matrix(a, i, view, &n), *y = view_matrix(b, j, view, &n);
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += x[k] * y[k];
  return sum;
}
