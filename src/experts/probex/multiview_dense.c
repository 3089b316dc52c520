/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/multiview_dense.h"

#include <string.h>

#include "experts/probex/multiview.h"
#include "numerics/linalg.h"

/* What a branch keeps of a batch. */
typedef struct {
  float *s;               /* (n, d·r_u): the responses; of first order (one product) those of one model, made anew when
                             they are needed: all of a batch would be its largest buffer */
  float *p1;              /* (r_v): P 1 */
  float *ones;            /* (d): what sums are taken with */
  ViewStandard *standard; /* (n) */
} BranchPass;

struct MultiviewDense {
  const LayerSet *set;
  size_t capacity, n, d; /* d: the larger of the layer's sizes */
  const size_t *members;
  BranchPass branch[VIEW_BRANCHES];
  float *half; /* (d, r_u): X'U or X U of a branch of second order, then its gradient */
  float *ds;   /* (d, r_u): the gradient by S of one model */
  float *dp1;  /* (r_v) */
  float *wide; /* one layer widened, when layers are not kept as float32 */
  float *block;
  size_t floats;
};

static size_t responses_kept(const MultiviewDense *m, ViewBranch b) { return view_is_second(b) ? m->capacity : 1; }

static size_t take_parts(MultiviewDense *m, const Probex *p, float *block) {
  const ProbexShape *s = &p->shape;
  size_t wide = dense_store_all(m->set->x) ? 0 : s->d_out * s->d_in;
  size_t floats = wide + 2 * m->d * s->r_u + s->r_v;
  for (int b = 0; b < VIEW_BRANCHES; b++)
    if (p->views_u[b])
      floats += probex_response_rows(s, (ViewBranch)b) * (responses_kept(m, (ViewBranch)b) * s->r_u + 1) + s->r_v;
  if (!block) return floats;
  m->wide = block_take(&block, wide);
  m->half = block_take(&block, m->d * s->r_u), m->ds = block_take(&block, m->d * s->r_u);
  m->dp1 = block_take(&block, s->r_v);
  for (int b = 0; b < VIEW_BRANCHES; b++) {
    size_t d = probex_response_rows(s, (ViewBranch)b);
    if (!p->views_u[b]) continue;
    m->branch[b].s = block_take(&block, responses_kept(m, (ViewBranch)b) * d * s->r_u);
    m->branch[b].p1 = block_take(&block, s->r_v), m->branch[b].ones = block_take(&block, d);
    m->branch[b].standard = g_new0(ViewStandard, m->capacity + 1);
  }
  return floats;
}

static void set_ones(MultiviewDense *m, const ProbexShape *s) {
  for (int b = 0; b < VIEW_BRANCHES; b++) {
    if (!m->branch[b].ones) continue;
    const float *from = view_is_across((ViewBranch)b) ? m->set->ones_in : m->set->ones_out;
    for (size_t j = 0; j < probex_response_rows(s, (ViewBranch)b); j++) m->branch[b].ones[j] = from ? from[j] : 1;
  }
}

MultiviewDense *multiview_dense_new(const Probex *p, const LayerSet *set, size_t capacity, GError **error) {
  MultiviewDense *m = g_new0(MultiviewDense, 1);
  m->set = set;
  m->capacity = capacity;
  m->d = MAX(set->d_out, set->d_in);
  m->floats = take_parts(m, p, NULL);
  m->block = big_alloc(m->floats, error);
  if (!m->block) {
    multiview_dense_free(m);
    return NULL;
  }
  take_parts(m, p, m->block);
  set_ones(m, &p->shape);
  return m;
}

void multiview_dense_free(MultiviewDense *m) {
  if (!m) return;
  if (m->block) big_free(m->block, m->floats);
  for (int b = 0; b < VIEW_BRANCHES; b++) g_free(m->branch[b].standard);
  g_free(m);
}

/* to = X from, or X' from. */
static void times(const MultiviewDense *m, const float *x, bool across, const float *from, size_t r, float *to) {
  size_t rows = across ? m->set->d_in : m->set->d_out, inner = across ? m->set->d_out : m->set->d_in;
  gemm(across, false, rows, r, inner, 1, x, m->set->d_in, from, r, 0, to, r);
}

static ViewStandard standard_of(const float *s, const float *ones, size_t d, size_t r, double n) {
  double sum = 0, squares = 0;
  for (size_t j = 0; j < d; j++, s += r) {
    double row = 0;
    for (size_t l = 0; l < r; l++) {
      row += (double)s[l];
      squares += (double)s[l] * (double)s[l];
    }
    sum += row * (double)ones[j];
  }
  return view_standard(sum, squares, n);
}

/* Where the response of model i stands, or is made. */
static float *response_at(const MultiviewDense *m, const Probex *p, ViewBranch b, size_t i) {
  return m->branch[b].s + (view_is_second(b) ? i * probex_response_rows(&p->shape, b) * p->shape.r_u : 0);
}

