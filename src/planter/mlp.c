/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/mlp.h"

#include <math.h>
#include <string.h>

#include "numerics/linalg.h"

static const float NORM_EPS = 1e-5f;

/* Hands out consecutive pieces of one block; with NULL it only counts. */
static float *take(float *data, size_t *at, size_t n) {
  float *piece = data ? data + *at : NULL;
  *at += n;
  return piece;
}

/* Sets the pointers into mlp->data; returns the floats needed. */
static size_t lay_out(Mlp *mlp) {
  const MlpShape *s = &mlp->shape;
  size_t at = 0;
  mlp->w_in = take(mlp->data, &at, s->hidden * s->in);
  mlp->b_in = take(mlp->data, &at, s->hidden);
  for (unsigned i = 0; i < s->blocks; i++) {
    if (s->norm) {
      mlp->gain[i] = take(mlp->data, &at, s->hidden);
      mlp->shift[i] = take(mlp->data, &at, s->hidden);
    }
    if (s->norm == MLP_NORM_BATCH) {
      mlp->mean[i] = take(mlp->data, &at, s->hidden);
      mlp->var[i] = take(mlp->data, &at, s->hidden);
    }
    mlp->w[i] = take(mlp->data, &at, s->hidden * s->hidden);
    mlp->b[i] = take(mlp->data, &at, s->hidden);
  }
  mlp->w_out = take(mlp->data, &at, s->out * s->hidden);
  mlp->b_out = take(mlp->data, &at, s->out);
  return at;
}

Mlp *mlp_new(const MlpShape *shape) {
  g_return_val_if_fail(shape->blocks <= MLP_MAX_BLOCKS, NULL);
  Mlp *mlp = g_new0(Mlp, 1);
  mlp->shape = *shape;
  mlp->count = lay_out(mlp);
  mlp->data = g_new0(float, mlp->count);
  lay_out(mlp);
  return mlp;
}

void mlp_free(Mlp *mlp) {
  if (!mlp) return;
  g_free(mlp->data);
  g_free(mlp);
}

static void init_linear(Rng *rng, float *w, float *b, size_t out, size_t in) {
  float bound = 1 / sqrtf((float)in);
  rng_fill_uniform(rng, w, out * in, bound);
  rng_fill_uniform(rng, b, out, bound);
}

/* A fresh head starts small beside what it learns, as the heads of large networks do in their long
 * training: it then pulls the trunk by what the classes look like. A start as large as a hidden layer's
 * pulls it in random directions, and the classes leave no mark that a linear reader finds. */
#define HEAD_SD 0.005f

void mlp_init_head(Mlp *mlp, Rng *rng) {
  memset(mlp->b_out, 0, mlp->shape.out * sizeof(float));
  rng_fill_normal(rng, mlp->w_out, mlp->shape.out * mlp->shape.hidden, HEAD_SD);
}

void mlp_init(Mlp *mlp, Rng *rng) {
  const MlpShape *s = &mlp->shape;
  init_linear(rng, mlp->w_in, mlp->b_in, s->hidden, s->in);
  for (unsigned i = 0; i < s->blocks; i++) {
    if (s->norm)
      for (size_t j = 0; j < s->hidden; j++) mlp->gain[i][j] = 1, mlp->shift[i][j] = 0;
    for (size_t j = 0; s->norm == MLP_NORM_BATCH && j < s->hidden; j++) mlp->mean[i][j] = 0, mlp->var[i][j] = 1;
    init_linear(rng, mlp->w[i], mlp->b[i], s->hidden, s->hidden);
  }
  init_linear(rng, mlp->w_out, mlp->b_out, s->out, s->hidden);
}

void mlp_copy_trunk(Mlp *to, const Mlp *from) {
  memcpy(to->data, from->data, (size_t)(from->w_out - from->data) * sizeof(float));
  to->batches = from->batches;
}

Lora *lora_new(const MlpShape *shape, size_t rank) {
  Lora *lora = g_new0(Lora, 1);
  lora->hidden = shape->hidden;
  lora->rank = rank;
  lora->blocks = shape->blocks;
  lora->count = 2 * lora->blocks * rank * shape->hidden;
  lora->data = g_new0(float, lora->count);
  size_t at = 0;
  for (unsigned i = 0; i < lora->blocks; i++) {
    lora->a[i] = take(lora->data, &at, rank * shape->hidden);
    lora->b[i] = take(lora->data, &at, shape->hidden * rank);
  }
  return lora;
}

