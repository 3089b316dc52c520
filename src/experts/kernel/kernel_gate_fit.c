/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel_gate_fit.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "experts/kernel/kernel_choose.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "numerics/sorted.h"

/* Models that the gate holds, that are turned, and that it takes; shares of own models refused at least and at most, of
 * turned ones at the bar, and of turned ones that may pass. */
enum { HELD = 600, TURNED = 150, LEAST = 50 };
static const double refused_least = 0.01, refused_most = 0.05, turned_below = 0.99, most_passed = 0.25;
static const double lambdas[] = {0.01, 0.1, 1, 10};

/* --- another basis -------------------------------------------------------------------------------------- */

/* A permutation of d coordinates with signs: `to` and `sign` (d). */
typedef struct {
  size_t *to;
  float *sign;
} Turn;

static Turn turn_draw(Rng *rng, size_t d) {
  Turn t = {g_new(size_t, d + 1), g_new(float, d + 1)};
  for (size_t i = 0; i < d; i++) t.to[i] = i, t.sign[i] = rng_below(rng, 2) ? 1 : -1;
  rng_shuffle(rng, t.to, d);
  return t;
}

static void turn_clear(Turn *t) {
  g_free(t->to);
  g_free(t->sign);
}

static void turn_rows(const Turn *t, float *x, size_t rows, size_t d) {
  g_autofree float *was = g_new(float, d + 1);
  for (size_t r = 0; r < rows; r++, x += d) {
    memcpy(was, x, d * sizeof *x);
    for (size_t i = 0; i < d; i++) x[t->to[i]] = t->sign[i] * was[i];
  }
}

/* Rows of a (rows, d) matrix change places. */
static void turn_columns(const Turn *t, float *x, size_t rows, size_t d) {
  g_autofree float *was = g_memdup2(x, rows * d * sizeof *x);
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < d; i++) x[t->to[r] * d + i] = t->sign[r] * was[r * d + i];
}

/* Each model in a basis of its own. */
static void turn_layer(KernelRows *r, Rng *rng) {
  for (size_t i = 0; i < r->n; i++) {
    size_t from = r->first[i], k = r->first[i + 1] - from;
    Turn out = turn_draw(rng, r->d_out), in = turn_draw(rng, r->d_in);
    if (r->form == LAYER_DENSE) {
      turn_rows(&in, r->x + i * r->d_out * r->d_in, r->d_out, r->d_in);
      turn_columns(&out, r->x + i * r->d_out * r->d_in, r->d_out, r->d_in);
    } else {
      turn_rows(&out, r->u + from * r->d_out, k, r->d_out);
      turn_rows(&in, r->v + from * r->d_in, k, r->d_in);
    }
    turn_clear(&out);
    turn_clear(&in);
  }
}

/* The sum (n, kernel's n) of those models, turned. */
static bool turned_sum(const Kernel *k, int head, const size_t *models, size_t n, Rng *rng, float *sum,
                       const Progress *progress, GError **error) {
  g_autoptr(GPtrArray) layers = g_ptr_array_new_with_free_func((GDestroyNotify)kernel_rows_free);
  g_autofree bool *there = g_new0(bool, n + 1);
  float *sums[KERNEL_HEADS] = {NULL, NULL};
  for (guint l = 0; l < k->layers->len; l++) {
    KernelRows *r = kernel_rows_pick(k->rows->pdata[l], models, n, error);
    if (!r) return false;
    g_ptr_array_add(layers, r);
    turn_layer(r, rng);
  }
  sums[head] = sum;
  return kernel_likeness_of_rows(k, layers, sums, there, NULL, progress, error);
}

/* --- scores --------------------------------------------------------------------------------------------- */

/* M = (K + l I)^-1 (n, n); false when it cannot be had. */
static bool inverse_of(const double *k, size_t n, double lambda, double *m) {
  lapack_int size = (lapack_int)n;
  memcpy(m, k, n * n * sizeof *m);
  for (size_t i = 0; i < n; i++) m[i * n + i] += lambda;
  if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'U', size, m, size) != 0) return false;
  if (LAPACKE_dpotri(LAPACK_ROW_MAJOR, 'U', size, m, size) != 0) return false;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) m[i * n + j] = m[j * n + i];
  return true;
}

/* H from M, in place; slope (n) gets 2 u / t. Returns 1 / t. */
static double take_intercept(double *m, size_t n, double *slope) {
  g_autofree double *u = g_new0(double, n + 1);
  double t = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) u[i] += m[i * n + j];
  for (size_t i = 0; i < n; i++) t += u[i];
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) m[i * n + j] -= u[i] * u[j] / t;
  for (size_t i = 0; i < n; i++) slope[i] = 2 * u[i] / t;
  return 1 / t;
}

/* The scores of models that are left out together; 1 where they are everything there is. */
static void score_group(const double *k, const double *m, size_t n, double lambda, const size_t *own, size_t count,
                        double *score) {
  g_autofree double *block = g_new(double, count *count + 1), *inverse = g_new(double, count *count + 1);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count; j++) block[i * count + j] = m[own[i] * n + own[j]];
  bool ok = inverse_of(block, count, 0, inverse);
  for (size_t i = 0; i < count; i++)
    score[own[i]] = ok ? k[own[i] * n + own[i]] - (inverse[i * count + i] - lambda) : 1;
}

