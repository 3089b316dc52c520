/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/clip/clip_tower.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "numerics/simd.h"

/* Scratch memory of a batch: `rows` tokens of `texts` texts, one after the other. */
typedef struct {
  const ClipWeights *w;
  const ClipConfig *config;
  const ClipText *text;
  size_t texts, rows;
  size_t *start;            /* (texts + 1): where each text's rows begin */
  float *x, *h, *q, *k, *v; /* (rows, width) */
  float *inner;             /* (rows, inner) */
  float *scores;            /* (longest text)^2 */
  float *block;
  size_t block_floats;
} Pass;

/* --- parts -------------------------------------------------------------------------------------- */

VECTOR_LOOP static void norm_row(const float *x, const float *scale, const float *shift, size_t d, float eps,
                                 float *y) {
  double sum = 0, sum2 = 0;
  for (size_t i = 0; i < d; i++) sum += (double)x[i];
  const double mean = sum / (double)d;
  for (size_t i = 0; i < d; i++) sum2 += ((double)x[i] - mean) * ((double)x[i] - mean);
  const float m = (float)mean, factor = (float)(1 / sqrt(sum2 / (double)d + (double)eps));
  for (size_t i = 0; i < d; i++) y[i] = (x[i] - m) * factor * scale[i] + shift[i];
}

static void norm(const Pass *p, const float *x, size_t rows, const float *scale, const float *shift, float *y) {
  size_t d = p->w->width;
  for (size_t i = 0; i < rows; i++) norm_row(x + i * d, scale, shift, d, p->config->eps, y + i * d);
}

/* y (rows, n) = x (rows, m) W^T + b, W being (n, m); `add`: y += instead. */
static void linear(const float *x, size_t rows, size_t m, const float *w, const float *b, size_t n, float *y,
                   bool add) {
  for (size_t i = 0; i < rows; i++) {
    if (add) axpy(1, b, y + i * n, n);
    else memcpy(y + i * n, b, n * sizeof *b);
  }
  gemm(false, true, rows, n, m, 1, x, m, w, m, 1, y, n);
}

static void activate(ClipActivation activation, float *x, size_t n) {
  const float root = 0.7978845608028654f; /* sqrt(2 / pi) */
  switch (activation) {
    case CLIP_QUICK_GELU:
      for (size_t i = 0; i < n; i++) x[i] /= 1 + expf(-1.702f * x[i]);
      break;
    case CLIP_GELU:
      for (size_t i = 0; i < n; i++) x[i] *= 0.5f * (1 + erff(x[i] * (float)M_SQRT1_2));
      break;
    case CLIP_GELU_TANH:
      for (size_t i = 0; i < n; i++) x[i] *= 0.5f * (1 + tanhf(root * (x[i] + 0.044715f * x[i] * x[i] * x[i])));
      break;
  }
}

/* Softmax of a row's first n entries; the others become 0. */
static void causal_softmax(float *row, size_t n, size_t columns) {
  float top = row[0], sum = 0;
  for (size_t i = 1; i < n; i++) top = fmaxf(top, row[i]);
  for (size_t i = 0; i < n; i++) sum += row[i] = expf(row[i] - top);
  for (size_t i = 0; i < n; i++) row[i] /= sum;
  memset(row + n, 0, (columns - n) * sizeof *row);
}

/* One text's attention: queries of its last `asked` positions over its n keys. q and out have
 * `asked` rows, k and v have n. */
static void attend(const Pass *p, const float *q, size_t asked, const float *k, const float *v, size_t n, float *out) {
  const size_t d = p->w->width, heads = p->config->heads, size = d / heads;
  const float scale = 1 / sqrtf((float)size);
  for (size_t h = 0; h < heads; h++) {
    const size_t at = h * size;
    gemm(false, true, asked, n, size, scale, q + at, d, k + at, d, 0, p->scores, n);
    for (size_t i = 0; i < asked; i++) causal_softmax(p->scores + i * n, n - asked + i + 1, n);
    gemm(false, false, asked, size, n, 1, p->scores, n, v + at, d, 0, out + at, d);
  }
}

/* --- layers ------------------------------------------------------------------------------------- */

/* The second half of a layer, on `rows` rows of x. */
static void feed_forward(Pass *p, const ClipLayer *y, size_t rows) {
  size_t d = p->w->width, inner = p->w->inner;
  norm(p, p->x, rows, y->norm2, y->norm2_b, p->h);
  linear(p->h, rows, d, y->fc1, y->fc1_b, inner, p->inner, false);
  activate(p->config->activation, p->inner, rows * inner);
  linear(p->inner, rows, inner, y->fc2, y->fc2_b, d, p->x, true);
}

