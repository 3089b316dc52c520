/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/painter.h"

#include <math.h>
#include <string.h>

#include "numerics/linalg.h"

enum {
  D = PAINTER_WIDTH,
  T = PAINTER_PATCHES,
  C = PAINTER_TOKENS,
  P = PAINTER_PATCH,
  F = PAINTER_INNER,
  HEAD = D / PAINTER_HEADS
};

/* --- weights ---------------------------------------------------------------------------------------- */

size_t painter_part_size(PainterPart part) {
  return part == BIAS ? F : part == INNER || part == OUTER ? (size_t)D * F : (size_t)D * D;
}

Painter *painter_new(void) {
  Painter *p = g_new0(Painter, 1);
  p->n = (size_t)D * P + T * D + (size_t)P * D + P;
  for (int k = 0; k < PAINTER_PARTS; k++) p->n += PAINTER_BLOCKS * painter_part_size((PainterPart)k);
  float *at = p->block = g_new0(float, p->n);
  p->embed = block_take(&at, (size_t)D * P);
  p->place = block_take(&at, (size_t)T * D);
  p->out = block_take(&at, (size_t)P * D);
  p->out_bias = block_take(&at, P);
  for (int b = 0; b < PAINTER_BLOCKS; b++)
    for (int k = 0; k < PAINTER_PARTS; k++) p->part[b][k] = block_take(&at, painter_part_size((PainterPart)k));
  return p;
}

void painter_free(Painter *p) {
  if (!p) return;
  g_free(p->block);
  g_free(p);
}

void painter_start(Painter *p, Rng *rng) {
  rng_fill_uniform(rng, p->embed, (size_t)D * P, 1 / sqrtf(P));
  rng_fill_normal(rng, p->place, (size_t)T * D, 0.3f);
  rng_fill_uniform(rng, p->out, (size_t)P * D, 1 / sqrtf(D));
  for (int b = 0; b < PAINTER_BLOCKS; b++)
    for (int k = 0; k < BIAS; k++)
      rng_fill_uniform(rng, p->part[b][k], painter_part_size((PainterPart)k), 1 / sqrtf(k == OUTER ? F : D));
}

/* --- scratch ---------------------------------------------------------------------------------------- */

/* What a block remembers of the way forward: rows of all pictures. */
typedef struct {
  float *n1, *n2, *n3;           /* normalised inputs (rows, D) */
  float *s1, *s2, *s3;           /* their inverse spreads (rows) */
  float *q1, *k1, *v1, *a1;      /* (rows, D) */
  float *p1;                     /* (pictures, heads, T, T) */
  float *q2, *a2, *k2, *v2, *p2; /* (rows, D) twice, (pictures C, D) twice, (pictures, heads, T, C) */
  float *inner;                  /* (rows, F) */
} Memory;

struct PainterPass {
  size_t most;
  float *block;
  Memory memory[PAINTER_BLOCKS];
  float *h, *nh, *sh, *y;                  /* (rows, D), its normal form, (rows), (rows, P) */
  float *dh, *da, *db, *dc, *dd, *df, *dt; /* (rows, D) five times, (rows, F), (pictures C, D) */
};

/* Gives each array its room in one allocation. */
static void lay_out(PainterPass *p) {
  struct {
    float **to;
    size_t n;
  } rooms[PAINTER_BLOCKS * 17 + 10];
  size_t rows = p->most * T, heads = p->most * PAINTER_HEADS, tokens = p->most * C, k = 0, all = 0;
#define ROOM(where, numbers) rooms[k].to = &(where), rooms[k].n = (numbers), all += rooms[k++].n
  for (int b = 0; b < PAINTER_BLOCKS; b++) {
    Memory *m = &p->memory[b];
    float **wide[] = {&m->n1, &m->n2, &m->n3, &m->q1, &m->k1, &m->v1, &m->a1, &m->q2, &m->a2};
    float **thin[] = {&m->s1, &m->s2, &m->s3};
    for (size_t i = 0; i < G_N_ELEMENTS(wide); i++) ROOM(*wide[i], rows * D);
    for (size_t i = 0; i < G_N_ELEMENTS(thin); i++) ROOM(*thin[i], rows);
    ROOM(m->p1, heads * T * T);
    ROOM(m->p2, heads * T * C);
    ROOM(m->k2, tokens * D);
    ROOM(m->v2, tokens * D);
    ROOM(m->inner, rows * F);
  }
  float **wide[] = {&p->h, &p->nh, &p->dh, &p->da, &p->db, &p->dc, &p->dd};
  for (size_t i = 0; i < G_N_ELEMENTS(wide); i++) ROOM(*wide[i], rows * D);
  ROOM(p->sh, rows);
  ROOM(p->y, rows * P);
  ROOM(p->df, rows * F);
#undef ROOM
  p->dt = p->block = g_new0(float, all + 2 * tokens * D);
  float *at = p->block + 2 * tokens * D;
  for (size_t i = 0; i < k; i++) *rooms[i].to = block_take(&at, rooms[i].n);
}

