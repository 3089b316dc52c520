/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/guard/guard.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/parallel.h"
#include "experts/kernel/leave_out.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "numerics/sorted.h"

/* Models that are looked at, at most, and the share of training models that may be refused. */
enum { MOST = 600, TURNED = 150, SEEDS = 0x7fffffff };
static const double refused = 0.02, refused_with_label = 0.05, refused_turned = 0.99, most_passed = 0.25;
static const double lambdas[] = {0.03, 0.3, 3, 30};

void guard_free(Guard *g) {
  if (!g) return;
  g_free(g->mean);
  g_free(g->g);
  g_free(g->slope);
  g_free(g);
}

Guard *guard_copy(const Guard *g) {
  if (!g) return NULL;
  Guard *copy = g_memdup2(g, sizeof *g);
  copy->mean = g_memdup2(g->mean, g->width * sizeof(float));
  copy->g = g_memdup2(g->g, g->width * g->width * sizeof(float));
  copy->slope = g_memdup2(g->slope, g->width * sizeof(float));
  return copy;
}

/* --- fitting ----------------------------------------------------------------------------------------- */

/* Takes the mean off rows (n, width) and brings them to length 1. */
static void centre_rows(float *f, size_t n, size_t width, const float *mean) {
  for (size_t i = 0; i < n; i++, f += width) {
    for (size_t j = 0; j < width; j++) f[j] -= mean[j];
    float length = sqrtf(dot(f, f, width));
    for (size_t j = 0; j < width && length > 0; j++) f[j] /= length;
  }
}

static float *mean_of(const float *f, size_t n, size_t width) {
  float *mean = g_new0(float, width + 1);
  for (size_t i = 0; i < n; i++) axpy(1.0f / (float)n, f + i * width, mean, width);
  return mean;
}

typedef struct {
  const LayerSet *set;
  const size_t *models;
  const size_t *label; /* by model of the set, or NULL */
  size_t n, turned;
  uint64_t seed;
  Guard *best; /* or NULL */
  double kept; /* by it at the bar that all but a few of the turned stay below: share of those left out */
} Fitting;

/* u = M 1 and t = 1'u. */
typedef struct {
  double *u; /* (n) */
  double t;
} Intercept;

static Intercept intercept_of(const KernelEigen *e, double lambda) {
  Intercept o = {g_new0(double, e->n + 1), 0};
  for (size_t r = 0; r < e->n; r++)
    for (size_t i = 0; i < e->n; i++) o.u[i] += e->ones[r] / (e->values[r] + lambda) * e->q[r * e->n + i];
  for (size_t i = 0; i < e->n; i++) o.t += o.u[i];
  return o;
}

/* H_ij = sum over eigenvectors of q_i q_j / (d + l) - u_i u_j / t, of the models in `own` (m, m). */
static void inverse_block(const KernelEigen *e, double lambda, const Intercept *o, const size_t *own, size_t m,
                          double *out) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) out[i * m + j] = -o->u[own[i]] * o->u[own[j]] / o->t;
  for (size_t r = 0; r < e->n; r++) {
    const double *q = e->q + r * e->n, by = 1 / (e->values[r] + lambda);
    for (size_t i = 0; i < m; i++)
      for (size_t j = 0; j < m; j++) out[i * m + j] += by * q[own[i]] * q[own[j]];
  }
}

/* The scores of models left out as one: 1 less the diagonal of (H_gg)^-1 - l I. */
static void score_left_out(const KernelEigen *e, double lambda, const Intercept *o, const size_t *own, size_t m,
                           double *score) {
  g_autofree double *block = g_new(double, m *m + 1);
  inverse_block(e, lambda, o, own, m, block);
  lapack_int n = (lapack_int)m;
  bool ok = LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'U', n, block, n) == 0 &&
            LAPACKE_dpotri(LAPACK_ROW_MAJOR, 'U', n, block, n) == 0;
  for (size_t i = 0; i < m; i++) score[own[i]] = ok ? 1 - (block[i * m + i] - lambda) : 1;
}

/* The scores of all when they are left out with those of their label, ascending. The caller frees them. */
static double *scores_left_out(const Fitting *f, const KernelEigen *e, double lambda, const Intercept *o) {
  enum { MOST_TOGETHER = 64 };
  double *score = g_new0(double, f->n + 1);
  g_autofree size_t *own = g_new(size_t, f->n + 1);
  g_autofree bool *done = g_new0(bool, f->n + 1);
  for (size_t i = 0; i < f->n; i++) {
    size_t m = 0;
    if (done[i]) continue;
    for (size_t j = i; j < f->n && m < MOST_TOGETHER; j++) {
      bool same = j == i || (f->label && f->label[f->models[j]] == f->label[f->models[i]]);
      if (same && !done[j]) own[m++] = j, done[j] = true;
    }
    score_left_out(e, lambda, o, own, m, score);
  }
  sort_doubles(score, f->n);
  return score;
}

