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

static bool measure(const ProbexShape *s, size_t *total) {
  size_t rows, columns, hidden;
  head_size(s, &rows, &columns);
  *total = 1; /* tau */
  return s->d_out && s->d_in && s->r_u && s->r_v && s->r_t && !__builtin_mul_overflow(s->r_u, s->r_v, &hidden) &&
         add_part(total, s->d_in, s->r_u) && add_part(total, s->r_v, s->d_out) && add_part(total, s->r_t, hidden) &&
         add_part(total, s->r_t, 1) && add_part(total, rows, columns) && add_part(total, rows, 1) &&
         *total < ((size_t)1 << 40);
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
  p->u = block_take(&block, shape->d_in * shape->r_u);
  p->v = block_take(&block, shape->r_v * shape->d_out);
  p->m = block_take(&block, shape->r_t * shape->r_u * shape->r_v);
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

void probex_init(Probex *p, Rng *rng) {
  const ProbexShape *s = &p->shape;
  size_t rows, columns, hidden = s->r_u * s->r_v;
  head_size(s, &rows, &columns);
  /* probes is Linear(r_u, d_in) read as a matrix, so its fan-in is r_u. */
  rng_fill_uniform(rng, p->u, s->d_in * s->r_u, bound(s->r_u));
  rng_fill_uniform(rng, p->v, s->r_v * s->d_out, bound(s->d_out));
  rng_fill_uniform(rng, p->m, s->r_t * hidden, bound(hidden));
  rng_fill_uniform(rng, p->b, s->r_t, bound(hidden));
  if (rows) rng_fill_uniform(rng, p->head, rows * columns, bound(columns));
  if (rows) rng_fill_uniform(rng, p->head_b, rows, bound(columns));
  *p->tau = logf(1.0f / 0.07f);
}