PainterPass *painter_pass_new(size_t most) {
  PainterPass *p = g_new0(PainterPass, 1);
  p->most = most;
  lay_out(p);
  return p;
}

void painter_pass_free(PainterPass *p) {
  if (!p) return;
  g_free(p->block);
  g_free(p);
}

/* --- pieces ----------------------------------------------------------------------------------------- */

/* y (rows, out) = x (rows, in) W', W (out, in); add: onto what is there. */
static void linear(const float *x, const float *w, size_t rows, size_t in, size_t out, bool add, float *y) {
  gemm(false, true, rows, out, in, 1, x, in, w, in, add ? 1 : 0, y, out);
}

/* dx (+)= dy W and, when dw is not NULL, dW += dy' x. */
static void linear_back(const float *x, const float *w, const float *dy, size_t rows, size_t in, size_t out, bool add,
                        float *dx, float *dw) {
  if (dx) gemm(false, false, rows, in, out, 1, dy, out, w, in, add ? 1 : 0, dx, in);
  if (dw) gemm(true, false, out, in, rows, 1, dy, out, x, in, 1, dw, in);
}

static void normalise(const float *x, size_t rows, float *n, float *inverse) {
  for (size_t r = 0; r < rows; r++, x += D, n += D) {
    float mean = 0, square = 0;
    for (int i = 0; i < D; i++) mean += x[i] / D;
    for (int i = 0; i < D; i++) square += (x[i] - mean) * (x[i] - mean) / D;
    inverse[r] = 1 / sqrtf(square + 1e-5f);
    for (int i = 0; i < D; i++) n[i] = (x[i] - mean) * inverse[r];
  }
}

/* dx += what dn makes of it. */
static void normalise_back(const float *n, const float *inverse, const float *dn, size_t rows, float *dx) {
  for (size_t r = 0; r < rows; r++, n += D, dn += D, dx += D) {
    float mean = 0, along = 0;
    for (int i = 0; i < D; i++) mean += dn[i] / D, along += dn[i] * n[i] / D;
    for (int i = 0; i < D; i++) dx[i] += inverse[r] * (dn[i] - mean - n[i] * along);
  }
}

static const float sharpness = 0.25f; /* 1 / sqrt(HEAD) */

/* Attention of each picture's patches to its `m` keys: p (pictures, heads, T, m), a (rows, D). */
static void attend(const float *q, const float *k, const float *v, size_t pictures, size_t m, float *p, float *a) {
  memset(a, 0, pictures * T * D * sizeof *a);
  for (size_t i = 0; i < pictures; i++)
    for (size_t h = 0; h < PAINTER_HEADS; h++)
      for (size_t t = 0; t < T; t++, p += m) {
        const float *qt = q + (i * T + t) * D + h * HEAD;
        float *at = a + (i * T + t) * D + h * HEAD, most = -INFINITY, sum = 0;
        for (size_t j = 0; j < m; j++) {
          const float *kj = k + (i * m + j) * D + h * HEAD;
          float s = 0;
          for (int d = 0; d < HEAD; d++) s += qt[d] * kj[d];
          most = fmaxf(most, p[j] = s * sharpness);
        }
        for (size_t j = 0; j < m; j++) sum += p[j] = expf(p[j] - most);
        for (size_t j = 0; j < m; j++) {
          const float *vj = v + (i * m + j) * D + h * HEAD;
          p[j] /= sum;
          for (int d = 0; d < HEAD; d++) at[d] += p[j] * vj[d];
        }
      }
}