/* G = C'H C = sum over eigenvectors q of (C'q)(C'q)' / (d + l) - (C'u)(C'u)' / t; slope (width) gets 2 C'u / t. */
static float *form_of(const KernelEigen *e, const float *c, size_t width, double lambda, const Intercept *o,
                      float *slope) {
  size_t n = e->n;
  g_autofree float *q = g_new(float, n *n + 1), *p = g_new(float, n *width + 1);
  float *g = g_new(float, width *width + 1);
  for (size_t r = 0; r < n; r++)
    for (size_t i = 0; i < n; i++) q[r * n + i] = (float)(e->q[r * n + i] / sqrt(e->values[r] + lambda));
  gemm(false, false, n, width, n, 1, q, n, c, width, 0, p, width);
  gemm(true, false, width, width, n, 1, p, width, p, width, 0, g, width);
  for (size_t i = 0; i < n; i++) axpy((float)(o->u[i] / o->t), c + i * width, slope, width);
  for (size_t i = 0; i < width; i++) axpy((float)-o->t * slope[i], slope, g + i * width, width);
  for (size_t i = 0; i < width; i++) slope[i] *= 2;
  return g;
}

/* Of rows c (n, width). */
static void score_rows(const Guard *g, const float *c, size_t n, double *score) {
  quadratic_scores(g->g, g->slope, g->offset, c, n, g->width, score);
}

static void try_lambda(Fitting *f, const Guard *side, const KernelEigen *e, const float *c, const float *foreign,
                       double lambda) {
  Guard g = *side;
  g_autofree double *score = g_new(double, f->turned + 1);
  Intercept o = intercept_of(e, lambda);
  g_autofree double *own = scores_left_out(f, e, lambda, &o);
  g.slope = g_new0(float, g.width + 1), g.offset = 1 / o.t;
  g.g = form_of(e, c, g.width, lambda, &o, g.slope);
  g_free(o.u);
  score_rows(&g, foreign, f->turned, score);
  sort_doubles(score, f->turned);
  double bar = score[(size_t)(refused_turned * (double)f->turned)];
  g.threshold = fmin(bar, own[(size_t)((f->label ? refused_with_label : refused) * (double)f->n)]);
  g.passed = 1 - share_below(score, f->turned, g.threshold);
  double kept = 1 - share_below(own, f->n, bar);
  if (f->best && (f->kept > kept || (f->kept == kept && f->best->passed <= g.passed))) {
    g_free(g.g);
    g_free(g.slope);
    return;
  }
  guard_free(f->best);
  f->kept = kept;
  f->best = g_memdup2(&g, sizeof g);
  f->best->mean = g_memdup2(side->mean, g.width * sizeof(float));
}

/* All l of one side. */
static bool try_side(Fitting *f, GuardSide which, GError **error) {
  size_t size = which == GUARD_X ? GUARD_SIZE_X : GUARD_SIZE;
  Guard side = {.side = which, .size = size, .seed = f->seed, .width = guard_width(which, size)};
  g_autofree float *c = guard_sketches(f->set, f->models, f->n, which, size, f->seed, false);
  g_autofree float *foreign = guard_sketches(f->set, f->models, f->turned, which, size, f->seed, true);
  g_autofree float *mean = side.mean = mean_of(c, f->n, side.width);
  g_autofree float *k = g_new(float, f->n * f->n + 1);
  centre_rows(c, f->n, side.width, mean);
  centre_rows(foreign, f->turned, side.width, mean);
  gemm(false, true, f->n, f->n, side.width, 1, c, side.width, c, side.width, 0, k, f->n);
  g_autoptr(KernelEigen) e = kernel_eigen_new(k, f->n, error);
  for (size_t l = 0; e && l < G_N_ELEMENTS(lambdas); l++) try_lambda(f, &side, e, c, foreign, lambdas[l]);
  return e != NULL;
}

/* The best of all sides; NULL with an error, or without one when it lets too many of the turned pass. */
static Guard *fit_sides(Fitting *f, const Progress *progress, GError **error) {
  bool ok = true;
  for (int side = 0; ok && side < GUARD_SIDES; side++)
    ok = progress_step(progress, "learning what belongs here", (uint64_t)side, GUARD_SIDES, error) &&
         try_side(f, (GuardSide)side, error);
  if (ok && f->best->passed <= most_passed) return g_steal_pointer(&f->best);
  g_clear_pointer(&f->best, guard_free);
  return NULL;
}

Guard *guard_fit(const LayerSet *set, const size_t *models, size_t n, const size_t *label, uint64_t seed,
                 const Progress *progress, GError **error) {
  if (n < GUARD_LEAST) return NULL;
  g_autofree size_t *drawn = g_memdup2(models, n * sizeof *models);
  Rng rng;
  rng_init(&rng, seed, 91);
  rng_shuffle(&rng, drawn, n);
  Fitting f = {set, drawn, label, MIN(n, (size_t)MOST), MIN(n, (size_t)TURNED), (seed * 2 + 1) & SEEDS, NULL, 0};
  GError *problem = NULL;
  Guard *g = fit_sides(&f, progress, &problem);
  if (!g && !problem && label) { /* of few labels a new one is as strange as anything */
    f.label = NULL;
    g = fit_sides(&f, progress, &problem);
  }
  if (problem) g_propagate_error(error, problem);
  return g;
}

void guard_scores(const Guard *g, const LayerSet *set, double *score) {
  g_autofree float *f = guard_sketches(set, NULL, set->n, g->side, g->size, g->seed, false);
  g_autofree bool *zero = g_new0(bool, set->n + 1);
  for (size_t i = 0; i < set->n; i++) zero[i] = !(dot(f + i * g->width, f + i * g->width, g->width) > 0);
  centre_rows(f, set->n, g->width, g->mean);
  score_rows(g, f, set->n, score);
  for (size_t i = 0; i < set->n; i++)
    if (zero[i]) score[i] = 0;
}