static void run_layer(Pass *p, const ClipLayer *y) {
  size_t d = p->w->width;
  norm(p, p->x, p->rows, y->norm1, y->norm1_b, p->h);
  linear(p->h, p->rows, d, y->q, y->q_b, d, p->q, false);
  linear(p->h, p->rows, d, y->k, y->k_b, d, p->k, false);
  linear(p->h, p->rows, d, y->v, y->v_b, d, p->v, false);
  for (size_t t = 0; t < p->texts; t++) {
    size_t at = p->start[t] * d, n = p->text[t].n;
    attend(p, p->q + at, n, p->k + at, p->v + at, n, p->h + at);
  }
  linear(p->h, p->rows, d, y->out, y->out_b, d, p->x, true);
  feed_forward(p, y, p->rows);
}

/* Moves the pooled row of each text to the front: x and h have `texts` rows then. */
static void gather_pooled(Pass *p) {
  size_t d = p->w->width;
  for (size_t t = 0; t < p->texts; t++) {
    size_t from = (p->start[t + 1] - 1) * d;
    memmove(p->x + t * d, p->x + from, d * sizeof(float));
    memmove(p->h + t * d, p->h + from, d * sizeof(float));
  }
}

/* The last layer: keys and values of all rows, everything else of the pooled ones. */
static void run_last_layer(Pass *p, const ClipLayer *y) {
  size_t d = p->w->width;
  norm(p, p->x, p->rows, y->norm1, y->norm1_b, p->h);
  linear(p->h, p->rows, d, y->k, y->k_b, d, p->k, false);
  linear(p->h, p->rows, d, y->v, y->v_b, d, p->v, false);
  gather_pooled(p);
  linear(p->h, p->texts, d, y->q, y->q_b, d, p->q, false);
  for (size_t t = 0; t < p->texts; t++) {
    size_t at = p->start[t] * d;
    attend(p, p->q + t * d, 1, p->k + at, p->v + at, p->text[t].n, p->h + t * d);
  }
  linear(p->h, p->texts, d, y->out, y->out_b, d, p->x, true);
  feed_forward(p, y, p->texts);
}

/* --- a batch ------------------------------------------------------------------------------------ */

static bool pass_begin(Pass *p, GError **error) {
  size_t d = p->w->width, longest = 0;
  p->start = g_new0(size_t, p->texts + 1);
  for (size_t t = 0; t < p->texts; t++) {
    p->start[t + 1] = p->start[t] + p->text[t].n;
    longest = MAX(longest, p->text[t].n);
  }
  p->rows = p->start[p->texts];
  p->block_floats = p->rows * (5 * d + p->w->inner) + longest * longest;
  float *at = p->block = big_alloc(p->block_floats, error);
  if (!at) return false;
  p->x = block_take(&at, p->rows * d);
  p->h = block_take(&at, p->rows * d);
  p->q = block_take(&at, p->rows * d);
  p->k = block_take(&at, p->rows * d);
  p->v = block_take(&at, p->rows * d);
  p->inner = block_take(&at, p->rows * p->w->inner);
  p->scores = at;
  return true;
}

static void pass_end(Pass *p) {
  big_free(p->block, p->block_floats);
  g_free(p->start);
}

static bool embed_tokens(Pass *p, GError **error) {
  size_t d = p->w->width;
  for (size_t t = 0; t < p->texts; t++)
    for (size_t i = 0; i < p->text[t].n; i++) {
      float *row = p->x + (p->start[t] + i) * d;
      if (!clip_weights_token(p->w, p->text[t].ids[i], row, error)) return false;
      axpy(1, p->w->position + i * d, row, d);
    }
  return true;
}

static void answer(Pass *p, float *dst) {
  const ClipWeights *w = p->w;
  size_t d = w->width;
  norm(p, p->x, p->texts, w->final, w->final_b, p->h);
  if (!w->projection) memcpy(dst, p->h, p->texts * d * sizeof *dst);
  else
    gemm(false, !w->projection_transposed, p->texts, w->dim, d, 1, p->h, d, w->projection,
         w->projection_transposed ? w->dim : d, 0, dst, w->dim);
}

static bool run_batch(Pass *p, float *dst, GError **error) {
  bool ok = pass_begin(p, error) && embed_tokens(p, error);
  for (size_t l = 0; ok && l + 1 < p->w->layers; l++) run_layer(p, &p->w->layer[l]);
  if (ok) {
    run_last_layer(p, &p->w->layer[p->w->layers - 1]);
    answer(p, dst);
  }
  pass_end(p);
  return ok;
}

bool clip_tower_encode(const ClipWeights *w, const ClipConfig *config, const ClipText *texts, size_t n, float *dst,
                       GError **error) {
  if (!clip_weights_check(w, error)) return false;
  for (size_t done = 0, k; done < n; done += k) {
    size_t rows = texts[done].n;
    for (k = 1; done + k < n && rows + texts[done + k].n <= CLIP_BATCH_ROWS; k++) rows += texts[done + k].n;
    Pass p = {.w = w, .config = config, .text = texts + done, .texts = k};
    if (!run_batch(&p, dst + done * w->dim, error)) return false;
  }
  return true;
}