/* All, each left out with its group (n; NULL: alone), ascending. The caller frees them. */
static double *scores_left_out(const double *k, const double *m, size_t n, double lambda, const size_t *group) {
  double *score = g_new0(double, n + 1);
  g_autofree size_t *own = g_new(size_t, n + 1);
  g_autofree bool *done = g_new0(bool, n + 1);
  for (size_t i = 0; i < n; i++) {
    size_t count = 0;
    if (done[i]) continue;
    for (size_t j = i; j < n; j++)
      if (j == i || (group && group[j] == group[i])) own[count++] = j, done[j] = true;
    score_group(k, m, n, lambda, own, count, score);
  }
  sort_doubles(score, n);
  return score;
}

/* --- fitting -------------------------------------------------------------------------------------------- */

typedef struct {
  const Kernel *kernel;
  const size_t *models;
  const size_t *group; /* (n): what is left out together; NULL: each alone */
  const double *k;     /* (n, n) among them */
  const float *turned;
  size_t n, n_turned;
  KernelGate *best;
  double kept; /* by it at the turned ones' bar: share of those left out */
} Fitting;

static void try_lambda(Fitting *f, double lambda) {
  size_t n = f->n;
  g_autofree double *m = g_new(double, n *n + 1), *turned = g_new(double, f->n_turned + 1), *slope = g_new(double, n);
  if (!inverse_of(f->k, n, lambda, m)) return;
  double offset = take_intercept(m, n, slope);
  g_autofree double *own = scores_left_out(f->k, m, n, lambda, f->group);
  g_autoptr(KernelGate) g = g_new0(KernelGate, 1);
  *g = (KernelGate){.n = n, .model = g_memdup2(f->models, n * sizeof(size_t)), .form = g_new(float, n *n + 1)};
  g->slope = g_new(float, n + 1), g->offset = offset;
  for (size_t i = 0; i < n; i++) g->slope[i] = (float)slope[i];
  for (size_t i = 0; i < n * n; i++) g->form[i] = (float)m[i];
  kernel_gate_scores(g, f->turned, f->n_turned, f->kernel->n, turned);
  sort_doubles(turned, f->n_turned);
  double bar = turned[(size_t)(turned_below * (double)f->n_turned)];
  double kept = 1 - share_below(own, n, bar);
  g->threshold = CLAMP(bar, own[(size_t)(refused_least * (double)n)], own[(size_t)(refused_most * (double)n)]);
  g->passed = 1 - share_below(turned, f->n_turned, g->threshold);
  if (f->best && (f->kept > kept || (f->kept == kept && f->best->passed <= g->passed))) return;
  kernel_gate_free(f->best);
  f->best = g_steal_pointer(&g);
  f->kept = kept;
}

static bool try_lambdas(Fitting *f, const Progress *progress, GError **error) {
  for (size_t l = 0; l < G_N_ELEMENTS(lambdas); l++) {
    if (!progress_step(progress, "learning what belongs here", l, G_N_ELEMENTS(lambdas), error)) return false;
    try_lambda(f, lambdas[l]);
  }
  return true;
}

static KernelGate *fit_on(const Kernel *k, int head, const float *sum, const KernelTarget *own, const size_t *models,
                          size_t n, uint64_t seed, const Progress *progress, GError **error) {
  Rng rng;
  rng_init(&rng, seed, 93);
  g_autofree size_t *drawn = g_memdup2(models, n * sizeof *models);
  rng_shuffle(&rng, drawn, n);
  Fitting f = {.kernel = k, .models = models, .n = n, .n_turned = MIN(n, (size_t)TURNED)};
  g_autofree float *turned = g_new0(float, f.n_turned * k->n + 1);
  g_autofree double *block = g_new(double, n *n + 1);
  if (!turned_sum(k, head, drawn, f.n_turned, &rng, turned, progress, error)) return NULL;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) block[i * n + j] = (double)sum[models[i] * k->n + models[j]];
  f.turned = turned, f.k = block;
  const size_t *groups[] = {own->label ? own->apart : own->group, own->group};
  for (int g = 0; g < (own->label ? 2 : 1); g++) {
    f.group = groups[g];
    if (!try_lambdas(&f, progress, error)) break;
    if (f.best && f.best->passed <= most_passed) return f.best;
    g_clear_pointer(&f.best, kernel_gate_free);
  }
  kernel_gate_free(f.best);
  return NULL;
}

KernelGate *kernel_gate_fit(const Kernel *k, int head, const float *sum, const KernelTarget *target, uint64_t seed,
                            const Progress *progress, GError **error) {
  size_t n;
  g_autofree size_t *models = kernel_some_models(target, HELD, seed, &n);
  if (n < LEAST) return NULL;
  g_autoptr(KernelTarget) own = kernel_target_pick(target, models, n);
  KernelGate *gate = fit_on(k, head, sum, own, models, n, seed, progress, error);
  if (!progress_check(progress, gate ? NULL : error)) g_clear_pointer(&gate, kernel_gate_free);
  return gate;
}