/* dq, dk, dv are overwritten. */
static void attend_back(const float *q, const float *k, const float *v, const float *p, const float *da,
                        size_t pictures, size_t m, float *dq, float *dk, float *dv) {
  memset(dq, 0, pictures * T * D * sizeof *dq);
  memset(dk, 0, pictures * m * D * sizeof *dk);
  memset(dv, 0, pictures * m * D * sizeof *dv);
  for (size_t i = 0; i < pictures; i++)
    for (size_t h = 0; h < PAINTER_HEADS; h++)
      for (size_t t = 0; t < T; t++, p += m) {
        size_t row = (i * T + t) * D + h * HEAD;
        float dp[T], mean = 0;
        for (size_t j = 0; j < m; j++) {
          size_t at = (i * m + j) * D + h * HEAD;
          dp[j] = 0;
          for (int d = 0; d < HEAD; d++) {
            dp[j] += da[row + d] * v[at + d];
            dv[at + d] += p[j] * da[row + d];
          }
          mean += p[j] * dp[j];
        }
        for (size_t j = 0; j < m; j++) {
          size_t at = (i * m + j) * D + h * HEAD;
          float ds = p[j] * (dp[j] - mean) * sharpness;
          for (int d = 0; d < HEAD; d++) {
            dq[row + d] += ds * k[at + d];
            dk[at + d] += ds * q[row + d];
          }
        }
      }
}

/* --- forward ---------------------------------------------------------------------------------------- */

static void block_forward(PainterPass *s, const Painter *w, int b, const float *tokens, size_t n) {
  Memory *m = &s->memory[b];
  float *const *part = w->part[b];
  size_t rows = n * T;
  normalise(s->h, rows, m->n1, m->s1);
  linear(m->n1, part[Q1], rows, D, D, false, m->q1);
  linear(m->n1, part[K1], rows, D, D, false, m->k1);
  linear(m->n1, part[V1], rows, D, D, false, m->v1);
  attend(m->q1, m->k1, m->v1, n, T, m->p1, m->a1);
  linear(m->a1, part[O1], rows, D, D, true, s->h);
  normalise(s->h, rows, m->n2, m->s2);
  linear(m->n2, part[Q2], rows, D, D, false, m->q2);
  linear(tokens, part[K2], n * C, D, D, false, m->k2);
  linear(tokens, part[V2], n * C, D, D, false, m->v2);
  attend(m->q2, m->k2, m->v2, n, C, m->p2, m->a2);
  linear(m->a2, part[O2], rows, D, D, true, s->h);
  normalise(s->h, rows, m->n3, m->s3);
  for (size_t r = 0; r < rows; r++) memcpy(m->inner + r * F, part[BIAS], F * sizeof(float));
  linear(m->n3, part[INNER], rows, D, F, true, m->inner);
  for (size_t i = 0; i < rows * F; i++) m->inner[i] = fmaxf(m->inner[i], 0);
  linear(m->inner, part[OUTER], rows, F, D, true, s->h);
}

const float *painter_forward(PainterPass *s, const Painter *w, const float *x, const float *tokens, size_t n) {
  size_t rows = n * T;
  for (size_t i = 0; i < n; i++) memcpy(s->h + i * T * D, w->place, T * D * sizeof(float));
  linear(x, w->embed, rows, P, D, true, s->h);
  for (int b = 0; b < PAINTER_BLOCKS; b++) block_forward(s, w, b, tokens, n);
  normalise(s->h, rows, s->nh, s->sh);
  for (size_t r = 0; r < rows; r++) memcpy(s->y + r * P, w->out_bias, P * sizeof(float));
  linear(s->nh, w->out, rows, D, P, true, s->y);
  return s->y;
}

/* --- backward --------------------------------------------------------------------------------------- */

