/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/multiview_low.h"

#include <string.h>

#include "core/parallel.h"
#include "experts/probex/multiview.h"
#include "numerics/linalg.h"

/* What a branch keeps of a batch of R rows in all. */
typedef struct {
  float *t;               /* (R, r_u): L'U or A U; on the way back the gradient by C */
  float *c;               /* (R, r_u) */
  float *q;               /* (R, r_v): (P L)' */
  float *p1;              /* (r_v): P 1 */
  ViewStandard *standard; /* (n) */
} BranchPass;

struct MultiviewLow {
  const LayerSet *set;
  size_t capacity, n;
  size_t *gram;   /* (models + 1): where a model's k x k products begin */
  float *g, *f;   /* B'B and A A' of all models */
  float *b1, *a1; /* (rows of the set): sums of B's columns and of A's rows */
  const size_t *members;
  size_t *first; /* (n + 1): rows of each member in a and bt */
  float *a, *bt; /* gathered rows */
  BranchPass branch[VIEW_BRANCHES];
  float *dt, *dq, *dp1; /* of one branch: (R, r_u), (R, r_v), (n, r_v) */
  float *wide;          /* (R, r_u): products with G or F */
  float *block;
  size_t floats;
};

/* --- what depends on the set alone ------------------------------------------------------------------- */

static void row_sums(const float *x, size_t rows, size_t d, float *sums) {
  for (size_t r = 0; r < rows; r++) {
    double sum = 0;
    for (size_t j = 0; j < d; j++) sum += (double)x[r * d + j];
    sums[r] = (float)sum;
  }
}

static bool measure_model(void *user, size_t i, unsigned thread) {
  (void)thread;
  const MultiviewLow *p = user;
  const LayerSet *s = p->set;
  size_t row = s->first[i], k = s->first[i + 1] - row;
  const float *a = s->a + row * s->d_in, *bt = s->bt + row * s->d_out;
  gemm(false, true, k, k, s->d_in, 1, a, s->d_in, a, s->d_in, 0, p->f + p->gram[i], k);
  gemm(false, true, k, k, s->d_out, 1, bt, s->d_out, bt, s->d_out, 0, p->g + p->gram[i], k);
  row_sums(a, k, s->d_in, p->a1 + row);
  row_sums(bt, k, s->d_out, p->b1 + row);
  return true;
}

static size_t *gram_places(const LayerSet *set) {
  size_t *at = g_new0(size_t, set->n + 1);
  for (size_t i = 0; i < set->n; i++) {
    size_t k = set->first[i + 1] - set->first[i];
    at[i + 1] = at[i] + k * k;
  }
  return at;
}

/* --- memory -------------------------------------------------------------------------------------------- */

/* Cuts the parts off; with NULL counts their floats. */
static size_t take_parts(MultiviewLow *m, const Probex *p, float *block) {
  const LayerSet *set = m->set;
  const ProbexShape *s = &p->shape;
  size_t rows = m->capacity * set->max_rank, all = set->first[set->n], grams = m->gram[set->n], branches = 0;
  size_t each = rows * (2 * s->r_u + s->r_v) + s->r_v;
  for (int b = 0; b < VIEW_BRANCHES; b++) branches += p->views_u[b] != NULL;
  size_t floats = 2 * (grams + all) + rows * (set->d_in + set->d_out + 2 * s->r_u + s->r_v) + m->capacity * s->r_v +
                  branches * each;
  if (!block) return floats;
  m->g = block_take(&block, grams), m->f = block_take(&block, grams);
  m->b1 = block_take(&block, all), m->a1 = block_take(&block, all);
  m->a = block_take(&block, rows * set->d_in), m->bt = block_take(&block, rows * set->d_out);
  m->dt = block_take(&block, rows * s->r_u), m->wide = block_take(&block, rows * s->r_u);
  m->dq = block_take(&block, rows * s->r_v), m->dp1 = block_take(&block, m->capacity * s->r_v);
  for (int b = 0; b < VIEW_BRANCHES; b++) {
    BranchPass *x = &m->branch[b];
    if (!p->views_u[b]) continue;
    x->t = block_take(&block, rows * s->r_u), x->c = block_take(&block, rows * s->r_u);
    x->q = block_take(&block, rows * s->r_v), x->p1 = block_take(&block, s->r_v);
    x->standard = g_new0(ViewStandard, m->capacity + 1);
  }
  return floats;
}

MultiviewLow *multiview_low_new(const Probex *p, const LayerSet *set, size_t capacity, GError **error) {
  MultiviewLow *m = g_new0(MultiviewLow, 1);
  m->set = set;
  m->capacity = capacity;
  m->gram = gram_places(set);
  m->first = g_new0(size_t, capacity + 1);
  m->floats = take_parts(m, p, NULL);
  m->block = big_alloc(m->floats, error);
  if (!m->block) {
    multiview_low_free(m);
    return NULL;
  }
  take_parts(m, p, m->block);
  parallel_for(set->n, linalg_threads(), measure_model, m, NULL);
  return m;
}