void lora_free(Lora *lora) {
  if (!lora) return;
  g_free(lora->data);
  g_free(lora);
}

void lora_init(Lora *lora, Rng *rng) {
  size_t n = lora->rank * lora->hidden;
  for (unsigned i = 0; i < lora->blocks; i++) {
    rng_fill_uniform(rng, lora->a[i], n, 1 / sqrtf((float)lora->hidden));
    memset(lora->b[i], 0, n * sizeof(float));
  }
}

struct MlpPass {
  size_t batch, hidden, rank;
  float *data;
  /* Into data, (batch, hidden) each: */
  float *h[MLP_MAX_BLOCKS + 1];
  float *u[MLP_MAX_BLOCKS]; /* h[i] itself in a network without norms */
  float *r[MLP_MAX_BLOCKS]; /* relu(y) */
  float *dh, *dy, *du;
  float *inverse[MLP_MAX_BLOCKS]; /* 1 / standard deviation: of h's rows (batch), in a batch norm
                                     of its columns (hidden) */
  float *centre[MLP_MAX_BLOCKS];  /* (hidden): mean of h's columns, for a batch norm */
  float *t[MLP_MAX_BLOCKS];       /* (batch, rank): u A' */
  float *dt;                      /* (batch, rank) */
  float *out;                     /* (batch, out) */
};

static size_t pass_lay_out(MlpPass *p, const MlpShape *s) {
  size_t at = 0, wide = p->batch * s->hidden;
  for (unsigned i = 0; i <= s->blocks; i++) p->h[i] = take(p->data, &at, wide);
  for (unsigned i = 0; i < s->blocks; i++) {
    p->u[i] = s->norm ? take(p->data, &at, wide) : p->h[i];
    p->r[i] = take(p->data, &at, wide);
    p->inverse[i] = take(p->data, &at, MAX(p->batch, s->hidden));
    p->centre[i] = take(p->data, &at, s->hidden);
    p->t[i] = take(p->data, &at, p->batch * p->rank);
  }
  p->dh = take(p->data, &at, wide);
  p->dy = take(p->data, &at, wide);
  p->du = take(p->data, &at, wide);
  p->dt = take(p->data, &at, p->batch * p->rank);
  p->out = take(p->data, &at, p->batch * s->out);
  return at;
}

MlpPass *mlp_pass_new(const MlpShape *shape, size_t rank, size_t batch) {
  MlpPass *pass = g_new0(MlpPass, 1);
  pass->batch = batch;
  pass->hidden = shape->hidden;
  pass->rank = rank;
  size_t n = pass_lay_out(pass, shape);
  pass->data = g_new0(float, n);
  pass_lay_out(pass, shape);
  return pass;
}

void mlp_pass_free(MlpPass *pass) {
  if (!pass) return;
  g_free(pass->data);
  g_free(pass);
}

/* y (n, out) = x (n, in) W' + b. */
static void linear_forward(const float *w, const float *b, size_t out, size_t in, const float *x, size_t n, float *y) {
  for (size_t i = 0; i < n; i++) memcpy(y + i * out, b, out * sizeof(float));
  gemm(false, true, n, out, in, 1, x, in, w, in, 1, y, out);
}

/* dW (out, in) = dy' x, db = column sums of dy. */
static void linear_gradient(const float *dy, const float *x, size_t n, size_t out, size_t in, float *dw, float *db) {
  gemm(true, false, out, in, n, 1, dy, out, x, in, 0, dw, in);
  memset(db, 0, out * sizeof(float));
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < out; j++) db[j] += dy[i * out + j];
}

static void norm_forward(const float *gain, const float *shift, const float *h, size_t n, size_t width, float *u,
                         float *inverse) {
  for (size_t i = 0; i < n; i++) {
    const float *row = h + i * width;
    float mean = 0, var = 0;
    for (size_t j = 0; j < width; j++) mean += row[j];
    mean /= (float)width;
    for (size_t j = 0; j < width; j++) var += (row[j] - mean) * (row[j] - mean);
    inverse[i] = 1 / sqrtf(var / (float)width + NORM_EPS);
    for (size_t j = 0; j < width; j++) u[i * width + j] = (row[j] - mean) * inverse[i] * gain[j] + shift[j];
  }
}

