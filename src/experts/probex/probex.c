/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/probex.h"

#include <math.h>

#include "core/error.h"
#include "numerics/linalg.h"

/* Adds a (rows, columns) part to the block's size; false on overflow. */
static bool add_part(size_t *total, size_t rows, size_t columns) {
  size_t part;
  return !__builtin_mul_overflow(rows, columns, &part) && !__builtin_add_overflow(*total, part, total);
}

/* Rows and columns of the head: a map of text, or of classes, or nothing. */
static void head_size(const ProbexShape *s, size_t *rows, size_t *columns) {
  *rows = s->d_text ? s->r_t : s->n_classes;
  *columns = s->d_text ? s->d_text : s->r_t;
}

static bool has_branch(const ProbexShape *s, int b) { return s->views >> b & 1; }

size_t probex_probe_rows(const ProbexShape *s, ViewBranch b) { return view_probes_out(b) ? s->d_out : s->d_in; }

size_t probex_response_rows(const ProbexShape *s, ViewBranch b) { return view_is_across(b) ? s->d_in : s->d_out; }

/* Branches in use: 1 for ProbeX. */
static size_t probex_branches(const ProbexShape *s) {
  return s->views ? (size_t)__builtin_popcount(s->views & ((1U << VIEW_BRANCHES) - 1)) : 1;
}

size_t probex_hidden(const ProbexShape *s) { return s->r_u * s->r_v * probex_branches(s); }

/* Probes and projections of every branch. */
static bool add_branches(size_t *total, const ProbexShape *s) {
  if (!s->views) return add_part(total, s->d_in, s->r_u) && add_part(total, s->r_v, s->d_out);
  for (int b = 0; b < VIEW_BRANCHES; b++)
    if (has_branch(s, b) && (!add_part(total, probex_probe_rows(s, (ViewBranch)b), s->r_u) ||
                             !add_part(total, s->r_v, probex_response_rows(s, (ViewBranch)b))))
      return false;
  return s->views < 1U << VIEW_BRANCHES;
}

static bool measure(const ProbexShape *s, size_t *total) {
  size_t rows, columns, hidden;
  head_size(s, &rows, &columns);
  *total = 1; /* tau */
  return s->d_out && s->d_in && s->r_u && s->r_v && s->r_t && !__builtin_mul_overflow(s->r_u, s->r_v, &hidden) &&
         !__builtin_mul_overflow(hidden, probex_branches(s), &hidden) && add_branches(total, s) &&
         add_part(total, s->r_t, hidden) && add_part(total, s->r_t, 1) && add_part(total, rows, columns) &&
         add_part(total, rows, 1) && *total < ((size_t)1 << 40);
}

static void take_branches(Probex *p, float **block) {
  const ProbexShape *s = &p->shape;
  if (!s->views) {
    p->u = block_take(block, s->d_in * s->r_u);
    p->v = block_take(block, s->r_v * s->d_out);
  }
  for (int b = 0; b < VIEW_BRANCHES; b++) {
    if (!has_branch(s, b)) continue;
    p->views_u[b] = block_take(block, probex_probe_rows(s, (ViewBranch)b) * s->r_u);
    p->views_v[b] = block_take(block, s->r_v * probex_response_rows(s, (ViewBranch)b));
  }
}

Probex *probex_new(const ProbexShape *shape, GError **error) {
  size_t n;
  if (!measure(shape, &n)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "an expert of %zu probes, %zu projections and %zu dimensions on a layer of %zu x "
                "%zu cannot be made",
                shape->r_u, shape->r_v, shape->r_t, shape->d_out, shape->d_in);
    return NULL;
  }
  float *block = big_alloc(n, error);
  if (!block) return NULL;
  Probex *p = g_new0(Probex, 1);
  p->shape = *shape;
  p->n = n;
  p->block = block;
  size_t rows, columns;
  head_size(shape, &rows, &columns);
  take_branches(p, &block);
  p->m = block_take(&block, shape->r_t * probex_hidden(shape));
  p->b = block_take(&block, shape->r_t);
  p->head = block_take(&block, rows * columns);
  p->head_b = block_take(&block, rows);
  p->tau = block_take(&block, 1);
  return p;
}

void probex_free(Probex *p) {
  if (!p) return;
  big_free(p->block, p->n);
  g_free(p);
}

static float bound(size_t fan_in) { return 1.0f / sqrtf((float)fan_in); }

/* probes is Linear(r_u, d) read as a matrix, so its fan-in is r_u. */
static void init_branch(const ProbexShape *s, Rng *rng, float *u, size_t d_u, float *v, size_t d_v) {
  rng_fill_uniform(rng, u, d_u * s->r_u, bound(s->r_u));
  rng_fill_uniform(rng, v, s->r_v * d_v, bound(d_v));
}

void probex_init(Probex *p, Rng *rng) {
  const ProbexShape *s = &p->shape;
  size_t rows, columns, hidden = probex_hidden(s);
  head_size(s, &rows, &columns);
  if (!s->views) init_branch(s, rng, p->u, s->d_in, p->v, s->d_out);
  for (int b = 0; b < VIEW_BRANCHES; b++)
    if (has_branch(s, b))
      init_branch(s, rng, p->views_u[b], probex_probe_rows(s, (ViewBranch)b), p->views_v[b],
                  probex_response_rows(s, (ViewBranch)b));
  rng_fill_uniform(rng, p->m, s->r_t * hidden, bound(hidden));
  rng_fill_uniform(rng, p->b, s->r_t, bound(hidden));
  if (rows) rng_fill_uniform(rng, p->head, rows * columns, bound(columns));
  if (rows) rng_fill_uniform(rng, p->head_b, rows, bound(columns));
  *p->tau = logf(1.0f / 0.07f);
}