void multiview_low_free(MultiviewLow *m) {
  if (!m) return;
  if (m->block) big_free(m->block, m->floats);
  for (int b = 0; b < VIEW_BRANCHES; b++) g_free(m->branch[b].standard);
  g_free(m->gram);
  g_free(m->first);
  g_free(m);
}

/* --- one member and branch ----------------------------------------------------------------------------- */

/* A branch's view of a member. */
typedef struct {
  size_t row, k;     /* its rows in the batch */
  const float *core; /* second order: F or G between U and C; NULL: first order */
  const float *gram; /* L'L */
  const float *ones; /* (k): L'1 */
  float scale;       /* s or s² */
} MemberView;

static MemberView member_view(const MultiviewLow *m, ViewBranch b, size_t i) {
  size_t model = m->members[i], row = m->set->first[model];
  const float *f = m->f + m->gram[model], *g = m->g + m->gram[model];
  bool out_is_b = !view_is_across(b), second = view_is_second(b);
  float s = m->set->scale[model];
  return (MemberView){.row = m->first[i],
                      .k = m->first[i + 1] - m->first[i],
                      .core = !second    ? NULL
                              : out_is_b ? f
                                         : g,
                      .gram = out_is_b ? g : f,
                      .ones = (out_is_b ? m->b1 : m->a1) + row,
                      .scale = second ? s * s : s};
}

/* to = scale · core · from, both (k, r_u). */
static void through_core(const MemberView *v, const float *from, size_t r_u, float *to) {
  if (v->core) {
    gemm(false, false, v->k, r_u, v->k, v->scale, v->core, v->k, from, r_u, 0, to, r_u);
    return;
  }
  for (size_t j = 0; j < v->k * r_u; j++) to[j] = v->scale * from[j];
}

/* Mean and spread of S = L C; `wide` (k, r_u) is scratch. */
static ViewStandard standard_of(const MemberView *v, const float *c, size_t r_u, double d, float *wide) {
  double sum = 0, squares = 0;
  gemm(false, false, v->k, r_u, v->k, 1, v->gram, v->k, c, r_u, 0, wide, r_u);
  for (size_t a = 0; a < v->k; a++) {
    double row = 0;
    for (size_t l = 0; l < r_u; l++) {
      row += (double)c[a * r_u + l];
      squares += (double)c[a * r_u + l] * (double)wide[a * r_u + l];
    }
    sum += row * (double)v->ones[a];
  }
  return view_standard(sum, squares, d * (double)r_u);
}

typedef struct {
  MultiviewLow *m;
  const Probex *p;
  ViewBranch branch;
  size_t offset; /* of the branch among a member's hidden numbers */
  float *h;      /* (n, hidden) */
  float *dh;     /* the same, on the way back */
} Share;

static bool member_forward(void *user, size_t i, unsigned thread) {
  (void)thread;
  const Share *s = user;
  const ProbexShape *shape = &s->p->shape;
  size_t u = shape->r_u, w = shape->r_v;
  BranchPass *x = &s->m->branch[s->branch];
  MemberView v = member_view(s->m, s->branch, i);
  float *c = x->c + v.row * u, *h = s->h + i * probex_hidden(shape) + s->offset;
  through_core(&v, x->t + v.row * u, u, c);
  double d = (double)probex_response_rows(shape, s->branch);
  x->standard[i] = standard_of(&v, c, u, d, s->m->wide + v.row * u);
  gemm(true, false, u, w, v.k, 1, c, u, x->q + v.row * w, w, 0, h, w);
  view_finish(&x->standard[i], x->p1, u, w, shape->linear, h);
  return true;
}

/* The gradient by C of what mean and spread add. */
static void slope_backward(const MemberView *v, const ViewSlope *slope, const float *c, size_t r_u, float *wide,
                           float *dc) {
  gemm(false, false, v->k, r_u, v->k, 1, v->gram, v->k, c, r_u, 0, wide, r_u);
  for (size_t a = 0; a < v->k; a++) {
    float same = (float)(slope->by_sum * (double)v->ones[a]), twice = (float)(2 * slope->by_squares);
    for (size_t l = 0; l < r_u; l++) dc[a * r_u + l] += same + twice * wide[a * r_u + l];
  }
}