/* Adds the gradient by h to dh, and the parameters' to d_gain and d_shift unless NULL. With
 * z = (h - mean) · inverse and q = du · gain: dh = inverse (q - mean q - z mean(q z)). */
static void norm_backward(const float *gain, const float *h, const float *du, const float *inverse, size_t n,
                          size_t width, float *dh, float *d_gain, float *d_shift) {
  for (size_t i = 0; i < n; i++) {
    const float *row = h + i * width, *g = du + i * width;
    float mean = 0, sum_q = 0, sum_qz = 0;
    for (size_t j = 0; j < width; j++) mean += row[j];
    mean /= (float)width;
    for (size_t j = 0; j < width; j++) {
      float z = (row[j] - mean) * inverse[i], q = g[j] * gain[j];
      sum_q += q, sum_qz += q * z;
      if (d_gain) d_gain[j] += g[j] * z, d_shift[j] += g[j];
    }
    sum_q /= (float)width, sum_qz /= (float)width;
    for (size_t j = 0; j < width; j++) {
      float z = (row[j] - mean) * inverse[i];
      dh[i * width + j] += inverse[i] * (g[j] * gain[j] - sum_q - z * sum_qz);
    }
  }
}

/* The same over the columns of the batch. */
static void batch_norm_forward(const float *gain, const float *shift, const float *h, size_t n, size_t width, float *u,
                               float *centre, float *inverse) {
  for (size_t j = 0; j < width; j++) {
    float mean = 0, var = 0;
    for (size_t i = 0; i < n; i++) mean += h[i * width + j];
    mean /= (float)n;
    for (size_t i = 0; i < n; i++) var += (h[i * width + j] - mean) * (h[i * width + j] - mean);
    centre[j] = mean;
    inverse[j] = 1 / sqrtf(var / (float)n + NORM_EPS);
    for (size_t i = 0; i < n; i++) u[i * width + j] = (h[i * width + j] - mean) * inverse[j] * gain[j] + shift[j];
  }
}

/* Adds the gradient by h to dh: dh = inverse gain (du - mean du - z mean(du z)), the means over the
 * batch; and the parameters' to d_gain and d_shift unless NULL. */
static void batch_norm_backward(const float *gain, const float *h, const float *du, const float *centre,
                                const float *inverse, size_t n, size_t width, float *dh, float *d_gain,
                                float *d_shift) {
  for (size_t j = 0; j < width; j++) {
    float sum = 0, sum_z = 0;
    for (size_t i = 0; i < n; i++) {
      float g = du[i * width + j];
      sum += g, sum_z += g * (h[i * width + j] - centre[j]) * inverse[j];
    }
    if (d_gain) d_gain[j] += sum_z, d_shift[j] += sum;
    for (size_t i = 0; i < n; i++) {
      float z = (h[i * width + j] - centre[j]) * inverse[j];
      dh[i * width + j] += inverse[j] * gain[j] * (du[i * width + j] - (sum + z * sum_z) / (float)n);
    }
  }
}

void mlp_track(const MlpPass *p, Mlp *mlp) {
  if (mlp->shape.norm != MLP_NORM_BATCH) return;
  for (unsigned i = 0; i < mlp->shape.blocks; i++)
    for (size_t j = 0; j < p->hidden; j++) {
      float var = 1 / (p->inverse[i][j] * p->inverse[i][j]) - NORM_EPS;
      mlp->mean[i][j] += 0.1f * (p->centre[i][j] - mlp->mean[i][j]);
      mlp->var[i][j] += 0.1f * (var - mlp->var[i][j]);
    }
  mlp->batches++;
}

