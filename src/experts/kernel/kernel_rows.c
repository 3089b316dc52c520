/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel_rows.h"

#include <lapacke.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/parallel.h"
#include "numerics/linalg.h"

#define DROP_BELOW 1e-4f

void kernel_rows_free(KernelRows *r) {
  if (!r) return;
  size_t rows = r->first ? r->first[r->n] : 0;
  big_free(r->u, rows * r->d_out);
  big_free(r->v, rows * r->d_in);
  big_free(r->x, r->n * r->d_out * r->d_in);
  g_free(r->first);
  g_free(r->s);
  g_free(r->empty);
  g_free(r);
}

KernelRows *kernel_rows_alloc(LayerForm form, size_t n, size_t d_out, size_t d_in, const size_t *ranks,
                              GError **error) {
  g_autoptr(KernelRows) r = g_new0(KernelRows, 1);
  *r = (KernelRows){.form = form, .n = n, .d_out = d_out, .d_in = d_in};
  r->first = g_new0(size_t, n + 1);
  r->empty = g_new0(bool, n + 1);
  for (size_t i = 0; i < n; i++) r->first[i + 1] = r->first[i] + (form == LAYER_LOW_RANK ? ranks[i] : 0);
  size_t rows = r->first[n];
  r->s = g_new0(float, rows + 1);
  if (form == LAYER_DENSE) r->x = big_alloc(n * d_out * d_in, error);
  else if ((r->u = big_alloc(rows * d_out, error))) r->v = big_alloc(rows * d_in, error);
  return r->x || r->v ? g_steal_pointer(&r) : NULL;
}

KernelRows *kernel_rows_pick(const KernelRows *r, const size_t *models, size_t n, GError **error) {
  g_autofree size_t *ranks = g_new(size_t, n + 1);
  for (size_t i = 0; i < n; i++) ranks[i] = r->first[models[i] + 1] - r->first[models[i]];
  KernelRows *out = kernel_rows_alloc(r->form, n, r->d_out, r->d_in, ranks, error);
  size_t each = r->d_out * r->d_in;
  for (size_t i = 0; out && i < n; i++) {
    size_t from = r->first[models[i]], to = out->first[i], k = ranks[i];
    out->empty[i] = r->empty[models[i]];
    if (r->form == LAYER_DENSE) {
      memcpy(out->x + i * each, r->x + models[i] * each, each * sizeof(float));
      continue;
    }
    memcpy(out->u + to * r->d_out, r->u + from * r->d_out, k * r->d_out * sizeof(float));
    memcpy(out->v + to * r->d_in, r->v + from * r->d_in, k * r->d_in * sizeof(float));
    memcpy(out->s + to, r->s + from, k * sizeof(float));
  }
  return out;
}

/* --- factors of an adapter ------------------------------------------------------------------------ */

/* The QR of the k columns f (k rows of d numbers in memory): they become orthonormal, `r` (k, k) gets R row-major. */
static bool orthonormal(float *f, size_t d, size_t k, float *r) {
  g_autofree float *tau = g_new(float, k + 1);
  lapack_int m = (lapack_int)d, n = (lapack_int)k;
  if (LAPACKE_sgeqrf(LAPACK_COL_MAJOR, m, n, f, m, tau) != 0) return false;
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < k; j++) r[i * k + j] = j >= i ? f[j * d + i] : 0;
  return LAPACKE_sorgqr(LAPACK_COL_MAJOR, m, n, n, f, m, tau) == 0;
}

/* Brings singular values to length 1 together; returns how many are kept. */
static size_t trim(float *s, size_t k) {
  double sum = 0;
  size_t kept = 0;
  while (kept < k && s[kept] > DROP_BELOW * s[0]) kept++;
  for (size_t i = 0; i < kept; i++) sum += (double)s[i] * s[i];
  for (size_t i = 0; i < kept; i++) s[i] = (float)(s[i] / sqrt(sum));
  return sum > 0 && isfinite(sum) ? kept : 0;
}

typedef struct {
  const LayerSet *set;
  const size_t *models;
  KernelRows *rows;
} Factoring;

/* X = B A with B (d_out, k), A (k, d_in), both as k rows of long vectors: U, S, V into rows `to`. Rank is at most each
 * of the sizes. Returns how many rows it took. */
static size_t factor(const LayerSet *set, size_t model, KernelRows *out, size_t to) {
  size_t from = set->first[model], k = set->first[model + 1] - from, d = set->d_out, e = set->d_in;
  g_autofree float *b = g_memdup2(set->bt + from * d, k * d * sizeof(float));
  g_autofree float *a = g_memdup2(set->a + from * e, k * e * sizeof(float));
  g_autofree float *rb = g_new(float, k *k), *ra = g_new(float, k *k), *core = g_new(float, k *k);
  g_autofree float *p = g_new(float, k *k), *qt = g_new(float, k *k), *s = g_new(float, k);
  if (!orthonormal(b, d, k, rb) || !orthonormal(a, e, k, ra)) return 0;
  gemm(false, true, k, k, k, 1, rb, k, ra, k, 0, core, k);
  lapack_int n = (lapack_int)k;
  if (LAPACKE_sgesdd(LAPACK_ROW_MAJOR, 'S', n, n, core, n, s, p, n, qt, n) != 0) return 0;
  size_t kept = trim(s, k);
  memcpy(out->s + to, s, kept * sizeof *s);
  gemm(true, false, kept, d, k, 1, p, k, b, d, 0, out->u + to * d, d);
  gemm(false, false, kept, e, k, 1, qt, k, a, e, 0, out->v + to * e, e);
  return kept;
}