static bool member_backward(void *user, size_t i, unsigned thread) {
  (void)thread;
  const Share *s = user;
  MultiviewLow *m = s->m;
  const ProbexShape *shape = &s->p->shape;
  size_t u = shape->r_u, w = shape->r_v, at = i * probex_hidden(shape) + s->offset;
  BranchPass *x = &m->branch[s->branch];
  MemberView v = member_view(m, s->branch, i);
  float *dz = s->dh + at, *dc = x->t + v.row * u;
  const float *c = x->c + v.row * u, *q = x->q + v.row * w;
  ViewSlope slope = view_finish_backward(&x->standard[i], x->p1, s->h + at, u, w, shape->linear, dz, m->dp1 + i * w);
  gemm(false, true, v.k, u, w, 1, q, w, dz, w, 0, dc, u);
  gemm(false, false, v.k, w, u, 1, c, u, dz, w, 0, m->dq + v.row * w, w);
  slope_backward(&v, &slope, c, u, m->wide + v.row * u, dc);
  through_core(&v, dc, u, m->dt + v.row * u);
  return true;
}

/* --- a batch --------------------------------------------------------------------------------------------- */

static bool gather_member(void *user, size_t i, unsigned thread) {
  (void)thread;
  MultiviewLow *m = user;
  const LayerSet *set = m->set;
  size_t at = m->first[i], k = m->first[i + 1] - at, from = set->first[m->members[i]];
  memcpy(m->a + at * set->d_in, set->a + from * set->d_in, k * set->d_in * sizeof(float));
  memcpy(m->bt + at * set->d_out, set->bt + from * set->d_out, k * set->d_out * sizeof(float));
  return true;
}

static void place_members(MultiviewLow *m, const size_t *members, size_t n) {
  m->members = members;
  m->n = n;
  for (size_t i = 0; i < n; i++)
    m->first[i + 1] = m->first[i] + m->set->first[members[i] + 1] - m->set->first[members[i]];
}

/* The rows that a branch's probes read, and those that its projection reads. */
static const float *probed_rows(const MultiviewLow *m, ViewBranch b) { return view_probes_out(b) ? m->bt : m->a; }
static const float *projected_rows(const MultiviewLow *m, ViewBranch b) { return view_is_across(b) ? m->a : m->bt; }

void multiview_low_forward(MultiviewLow *m, const Probex *p, const size_t *members, size_t n, float *h) {
  const ProbexShape *s = &p->shape;
  Share share = {.m = m, .p = p, .h = h};
  g_return_if_fail(n <= m->capacity);
  place_members(m, members, n);
  parallel_for(n, linalg_threads(), gather_member, m, NULL);
  size_t rows = m->first[n];
  for (int k = 0; k < VIEW_BRANCHES; k++) {
    ViewBranch b = share.branch = (ViewBranch)k;
    BranchPass *x = &m->branch[b];
    if (!p->views_u[b]) continue;
    size_t d = probex_probe_rows(s, b), e = probex_response_rows(s, b);
    gemm(false, false, rows, s->r_u, d, 1, probed_rows(m, b), d, p->views_u[b], s->r_u, 0, x->t, s->r_u);
    gemm(false, true, rows, s->r_v, e, 1, projected_rows(m, b), e, p->views_v[b], e, 0, x->q, s->r_v);
    row_sums(p->views_v[b], s->r_v, e, x->p1);
    parallel_for(n, linalg_threads(), member_forward, &share, NULL);
    share.offset += s->r_u * s->r_v;
  }
}

/* P 1 is the sum of P's columns: its gradient goes to each. */
static void add_dp1(const MultiviewLow *m, const ProbexShape *s, size_t e, float *dp) {
  for (size_t i = 1; i < m->n; i++) axpy(1, m->dp1 + i * s->r_v, m->dp1, s->r_v);
  for (size_t v = 0; v < s->r_v; v++)
    for (size_t j = 0; j < e; j++) dp[v * e + j] += m->dp1[v];
}

void multiview_low_backward(MultiviewLow *m, const Probex *p, const float *h, float *dh, Probex *grad) {
  const ProbexShape *s = &p->shape;
  Share share = {.m = m, .p = p, .h = (float *)h, .dh = dh};
  size_t rows = m->first[m->n];
  for (int k = 0; k < VIEW_BRANCHES; k++) {
    ViewBranch b = share.branch = (ViewBranch)k;
    if (!p->views_u[b]) continue;
    size_t d = probex_probe_rows(s, b), e = probex_response_rows(s, b);
    parallel_for(m->n, linalg_threads(), member_backward, &share, NULL);
    gemm(true, false, d, s->r_u, rows, 1, probed_rows(m, b), d, m->dt, s->r_u, 0, grad->views_u[b], s->r_u);
    gemm(true, false, s->r_v, e, rows, 1, m->dq, s->r_v, projected_rows(m, b), e, 0, grad->views_v[b], e);
    add_dp1(m, s, e, grad->views_v[b]);
    share.offset += s->r_u * s->r_v;
  }
}
