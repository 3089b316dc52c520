/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/compress.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"

void compression_free(Compression *c) {
  if (!c) return;
  g_free(c->left);
  g_free(c->right);
  g_free(c);
}

/* The leading eigenvectors of the symmetric g (d, d), which is overwritten: as many as keep `energy` of
 * its trace. Returns them as columns (d, *k). */
static float *leading_space(float *g, size_t d, double energy, size_t *k, GError **error) {
  g_autofree float *values = g_new(float, d);
  if (LAPACKE_ssyevd(LAPACK_ROW_MAJOR, 'V', 'U', (lapack_int)d, g, (lapack_int)d, values) != 0) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_STATE,
                        "the common space of the layers cannot be computed: leave --compress out");
    return NULL;
  }
  double total = 0, kept = 0;
  for (size_t i = 0; i < d; i++) total += fmax((double)values[i], 0);
  for (*k = 0; *k < d && (*k == 0 || kept < energy * total); ++*k)
    kept += fmax((double)values[d - 1 - *k], 0); /* ascending: the largest come last */
  float *space = g_new(float, d **k);
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < *k; j++) space[i * *k + j] = g[i * d + d - 1 - j];
  return space;
}

/* C (p, q) of one X; t (p, d_in) is scratch. */
static void project(const Compression *c, const float *x, float *t, float *out) {
  gemm(true, false, c->p, c->d_in, c->d_out, 1, c->left, c->p, x, c->d_in, 0, t, c->d_in);
  gemm(false, false, c->p, c->q, c->d_in, 1, t, c->d_in, c->right, c->q, 0, out, c->q);
}

/* The share of the squared norm that C keeps over the models. */
static double kept_energy(const Compression *c, const LayerSet *set, const size_t *models, size_t n) {
  size_t each = c->d_out * c->d_in;
  g_autofree float *t = g_new(float, c->p * c->d_in), *small = g_new(float, c->p * c->q);
  g_autofree float *scratch = g_new(float, each);
  double all = 0, kept = 0;
  for (size_t i = 0; i < n; i++) {
    const float *x = layer_set_get(set, models[i], scratch);
    project(c, x, t, small);
    all += (double)dot(x, x, each);
    kept += (double)dot(small, small, c->p * c->q);
  }
  return all > 0 ? kept / all : 1;
}

Compression *compression_find(const LayerSet *set, const size_t *models, size_t n, double energy,
                              const Progress *progress, GError **error) {
  if (set->form != LAYER_DENSE || !(energy > 0 && energy <= 1)) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                        "compression is for dense layers, with an energy above 0 and at most 1");
    return NULL;
  }
  size_t d_out = set->d_out, d_in = set->d_in, each = d_out * d_in;
  g_autofree float *rows = g_new0(float, (d_in * d_in)), *columns = g_new0(float, (d_out * d_out));
  g_autofree float *scratch = g_new(float, each);
  for (size_t i = 0; i < n; i++) {
    const float *x = layer_set_get(set, models[i], scratch);
    if (!progress_step(progress, "compressing", i, n, error)) return NULL;
    gemm(true, false, d_in, d_in, d_out, 1, x, d_in, x, d_in, 1, rows, d_in);
    gemm(false, true, d_out, d_out, d_in, 1, x, d_in, x, d_in, 1, columns, d_out);
  }
  g_autoptr(Compression) c = g_new0(Compression, 1);
  c->d_out = d_out;
  c->d_in = d_in;
  c->right = leading_space(rows, d_in, energy, &c->q, error);
  c->left = c->right ? leading_space(columns, d_out, energy, &c->p, error) : NULL;
  if (!c->left) return NULL;
  c->energy = kept_energy(c, set, models, n);
  return g_steal_pointer(&c);
}

/* The sums of the columns of a space (d, k). */
static float *column_sums(const float *space, size_t d, size_t k) {
  float *sums = g_new0(float, k + 1);
  for (size_t i = 0; i < d; i++) axpy(1, space + i * k, sums, k);
  return sums;
}

LayerSet *compression_apply(const Compression *c, const LayerSet *set, const Progress *progress, GError **error) {
  g_autoptr(LayerSet) out = layer_set_dense(set->n, c->p, c->q, NULL, error);
  if (!out) return NULL;
  g_autofree float *t = g_new(float, c->p * c->d_in), *small = g_new(float, c->p * c->q);
  g_autofree float *scratch = g_new(float, c->d_out * c->d_in);
  out->spread = set->spread;
  out->ones_out = column_sums(c->left, c->d_out, c->p);
  out->ones_in = column_sums(c->right, c->d_in, c->q);
  out->full_out = c->d_out, out->full_in = c->d_in;
  for (size_t i = 0; i < set->n; i++) {
    if (!progress_step(progress, "compressing", i, set->n, error)) return NULL;
    project(c, layer_set_get(set, i, scratch), t, small);
    dense_store_put(out->x, i, small);
  }
  return g_steal_pointer(&out);
}

/* One branch's probes and projection: to_left says that the probes live among the rows of X, from_right that the
 * projection reads its columns. */
static void lift(const Compression *c, const ProbexShape *s, bool to_left, bool from_right, const float *u,
                 const float *v, float *full_u, float *full_v) {
  size_t d = to_left ? c->d_out : c->d_in, k = to_left ? c->p : c->q;
  gemm(false, false, d, s->r_u, k, 1, to_left ? c->left : c->right, k, u, s->r_u, 0, full_u, s->r_u);
  d = from_right ? c->d_in : c->d_out, k = from_right ? c->q : c->p;
  gemm(false, true, s->r_v, d, k, 1, v, k, from_right ? c->right : c->left, k, 0, full_v, d);
}

Probex *compression_lift(const Compression *c, const Probex *p, GError **error) {
  ProbexShape s = p->shape;
  s.d_out = c->d_out;
  s.d_in = c->d_in;
  Probex *full = probex_new(&s, error);
  if (!full) return NULL;
  if (!s.views) lift(c, &s, false, false, p->u, p->v, full->u, full->v);
  for (ViewBranch b = 0; b < VIEW_BRANCHES; b++)
    if (p->views_u[b])
      lift(c, &s, view_probes_out(b), view_is_across(b), p->views_u[b], p->views_v[b], full->views_u[b],
           full->views_v[b]);
  size_t rest = (size_t)(p->block + p->n - p->m); /* what follows U and V is the same */
  memcpy(full->m, p->m, rest * sizeof(float));
  return full;
}