/* A rank above a size of the matrix is no factorisation: through the whole matrix then. */
static size_t factor_wide(const LayerSet *set, size_t model, KernelRows *out, size_t to) {
  size_t from = set->first[model], k = set->first[model + 1] - from, d = set->d_out, e = set->d_in, m = MIN(d, e);
  g_autofree float *x = g_new(float, d *e), *s = g_new(float, m), *p = g_new(float, d *m), *qt = g_new(float, m *e);
  gemm(true, false, d, e, k, 1, set->bt + from * d, d, set->a + from * e, e, 0, x, e);
  if (LAPACKE_sgesdd(LAPACK_ROW_MAJOR, 'S', (lapack_int)d, (lapack_int)e, x, (lapack_int)e, s, p, (lapack_int)m, qt,
                     (lapack_int)e) != 0)
    return 0;
  size_t kept = trim(s, m);
  memcpy(out->s + to, s, kept * sizeof *s);
  for (size_t i = 0; i < kept; i++)
    for (size_t j = 0; j < d; j++) out->u[(to + i) * d + j] = p[j * m + i];
  memcpy(out->v + to * e, qt, kept * e * sizeof *qt);
  return kept;
}

static bool factor_one(void *user, size_t i, unsigned thread) {
  (void)thread;
  const Factoring *f = user;
  size_t model = f->models ? f->models[i] : i, k = f->set->first[model + 1] - f->set->first[model];
  if (!f->set->broken[model] && k > 0) {
    bool wide = k > f->set->d_out || k > f->set->d_in;
    size_t kept = wide ? factor_wide(f->set, model, f->rows, f->rows->first[i])
                       : factor(f->set, model, f->rows, f->rows->first[i]);
    f->rows->empty[i] = kept == 0;
  } else {
    f->rows->empty[i] = true;
  }
  return true;
}

/* --- dense layers ----------------------------------------------------------------------------------- */

/* Mean 0 and spread 1; false for a layer of equal numbers. */
static bool standardise(const float *x, size_t n, float *out) {
  double sum = 0, square = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i];
  double mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean);
  double spread = sqrt(square / (double)n);
  if (!(spread > 0) || !isfinite(spread)) return false;
  for (size_t i = 0; i < n; i++) out[i] = (float)(((double)x[i] - mean) / spread);
  return true;
}

static bool take_dense(void *user, size_t i, unsigned thread) {
  (void)thread;
  const Factoring *f = user;
  size_t model = f->models ? f->models[i] : i, each = f->set->d_out * f->set->d_in;
  g_autofree float *scratch = g_new(float, each);
  const float *x = layer_set_get(f->set, model, scratch);
  f->rows->empty[i] = f->set->broken[model] || !standardise(x, each, f->rows->x + i * each);
  return true;
}

KernelRows *kernel_rows_new(const LayerSet *set, const size_t *models, size_t n, GError **error) {
  g_autofree size_t *ranks = g_new0(size_t, n + 1);
  for (size_t i = 0; i < n && set->form == LAYER_LOW_RANK; i++) {
    size_t m = models ? models[i] : i;
    ranks[i] = MIN(MIN(set->first[m + 1] - set->first[m], set->d_out), set->d_in);
  }
  KernelRows *rows = kernel_rows_alloc(set->form, n, set->d_out, set->d_in, ranks, error);
  if (!rows) return NULL;
  Factoring f = {set, models, rows};
  unsigned threads = linalg_threads(); /* one each: the matrices are small */
  linalg_set_threads(1);
  parallel_for(n, threads, set->form == LAYER_DENSE ? take_dense : factor_one, &f, NULL);
  linalg_set_threads(threads);
  return rows;
}

/* --- names ------------------------------------------------------------------------------------------ */

static const char side_letters[] = "xuv";

char *kernel_view_name(KernelView v) {
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd(number, sizeof number, "%g", (double)v.power);
  return g_strdup_printf("%c,%s", side_letters[v.side], number);
}

bool kernel_view_parse(const char *text, KernelView *v) {
  const char *letter = text && *text ? strchr(side_letters, *text) : NULL;
  if (!letter || text[1] != ',') return false;
  v->side = (KernelSide)(letter - side_letters);
  v->power = (float)g_ascii_strtod(text + 2, NULL);
  return v->power > 0 && v->power <= 4;
}