typedef struct {
  PainterPass *s;
  const Painter *w;
  const float *tokens;
  size_t n;
  const bool *wanted;
  Painter *grad;
} Way;

static float *gradient(const Way *y, int b, PainterPart part) {
  return !y->wanted || y->wanted[part] ? y->grad->part[b][part] : NULL;
}

static void inner_back(const Way *y, int b) {
  PainterPass *s = y->s;
  const Memory *m = &s->memory[b];
  size_t rows = y->n * T;
  float *bias = gradient(y, b, BIAS);
  linear_back(m->inner, y->w->part[b][OUTER], s->dh, rows, F, D, false, s->df, gradient(y, b, OUTER));
  for (size_t i = 0; i < rows * F; i++)
    if (!(m->inner[i] > 0)) s->df[i] = 0;
  for (size_t r = 0; r < rows && bias; r++) axpy(1, s->df + r * F, bias, F);
  linear_back(m->n3, y->w->part[b][INNER], s->df, rows, D, F, false, s->da, gradient(y, b, INNER));
  normalise_back(m->n3, m->s3, s->da, rows, s->dh);
}

static void cross_back(const Way *y, int b) {
  PainterPass *s = y->s;
  const Memory *m = &s->memory[b];
  size_t rows = y->n * T, tokens = y->n * C;
  float *dk = s->dt, *dv = s->dt + tokens * D;
  linear_back(m->a2, y->w->part[b][O2], s->dh, rows, D, D, false, s->da, gradient(y, b, O2));
  attend_back(m->q2, m->k2, m->v2, m->p2, s->da, y->n, C, s->db, dk, dv);
  linear_back(y->tokens, y->w->part[b][K2], dk, tokens, D, D, false, NULL, gradient(y, b, K2));
  linear_back(y->tokens, y->w->part[b][V2], dv, tokens, D, D, false, NULL, gradient(y, b, V2));
  linear_back(m->n2, y->w->part[b][Q2], s->db, rows, D, D, false, s->da, gradient(y, b, Q2));
  normalise_back(m->n2, m->s2, s->da, rows, s->dh);
}

static void self_back(const Way *y, int b) {
  PainterPass *s = y->s;
  const Memory *m = &s->memory[b];
  size_t rows = y->n * T;
  linear_back(m->a1, y->w->part[b][O1], s->dh, rows, D, D, false, s->da, gradient(y, b, O1));
  attend_back(m->q1, m->k1, m->v1, m->p1, s->da, y->n, T, s->db, s->dc, s->dd);
  linear_back(m->n1, y->w->part[b][Q1], s->db, rows, D, D, false, s->da, gradient(y, b, Q1));
  linear_back(m->n1, y->w->part[b][K1], s->dc, rows, D, D, true, s->da, gradient(y, b, K1));
  linear_back(m->n1, y->w->part[b][V1], s->dd, rows, D, D, true, s->da, gradient(y, b, V1));
  normalise_back(m->n1, m->s1, s->da, rows, s->dh);
}

void painter_backward(PainterPass *s, const Painter *w, const float *x, const float *tokens, size_t n,
                      const float *d_out, const bool wanted[PAINTER_PARTS], Painter *grad) {
  Way y = {s, w, tokens, n, wanted, grad};
  size_t rows = n * T;
  bool all = !wanted;
  linear_back(s->nh, w->out, d_out, rows, D, P, false, s->da, all ? grad->out : NULL);
  for (size_t r = 0; r < rows && all; r++) axpy(1, d_out + r * P, grad->out_bias, P);
  memset(s->dh, 0, rows * D * sizeof(float));
  normalise_back(s->nh, s->sh, s->da, rows, s->dh);
  for (int b = PAINTER_BLOCKS - 1; b >= 0; b--) {
    inner_back(&y, b);
    cross_back(&y, b);
    self_back(&y, b);
  }
  for (size_t r = 0; r < rows && all; r++) axpy(1, s->dh + r * D, grad->place + r % T * D, D);
  linear_back(x, w->embed, s->dh, rows, P, D, false, NULL, all ? grad->embed : NULL);
}
