/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/guard/guard_sketch.h"

#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"

size_t guard_width(GuardSide side, size_t size) { return side == GUARD_X ? size * size : size * (size + 1) / 2; }

typedef struct {
  const LayerSet *set;
  const size_t *models;
  GuardSide side;
  size_t size, width;
  float *left;  /* (size, d_out) */
  float *right; /* (size, d_in) */
  float *out;
} Sketching;

/* R X (size, d_in) or R X' (size, d_out) of a dense layer times what follows. */
static void image_dense(const Sketching *s, size_t model, float *g) {
  const LayerSet *set = s->set;
  size_t m = s->size, d = set->d_out, e = set->d_in, wide = MAX(d, e);
  g_autofree float *scratch = g_new(float, d *e), *t = g_new(float, m *wide);
  const float *x = layer_set_get(set, model, scratch);
  if (s->side == GUARD_V) {
    gemm(false, true, m, d, e, 1, s->right, e, x, e, 0, t, d);
    gemm(false, true, m, m, d, 1, t, d, t, d, 0, g, m);
    return;
  }
  gemm(false, false, m, e, d, 1, s->left, d, x, e, 0, t, e);
  const float *other = s->side == GUARD_X ? s->right : t;
  gemm(false, true, m, m, e, 1, t, e, other, e, 0, g, m);
}

/* The same of s B A: with P = R B and Q = R A' the sides are P (A A') P', Q (B'B) Q' and P Q'. */
static void image_low_rank(const Sketching *s, size_t model, float *g) {
  const LayerSet *set = s->set;
  size_t row = set->first[model], k = set->first[model + 1] - row, m = s->size, d = set->d_out, e = set->d_in;
  const float *a = set->a + row * e, *bt = set->bt + row * d;
  g_autofree float *p = g_new0(float, m *k + 1), *q = g_new0(float, m *k + 1);
  g_autofree float *core = g_new0(float, k *k + 1), *t = g_new0(float, m *k + 1);
  if (s->side != GUARD_V) gemm(false, true, m, k, d, 1, s->left, d, bt, d, 0, p, k);
  if (s->side != GUARD_U) gemm(false, true, m, k, e, 1, s->right, e, a, e, 0, q, k);
  if (s->side == GUARD_X) {
    gemm(false, true, m, m, k, 1, p, k, q, k, 0, g, m);
    return;
  }
  bool u = s->side == GUARD_U;
  const float *inner = u ? a : bt, *outer = u ? p : q;
  size_t width = u ? e : d;
  gemm(false, true, k, k, width, 1, inner, width, inner, width, 0, core, k);
  gemm(false, false, m, k, k, 1, outer, k, core, k, 0, t, k);
  gemm(false, true, m, m, k, 1, t, k, outer, k, 0, g, m);
}

/* All of g (m, m), or its upper half with the rest counted twice, at length 1. */
static void pack(const Sketching *s, const float *g, float *out) {
  size_t m = s->size, at = 0;
  if (s->side == GUARD_X) memcpy(out, g, m * m * sizeof *g);
  for (size_t i = 0; i < m && s->side != GUARD_X; i++)
    for (size_t j = i; j < m; j++) out[at++] = i == j ? g[i * m + j] : g[i * m + j] * (float)G_SQRT2;
  double square = 0;
  for (size_t j = 0; j < s->width; j++) square += (double)out[j] * (double)out[j];
  double by = square > 0 && isfinite(square) ? 1 / sqrt(square) : 0;
  for (size_t j = 0; j < s->width; j++) out[j] = by > 0 ? (float)((double)out[j] * by) : 0;
}

static bool sketch(void *user, size_t i, unsigned thread) {
  (void)thread;
  const Sketching *s = user;
  size_t model = s->models ? s->models[i] : i;
  g_autofree float *g = g_new0(float, s->size * s->size + 1);
  (s->set->form == LAYER_DENSE ? image_dense : image_low_rank)(s, model, g);
  pack(s, g, s->out + i * s->width);
  return true;
}

/* Deals the columns of r (rows, d) out anew, with random signs: R R' stays. */
static void turn(Rng *rng, float *r, size_t rows, size_t d) {
  g_autofree size_t *to = g_new(size_t, d + 1);
  g_autofree float *was = g_memdup2(r, rows * d * sizeof *r);
  for (size_t j = 0; j < d; j++) to[j] = j;
  rng_shuffle(rng, to, d);
  for (size_t j = 0; j < d; j++) {
    float sign = rng_below(rng, 2) ? 1 : -1;
    for (size_t i = 0; i < rows; i++) r[i * d + to[j]] = sign * was[i * d + j];
  }
}

float *guard_sketches(const LayerSet *set, const size_t *models, size_t n, GuardSide side, size_t size, uint64_t seed,
                      bool turned) {
  Sketching s = {.set = set, .models = models, .side = side, .size = size, .width = guard_width(side, size)};
  g_autofree float *left = g_new(float, size * set->d_out), *right = g_new(float, size * set->d_in);
  s.left = left, s.right = right;
  Rng rng;
  rng_init(&rng, seed, 92);
  rng_fill_normal(&rng, s.left, size * set->d_out, 1 / sqrtf((float)size));
  rng_fill_normal(&rng, s.right, size * set->d_in, 1 / sqrtf((float)size));
  if (turned) turn(&rng, s.left, size, set->d_out), turn(&rng, s.right, size, set->d_in);
  s.out = g_new0(float, n *s.width + 1);
  unsigned threads = linalg_threads(); /* one each: the matrices are small */
  linalg_set_threads(1);
  parallel_for(n, threads, sketch, &s, NULL);
  linalg_set_threads(threads);
  return s.out;
}
