/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes, for a batch of n models with R rows of factors in all (R = sum of ranks):
 *
 *   low-rank  P  = A U        (R, r_u)    one product for the batch
 *             Qt = B' V'      (R, r_v)    one product for the batch
 *             Z' = s P'Qt     (r_u, r_v)  for each model, from its r rows
 *   dense     Y  = X U        (n·d_out, r_u)
 *             Z' = Y' V'      (r_u, r_v)  for each model
 *   both      H  = relu(Z')   (n, r_u·r_v): a row is vec(H), probe-major
 *             e  = H M' + b   (n, r_t) */
#include "experts/probex/probex_pass.h"

#include <string.h>

#include "core/parallel.h"
#include "experts/probex/multiview_dense.h"
#include "experts/probex/multiview_low.h"
#include "numerics/linalg.h"
#include "numerics/simd.h"

enum { DENSE_AT_ONCE = 16 };

struct ProbexPass {
  size_t capacity, n, rows;
  size_t *first; /* (n + 1): rows of each member in a and bt */
  float *scale;  /* (n) */
  float *wide;   /* (d_out, d_in): one layer widened, when layers are not kept as float32 */
  const size_t *members;
  float *block; /* all buffers below */
  size_t floats;
  float *a, *bt;     /* gathered rows: (R, d_in), (R, d_out) */
  float *left;       /* P (R, r_u), or Y (n·d_out, r_u) */
  float *qt;         /* (R, r_v) */
  float *h;          /* (n, r_u·r_v): relu(Z'); zero exactly where Z' <= 0 */
  float *dh;         /* (n, r_u·r_v); of several views of dense layers that of DENSE_AT_ONCE models */
  float *dleft;      /* gradient of P or, for one model, of Y */
  float *dqt;        /* (R, r_v) */
  MultiviewLow *low; /* with views, one of these computes h and all up to dh; else both are NULL */
  MultiviewDense *dense;
};

/* With views: h and dh are all that is needed here. */
static bool take_views(ProbexPass *pass, const Probex *p, const LayerSet *set, size_t capacity, GError **error) {
  bool low = set->form == LAYER_LOW_RANK;
  if (low) pass->low = multiview_low_new(p, set, capacity, error);
  else pass->dense = multiview_dense_new(p, set, capacity, error);
  return pass->low || pass->dense;
}

ProbexPass *probex_pass_new(const Probex *p, const LayerSet *set, size_t capacity, GError **error) {
  const ProbexShape *s = &p->shape;
  bool low = set->form == LAYER_LOW_RANK;
  bool views = s->views != 0; /* these have buffers of their own */
  size_t rows = low && !views ? capacity * set->max_rank : 0;
  size_t left = low || views ? rows * s->r_u : capacity * s->d_out * s->r_u;
  size_t dleft = low || views ? left : s->d_out * s->r_u;
  size_t hidden = capacity * probex_hidden(s);
  size_t wide = low || views || dense_store_all(set->x) ? 0 : s->d_out * s->d_in;
  size_t slopes = low || !views ? hidden : MIN(capacity, (size_t)DENSE_AT_ONCE) * probex_hidden(s);
  size_t floats = wide + rows * (s->d_in + s->d_out + 2 * s->r_v) + left + dleft + hidden + slopes;
  float *block = big_alloc(floats, error);
  if (!block) return NULL;
  ProbexPass *pass = g_new0(ProbexPass, 1);
  pass->capacity = capacity;
  pass->first = g_new0(size_t, capacity + 1);
  pass->scale = g_new0(float, capacity + 1);
  pass->block = block;
  pass->floats = floats;
  pass->wide = block_take(&block, wide);
  pass->a = block_take(&block, rows * s->d_in);
  pass->bt = block_take(&block, rows * s->d_out);
  pass->left = block_take(&block, left);
  pass->qt = block_take(&block, rows * s->r_v);
  pass->h = block_take(&block, hidden);
  pass->dh = block_take(&block, slopes);
  pass->dleft = block_take(&block, dleft);
  pass->dqt = block_take(&block, rows * s->r_v);
  if (!views || take_views(pass, p, set, capacity, error)) return pass;
  probex_pass_free(pass);
  return NULL;
}

void probex_pass_free(ProbexPass *pass) {
  if (!pass) return;
  multiview_low_free(pass->low);
  multiview_dense_free(pass->dense);
  big_free(pass->block, pass->floats);
  g_free(pass->first);
  g_free(pass->scale);
  g_free(pass);
}

/* --- work that is shared over threads, model by model ------------------------------------------- */

/* What the bodies of the loops below need. */
typedef struct {
  ProbexPass *pass;
  const Probex *p;
  const LayerSet *set;
} Share;

static void each_member(ProbexPass *pass, const Probex *p, const LayerSet *set, ParallelFn body) {
  Share share = {pass, p, set};
  parallel_for(pass->n, linalg_threads(), body, &share, NULL);
}

/* x = max(x, 0). NaN stays, so that a diverged run shows. */
VECTOR_LOOP static void relu(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = x[i] <= 0 ? 0 : x[i];
}

/* d = 0 wherever h is. */
VECTOR_LOOP static void mask(float *restrict d, const float *restrict h, size_t n) {
  for (size_t i = 0; i < n; i++) d[i] = h[i] <= 0 ? 0 : d[i];
}

/* --- forward ------------------------------------------------------------------------------------- */

static void place_members(ProbexPass *pass, const LayerSet *set) {
  size_t at = 0;
  for (size_t i = 0; i < pass->n; i++) {
    pass->first[i] = at;
    pass->scale[i] = set->scale[pass->members[i]];
    at += set->first[pass->members[i] + 1] - set->first[pass->members[i]];
  }
  pass->first[pass->n] = pass->rows = at;
}

/* Copies a member's rows beside the others'. */
static bool gather_member(void *user, size_t i, unsigned thread) {
  (void)thread;
  const Share *s = user;
  const LayerSet *set = s->set;
  size_t at = s->pass->first[i], r = s->pass->first[i + 1] - at;
  size_t from = set->first[s->pass->members[i]];
  memcpy(s->pass->a + at * set->d_in, set->a + from * set->d_in, r * set->d_in * sizeof(float));
  memcpy(s->pass->bt + at * set->d_out, set->bt + from * set->d_out, r * set->d_out * sizeof(float));
  return true;
}

/* H of one member from its rows of P and Qt. */
static bool hidden_low_rank(void *user, size_t i, unsigned thread) {
  (void)thread;
  const Share *s = user;
  const ProbexPass *pass = s->pass;
  size_t u = s->p->shape.r_u, v = s->p->shape.r_v;
  size_t row = pass->first[i], r = pass->first[i + 1] - row;
  float *h = pass->h + i * u * v;
  gemm(true, false, u, v, r, pass->scale[i], pass->left + row * u, u, pass->qt + row * v, v, 0, h, v);
  if (!s->p->shape.linear) relu(h, u * v);
  return true;
}

static void forward_low_rank(ProbexPass *pass, const Probex *p, const LayerSet *set) {
  const ProbexShape *s = &p->shape;
  place_members(pass, set);
  each_member(pass, p, set, gather_member);
  gemm(false, false, pass->rows, s->r_u, s->d_in, 1, pass->a, s->d_in, p->u, s->r_u, 0, pass->left, s->r_u);
  gemm(false, true, pass->rows, s->r_v, s->d_out, 1, pass->bt, s->d_out, p->v, s->d_out, 0, pass->qt, s->r_v);
  each_member(pass, p, set, hidden_low_rank);
}

static void forward_dense(ProbexPass *pass, const Probex *p, const LayerSet *set) {
  const ProbexShape *s = &p->shape;
  size_t hidden = s->r_u * s->r_v, response = s->d_out * s->r_u;
  for (size_t i = 0; i < pass->n; i++) {
    float *y = pass->left + i * response, *h = pass->h + i * hidden;
    const float *x = layer_set_get(set, pass->members[i], pass->wide);
    gemm(false, false, s->d_out, s->r_u, s->d_in, 1, x, s->d_in, p->u, s->r_u, 0, y, s->r_u);
    gemm(true, true, s->r_u, s->r_v, s->d_out, 1, y, s->r_u, p->v, s->d_out, 0, h, s->r_v);
    if (!s->linear) relu(h, hidden);
  }
}

void probex_forward(ProbexPass *pass, const Probex *p, const LayerSet *set, const size_t *members, size_t n, float *e) {
  const ProbexShape *s = &p->shape;
  size_t hidden = probex_hidden(s);
  g_return_if_fail(n <= pass->capacity);
  pass->n = n;
  pass->members = members;
  if (pass->low) multiview_low_forward(pass->low, p, members, n, pass->h);
  else if (pass->dense) multiview_dense_forward(pass->dense, p, members, n, pass->h);
  else if (set->form == LAYER_LOW_RANK) forward_low_rank(pass, p, set);
  else forward_dense(pass, p, set);
  for (size_t i = 0; i < n; i++) memcpy(e + i * s->r_t, p->b, s->r_t * sizeof(float));
  gemm(false, true, n, s->r_t, hidden, 1, pass->h, hidden, p->m, hidden, 1, e, s->r_t);
}

/* --- backward ------------------------------------------------------------------------------------ */

/* dP = s Qt dZ, dQt = s P dZ' for a member's rows; dZ' is dh's row. */
static bool rows_backward(void *user, size_t i, unsigned thread) {
  (void)thread;
  const Share *s = user;
  const ProbexPass *pass = s->pass;
  size_t u = s->p->shape.r_u, v = s->p->shape.r_v;
  size_t row = pass->first[i], r = pass->first[i + 1] - row;
  float *dz = pass->dh + i * u * v; /* (r_u, r_v) */
  if (!s->p->shape.linear) mask(dz, pass->h + i * u * v, u * v);
  gemm(false, true, r, u, v, pass->scale[i], pass->qt + row * v, v, dz, v, 0, pass->dleft + row * u, u);
  gemm(false, false, r, v, u, pass->scale[i], pass->left + row * u, u, dz, v, 0, pass->dqt + row * v, v);
  return true;
}

/* After the rows one product each for U and V over the batch. */
static void backward_low_rank(ProbexPass *pass, const Probex *p, const LayerSet *set, Probex *grad) {
  const ProbexShape *s = &p->shape;
  each_member(pass, p, set, rows_backward);
  gemm(true, false, s->d_in, s->r_u, pass->rows, 1, pass->a, s->d_in, pass->dleft, s->r_u, 0, grad->u, s->r_u);
  gemm(true, false, s->r_v, s->d_out, pass->rows, 1, pass->dqt, s->r_v, pass->bt, s->d_out, 0, grad->v, s->d_out);
}

/* dY = V' dZ, dU += X' dY, dV += dZ Y' model by model. */
static void backward_dense(ProbexPass *pass, const Probex *p, const LayerSet *set, Probex *grad) {
  const ProbexShape *s = &p->shape;
  size_t hidden = s->r_u * s->r_v, response = s->d_out * s->r_u;
  for (size_t i = 0; i < pass->n; i++) {
    float *dz = pass->dh + i * hidden; /* (r_u, r_v) */
    const float *y = pass->left + i * response;
    const float add = i ? 1 : 0;
    if (!s->linear) mask(dz, pass->h + i * hidden, hidden);
    gemm(true, true, s->d_out, s->r_u, s->r_v, 1, p->v, s->d_out, dz, s->r_v, 0, pass->dleft, s->r_u);
    const float *x = layer_set_get(set, pass->members[i], pass->wide);
    gemm(true, false, s->d_in, s->r_u, s->d_out, 1, x, s->d_in, pass->dleft, s->r_u, add, grad->u, s->r_u);
    gemm(true, true, s->r_v, s->d_out, s->r_u, 1, dz, s->r_v, y, s->r_u, add, grad->v, s->d_out);
  }
}

/* Some models at a time. */
static void backward_views_dense(ProbexPass *pass, const Probex *p, const float *de, Probex *grad) {
  const ProbexShape *s = &p->shape;
  size_t hidden = probex_hidden(s);
  for (size_t at = 0; at < pass->n; at += DENSE_AT_ONCE) {
    size_t k = MIN((size_t)DENSE_AT_ONCE, pass->n - at);
    gemm(false, false, k, hidden, s->r_t, 1, de + at * s->r_t, s->r_t, p->m, hidden, 0, pass->dh, hidden);
    multiview_dense_backward(pass->dense, p, at, k, pass->h + at * hidden, pass->dh, grad);
  }
}

void probex_backward(ProbexPass *pass, const Probex *p, const LayerSet *set, const float *de, Probex *grad) {
  const ProbexShape *s = &p->shape;
  size_t hidden = probex_hidden(s), n = pass->n;
  gemm(true, false, s->r_t, hidden, n, 1, de, s->r_t, pass->h, hidden, 0, grad->m, hidden);
  memset(grad->b, 0, s->r_t * sizeof(float));
  for (size_t i = 0; i < n; i++) axpy(1, de + i * s->r_t, grad->b, s->r_t);
  if (pass->dense) {
    backward_views_dense(pass, p, de, grad);
    return;
  }
  gemm(false, false, n, hidden, s->r_t, 1, de, s->r_t, p->m, hidden, 0, pass->dh, hidden);
  if (pass->low) multiview_low_backward(pass->low, p, pass->h, pass->dh, grad);
  else if (set->form == LAYER_LOW_RANK) backward_low_rank(pass, p, set, grad);
  else backward_dense(pass, p, set, grad);
}

bool probex_represent(const Probex *p, const LayerSet *set, float *e, const Progress *progress, GError **error) {
  enum { BATCH = 64 };
  size_t members[BATCH];
  g_autoptr(ProbexPass) pass = probex_pass_new(p, set, BATCH, error);
  if (!pass) return false;
  for (size_t at = 0; at < set->n; at += BATCH) {
    size_t n = MIN((size_t)BATCH, set->n - at);
    for (size_t i = 0; i < n; i++) members[i] = at + i;
    if (!progress_step(progress, "applying", at, set->n, error)) return false;
    probex_forward(pass, p, set, members, n, e + at * p->shape.r_t);
  }
  return true;
}