/* S of a branch of first order. */
static void respond(MultiviewDense *m, const Probex *p, ViewBranch b, size_t i, const float *x) {
  times(m, x, view_is_across(b), p->views_u[b], p->shape.r_u, response_at(m, p, b, i));
}

static void branch_forward(MultiviewDense *m, const Probex *p, ViewBranch b, size_t i, const float *x, float *h) {
  const ProbexShape *shape = &p->shape;
  BranchPass *at = &m->branch[b];
  size_t d = probex_response_rows(shape, b), r = shape->r_u, w = shape->r_v;
  float *s = response_at(m, p, b, i);
  if (view_is_second(b))
    times(m, x, !view_is_across(b), p->views_u[b], r, m->half), times(m, x, view_is_across(b), m->half, r, s);
  else respond(m, p, b, i, x);
  double full = (double)(view_is_across(b) ? m->set->full_in : m->set->full_out);
  at->standard[i] = standard_of(s, at->ones, d, r, full * (double)r);
  gemm(true, true, r, w, d, 1, s, r, p->views_v[b], d, 0, h, w);
  view_finish(&at->standard[i], at->p1, r, w, shape->linear, h);
}

void multiview_dense_forward(MultiviewDense *m, const Probex *p, const size_t *members, size_t n, float *h) {
  const ProbexShape *s = &p->shape;
  g_return_if_fail(n <= m->capacity);
  m->members = members;
  m->n = n;
  for (int b = 0; b < VIEW_BRANCHES; b++) {
    size_t d = probex_response_rows(s, (ViewBranch)b);
    for (size_t v = 0; p->views_u[b] && v < s->r_v; v++)
      m->branch[b].p1[v] = dot(p->views_v[b] + v * d, m->branch[b].ones, d);
  }
  for (size_t i = 0; i < n; i++) {
    const float *x = layer_set_get(m->set, members[i], m->wide);
    for (int b = 0; b < VIEW_BRANCHES; b++) {
      if (!p->views_u[b]) continue;
      branch_forward(m, p, (ViewBranch)b, i, x, h);
      h += s->r_u * s->r_v;
    }
  }
}

/* dS = P'dY' + what mean and spread add. */
static void response_backward(MultiviewDense *m, const Probex *p, ViewBranch b, size_t i, const ViewSlope *slope,
                              const float *dy) {
  const BranchPass *at = &m->branch[b];
  size_t d = probex_response_rows(&p->shape, b), r = p->shape.r_u, w = p->shape.r_v;
  const float *s = response_at(m, p, b, i);
  gemm(true, true, d, r, w, 1, p->views_v[b], d, dy, w, 0, m->ds, r);
  for (size_t j = 0; j < d; j++) {
    float same = (float)(slope->by_sum * (double)at->ones[j]), twice = (float)(2 * slope->by_squares);
    for (size_t l = 0; l < r; l++) m->ds[j * r + l] += same + twice * s[j * r + l];
  }
}

static void branch_backward(MultiviewDense *m, const Probex *p, ViewBranch b, size_t i, const float *x, const float *h,
                            float *dz, Probex *grad) {
  const ProbexShape *shape = &p->shape;
  BranchPass *at = &m->branch[b];
  size_t d = probex_response_rows(shape, b), e = probex_probe_rows(shape, b), r = shape->r_u, w = shape->r_v;
  float add = i ? 1 : 0, *dv = grad->views_v[b];
  ViewSlope slope = view_finish_backward(&at->standard[i], at->p1, h, r, w, shape->linear, dz, m->dp1);
  if (!view_is_second(b)) respond(m, p, b, i, x);
  gemm(true, true, w, d, r, 1, dz, w, response_at(m, p, b, i), r, add, dv, d);
  for (size_t v = 0; v < w; v++) axpy(m->dp1[v], at->ones, dv + v * d, d);
  response_backward(m, p, b, i, &slope, dz);
  /* S = X W, W = X'U or U: dW = X' dS; the second order goes through X once more. */
  const float *last = m->ds;
  if (view_is_second(b)) times(m, x, !view_is_across(b), m->ds, r, m->half), last = m->half;
  bool across = view_is_second(b) ? view_is_across(b) : !view_is_across(b);
  size_t inner = across ? m->set->d_out : m->set->d_in;
  gemm(across, false, e, r, inner, 1, x, m->set->d_in, last, r, add, grad->views_u[b], r);
}

void multiview_dense_backward(MultiviewDense *m, const Probex *p, size_t from, size_t count, const float *h, float *dh,
                              Probex *grad) {
  const ProbexShape *s = &p->shape;
  for (size_t i = from; i < from + count && i < m->n; i++) {
    const float *x = layer_set_get(m->set, m->members[i], m->wide);
    for (int b = 0; b < VIEW_BRANCHES; b++) {
      if (!p->views_u[b]) continue;
      branch_backward(m, p, (ViewBranch)b, i, x, h, dh, grad);
      h += s->r_u * s->r_v, dh += s->r_u * s->r_v;
    }
  }
}