static void block_forward(MlpPass *p, const Mlp *mlp, const Lora *lora, unsigned i, size_t n) {
  size_t d = p->hidden;
  if (mlp->shape.norm == MLP_NORM_LAYER)
    norm_forward(mlp->gain[i], mlp->shift[i], p->h[i], n, d, p->u[i], p->inverse[i]);
  if (mlp->shape.norm == MLP_NORM_BATCH)
    batch_norm_forward(mlp->gain[i], mlp->shift[i], p->h[i], n, d, p->u[i], p->centre[i], p->inverse[i]);
  float *r = p->r[i], *next = p->h[i + 1];
  linear_forward(mlp->w[i], mlp->b[i], d, d, p->u[i], n, r);
  if (lora) {
    gemm(false, true, n, lora->rank, d, 1, p->u[i], d, lora->a[i], d, 0, p->t[i], lora->rank);
    gemm(false, true, n, d, lora->rank, 1, p->t[i], lora->rank, lora->b[i], lora->rank, 1, r, d);
  }
  for (size_t j = 0; j < n * d; j++) {
    r[j] = r[j] > 0 ? r[j] : 0;
    next[j] = p->h[i][j] + r[j];
  }
}

const float *mlp_forward(MlpPass *p, const Mlp *mlp, const Lora *lora, const float *x, size_t n) {
  const MlpShape *s = &mlp->shape;
  linear_forward(mlp->w_in, mlp->b_in, s->hidden, s->in, x, n, p->h[0]);
  for (unsigned i = 0; i < s->blocks; i++) block_forward(p, mlp, lora, i, n);
  linear_forward(mlp->w_out, mlp->b_out, s->out, s->hidden, p->h[s->blocks], n, p->out);
  return p->out;
}

/* The adapter's share of a block: dB = dy' t, dt = dy B, dA = dt' u. */
static void lora_backward(MlpPass *p, const Lora *lora, unsigned i, size_t n, Lora *grad) {
  size_t d = p->hidden, r = lora->rank;
  gemm(false, false, n, r, d, 1, p->dy, d, lora->b[i], r, 0, p->dt, r);
  if (!grad) return;
  gemm(true, false, d, r, n, 1, p->dy, d, p->t[i], r, 0, grad->b[i], r);
  gemm(true, false, r, d, n, 1, p->dt, r, p->u[i], d, 0, grad->a[i], d);
}

/* Turns dh from the gradient by h_{i+1} into the one by h_i. `deeper`: somebody below needs it. */
static void block_backward(MlpPass *p, const Mlp *mlp, const Lora *lora, unsigned i, size_t n, bool deeper, Mlp *grad,
                           Lora *lora_grad) {
  size_t d = p->hidden;
  for (size_t j = 0; j < n * d; j++) p->dy[j] = p->r[i][j] > 0 ? p->dh[j] : 0;
  if (grad) linear_gradient(p->dy, p->u[i], n, d, d, grad->w[i], grad->b[i]);
  if (lora) lora_backward(p, lora, i, n, lora_grad);
  if (!deeper) return;
  bool norm = mlp->shape.norm != MLP_NORM_NONE;
  float *du = norm ? p->du : p->dh;
  gemm(false, false, n, d, d, 1, p->dy, d, mlp->w[i], d, norm ? 0 : 1, du, d);
  if (lora) gemm(false, false, n, d, lora->rank, 1, p->dt, lora->rank, lora->a[i], d, 1, du, d);
  if (!norm) return;
  if (grad) {
    memset(grad->gain[i], 0, d * sizeof(float));
    memset(grad->shift[i], 0, d * sizeof(float));
  }
  float *d_gain = grad ? grad->gain[i] : NULL, *d_shift = grad ? grad->shift[i] : NULL;
  if (mlp->shape.norm == MLP_NORM_BATCH)
    batch_norm_backward(mlp->gain[i], p->h[i], du, p->centre[i], p->inverse[i], n, d, p->dh, d_gain, d_shift);
  else norm_backward(mlp->gain[i], p->h[i], du, p->inverse[i], n, d, p->dh, d_gain, d_shift);
}

void mlp_backward(MlpPass *p, const Mlp *mlp, const Lora *lora, const float *x, size_t n, const float *d_out, Mlp *grad,
                  Lora *lora_grad) {
  const MlpShape *s = &mlp->shape;
  gemm(false, false, n, s->hidden, s->out, 1, d_out, s->out, mlp->w_out, s->hidden, 0, p->dh, s->hidden);
  if (grad) linear_gradient(d_out, p->h[s->blocks], n, s->out, s->hidden, grad->w_out, grad->b_out);
  for (unsigned i = s->blocks; i-- > 0;) block_backward(p, mlp, lora, i, n, grad || i > 0, grad, lora_grad);
  if (grad) linear_gradient(p->dh, x, n, s->hidden, s->in, grad->w_in, grad->b_in);
}
