/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/adapter_rotation.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "numerics/linalg.h"
#include "weights/layers/adapter_parts.h"

enum { LARGEST_BLOCK = 2048 };

/* Orthogonal blocks while they are made. */
typedef struct {
  size_t n, side; /* blocks, and rows of one */
  bool outputs;   /* they turn rows of W, else its columns */
  double *q;      /* (n, side, side), skew; then the blocks themselves */
} Blocks;

static void skew_of_triangles(const float *x, Blocks *b) {
  size_t side = b->side;
  for (size_t k = 0; k < b->n; k++) {
    double *q = b->q + k * side * side;
    for (size_t i = 0; i < side; i++)
      for (size_t j = i + 1; j < side; j++, x++) {
        q[i * side + j] = (double)*x;
        q[j * side + i] = -(double)*x;
      }
  }
}

/* factor (X - X') of each block. */
static void skew_of_squares(const float *x, double factor, Blocks *b) {
  size_t side = b->side;
  for (size_t k = 0; k < b->n; k++, x += side * side)
    for (size_t i = 0; i < side; i++)
      for (size_t j = 0; j < side; j++)
        b->q[(k * side + i) * side + j] = factor * ((double)x[i * side + j] - (double)x[j * side + i]);
}

/* All blocks together no longer than that. */
static void shorten(Blocks *b, double most) {
  size_t count = b->n * b->side * b->side;
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += b->q[i] * b->q[i];
  double length = sqrt(sum) + 1e-8;
  for (size_t i = 0; most > 0 && length > most && i < count; i++) b->q[i] *= most / length;
}

/* q becomes (I + s Q)^-1 (I - s Q): both factors commute. */
static bool cayley(double *q, size_t side, double s) {
  g_autofree double *a = g_try_malloc_n(side * side, sizeof *a);
  g_autofree lapack_int *pivots = g_try_malloc_n(side, sizeof *pivots);
  if (!a || !pivots) return false;
  for (size_t i = 0; i < side * side; i++) {
    double one = i % (side + 1) == 0, x = s * q[i];
    a[i] = one + x;
    q[i] = one - x;
  }
  lapack_int m = (lapack_int)side;
  return LAPACKE_dgesv(LAPACK_ROW_MAJOR, m, m, a, m, pivots, q, m) == 0;
}

/* q becomes I + 2Q + 2Q² + … + Q^(terms - 1), whose last power counts once. */
static bool series(double *q, size_t side, unsigned terms) {
  size_t count = side * side;
  g_autofree double *sum = g_try_malloc0_n(count, sizeof *sum), *power = g_try_malloc_n(count, sizeof *power);
  g_autofree double *next = g_try_malloc_n(count, sizeof *next);
  if (!sum || !power || !next) return false;
  memcpy(power, q, count * sizeof *power);
  for (size_t i = 0; i < side; i++) sum[i * (side + 1)] = 1;
  if (terms == 3) terms = 4; /* as PEFT has it */
  for (unsigned k = 1; k < terms; k++) {
    double weight = k + 1 == terms && k > 2 ? 1 : 2;
    for (size_t i = 0; i < count; i++) sum[i] += weight * power[i];
    if (k + 1 == terms) break;
    for (size_t i = 0; i < side; i++)
      for (size_t j = 0; j < side; j++) {
        double x = 0;
        for (size_t l = 0; l < side; l++) x += power[i * side + l] * q[l * side + j];
        next[i * side + j] = x;
      }
    memcpy(power, next, count * sizeof *power);
  }
  memcpy(q, sum, count * sizeof *q);
  return true;
}

static bool settle_blocks(const TensorInfo *t, const Layer *base, Blocks *b) {
  size_t along = base->d_in;
  *b = (Blocks){.outputs = strstr(t->name, "oft_blocks") || strstr(t->name, "oft_diag")};
  if (b->outputs) along = base->d_out;
  if (t->rank == 2 && t->count && t->shape[1] < LARGEST_BLOCK * LARGEST_BLOCK / 2) {
    b->side = (size_t)((1 + sqrt(1 + 8 * (double)t->shape[1])) / 2);
    if (b->side * (b->side - 1) / 2 != t->shape[1]) return false;
  } else if (t->rank == 3 && t->count && t->shape[1] == t->shape[2]) {
    b->side = (size_t)t->shape[1];
  }
  if (b->side == 0 || b->side > LARGEST_BLOCK || along % b->side != 0) return false;
  b->n = (size_t)t->shape[0];
  return b->n == 1 || b->n * b->side == along;
}

/* The constraint on LyCORIS's blocks; 0: none. */
static double constraint_of(WeightFile *file, const UncomputedLayer *u) {
  float alpha = 0;
  if (u->alpha >= 0) weight_file_read_f32(file, (size_t)u->alpha, 0, 1, &alpha, NULL);
  return isfinite(alpha) ? (double)alpha : 0;
}

static bool read_blocks(WeightFile *file, const UncomputedLayer *u, const Layer *base, Blocks *b) {
  gssize at = u->part[ADAPTER_OFT];
  const TensorInfo *t = weight_file_info(file, (size_t)at);
  if (!settle_blocks(t, base, b)) return false;
  g_autofree float *x = adapter_read_tensor(file, at, NULL);
  size_t square = b->side * b->side;
  b->q = x ? g_try_malloc0_n(b->n * square, sizeof *b->q) : NULL;
  if (!b->q) return false;
  if (t->rank == 2) skew_of_triangles(x, b);
  else skew_of_squares(x, b->outputs ? 1 : 0.5, b);
  if (b->outputs) shorten(b, constraint_of(file, u) * (double)base->d_out);
  bool ok = true;
  for (size_t k = 0; ok && k < b->n; k++) {
    double *q = b->q + k * square;
    bool summed = t->rank == 2 && u->cayley_terms > 0;
    ok = summed ? series(q, b->side, u->cayley_terms) : cayley(q, b->side, b->outputs ? -1 : 1);
  }
  return ok;
}

/* out = W with its rows or columns turned. */
static bool turn(const Blocks *b, const Layer *base, float *out) {
  size_t side = b->side, d_in = base->d_in, groups = (b->outputs ? base->d_out : d_in) / side;
  g_autofree float *r = g_try_malloc_n(side * side, sizeof *r);
  for (size_t g = 0; r && g < groups; g++) {
    const double *q = b->q + (b->n == 1 ? 0 : g) * side * side;
    for (size_t i = 0; i < side * side; i++) r[i] = (float)q[i];
    size_t first = g * side * (b->outputs ? d_in : 1);
    if (b->outputs) gemm(true, false, side, d_in, side, 1, r, side, base->x + first, d_in, 0, out + first, d_in);
    else gemm(false, true, base->d_out, side, side, 1, base->x + first, d_in, r, side, 0, out + first, d_in);
  }
  return r != NULL;
}

/* Rows times what a vector beside the blocks says; false when it does not fit. */
static bool scale_rows(WeightFile *file, const UncomputedLayer *u, size_t d_out, size_t d_in, float *x) {
  gssize at = u->part[ADAPTER_OFT_SCALE];
  if (at < 0) return true;
  if (weight_file_info(file, (size_t)at)->count != d_out) return false;
  g_autofree float *s = adapter_read_tensor(file, at, NULL);
  for (size_t i = 0; s && i < d_out * d_in; i++) x[i] *= s[i / d_in];
  return s != NULL;
}

static Layer dense_like(const Layer *base) {
  Layer l = {.form = LAYER_DENSE, .d_out = base->d_out, .d_in = base->d_in, .scale = 1};
  l.x = g_try_malloc_n(base->d_out * base->d_in, sizeof *l.x);
  return l;
}

bool adapter_change_rotated(WeightFile *file, const UncomputedLayer *u, const Layer *base, Layer *out) {
  Blocks b = {0};
  if (u->form != FORM_OFT || u->part[ADAPTER_OFT] < 0 || base->form != LAYER_DENSE) return false;
  *out = dense_like(base);
  bool ok = out->x && read_blocks(file, u, base, &b) && turn(&b, base, out->x) &&
            scale_rows(file, u, base->d_out, base->d_in, out->x);
  for (size_t i = 0; ok && i < base->d_out * base->d_in; i++) out->x[i] -= base->x[i];
  if (!ok) layer_clear(out);
  g_free(b.q);
  return ok;
}

/* --- BOFT ----------------------------------------------------------------------------------------- */

/* PEFT's (factors, blocks, side, side). */
static bool settle_butterfly(const TensorInfo *t, const Layer *base, Blocks *b) {
  if (t->rank != 4 || !t->count || t->shape[2] != t->shape[3] || t->shape[2] > LARGEST_BLOCK) return false;
  uint64_t factors = t->shape[0], blocks = t->shape[1], side = t->shape[2];
  *b = (Blocks){.n = (size_t)(factors * blocks), .side = (size_t)side};
  if (blocks > base->d_in || blocks * side != base->d_in || factors > 32) return false;
  return factors == 1 || (side % 2 == 0 && blocks % (UINT64_C(1) << (factors - 1)) == 0);
}

/* Where column `c` of a permuted matrix comes from: in stretches of side 2^factor, halves of blocks at even places go
 * before those at odd ones. */
static size_t butterfly_source(size_t c, size_t side, unsigned factor, bool permuted) {
  if (!permuted) return c;
  size_t half = side / 2, stretch = side << factor, halves = stretch / half;
  size_t within = c % stretch, place = within / half;
  size_t from = place < halves / 2 ? 2 * place : 2 * (place - halves / 2) + 1;
  return c - within + from * half + within % half;
}

/* x = x P D' P' of one factor; `columns` holds a matrix of x's shape. */
static bool turn_by_factor(const Blocks *b, size_t first, unsigned factor, bool permuted, const Layer *base, float *x,
                           float *columns) {
  size_t side = b->side, n = base->d_in;
  g_autofree float *r = g_try_malloc_n(side * side, sizeof *r);
  for (size_t o = 0; o < base->d_out; o++)
    for (size_t c = 0; c < n; c++) columns[o * n + butterfly_source(c, side, factor, permuted)] = x[o * n + c];
  for (size_t g = 0; r && g < n / side; g++) {
    const double *q = b->q + (first + g) * side * side;
    for (size_t i = 0; i < side * side; i++) r[i] = (float)q[i];
    gemm(false, true, base->d_out, side, side, 1, columns + g * side, n, r, side, 0, x + g * side, n);
  }
  memcpy(columns, x, base->d_out * n * sizeof *x);
  for (size_t o = 0; o < base->d_out; o++)
    for (size_t c = 0; c < n; c++) x[o * n + c] = columns[o * n + butterfly_source(c, side, factor, permuted)];
  return r != NULL;
}

static bool read_butterfly(WeightFile *file, gssize at, Blocks *b) {
  g_autofree float *x = adapter_read_tensor(file, at, NULL);
  size_t square = b->side * b->side;
  b->q = x ? g_try_malloc0_n(b->n * square, sizeof *b->q) : NULL;
  if (!b->q) return false;
  skew_of_squares(x, 0.5, b);
  bool ok = true;
  for (size_t k = 0; ok && k < b->n; k++) ok = cayley(b->q + k * square, b->side, 1);
  return ok;
}

static bool turn_by_butterflies(WeightFile *file, gssize at, const Layer *base, float *x) {
  const TensorInfo *t = weight_file_info(file, (size_t)at);
  Blocks b = {0};
  if (!settle_butterfly(t, base, &b)) return false;
  g_autofree float *columns = g_try_malloc_n(base->d_out * base->d_in, sizeof *columns);
  unsigned factors = (unsigned)t->shape[0];
  bool ok = columns && read_butterfly(file, at, &b);
  memcpy(x, base->x, base->d_out * base->d_in * sizeof *x);
  for (unsigned k = 0; ok && k < factors; k++)
    ok = turn_by_factor(&b, k * (b.n / factors), k, factors > 1, base, x, columns);
  g_free(b.q);
  return ok;
}

/* A convolution's factors stand along its outputs: (1, d_out). */
static bool is_of_convolution(const WeightFile *file, const UncomputedLayer *u) {
  gssize at = u->part[ADAPTER_OFT_SCALE];
  const TensorInfo *t = at >= 0 ? weight_file_info(file, (size_t)at) : NULL;
  return t && t->rank == 2 && t->shape[0] == 1 && t->shape[1] > 1;
}

bool adapter_change_butterfly(WeightFile *file, const UncomputedLayer *u, const Layer *base, Layer *out) {
  if (u->form != FORM_BOFT || u->part[ADAPTER_OFT] < 0 || base->form != LAYER_DENSE) return false;
  if (is_of_convolution(file, u)) return false;
  *out = dense_like(base);
  bool ok = out->x && turn_by_butterflies(file, u->part[ADAPTER_OFT], base, out->x) &&
            scale_rows(file, u, base->d_out, base->d_in, out->x);
  for (size_t i = 0; ok && i < base->d_out * base->d_in; i++) out->x[i] -= base->x[i];
  if (!ok) layer_clear(out);
  return ok;
}

/* --- GLoRA ---------------------------------------------------------------------------------------- */

/* One of the two products: left (rows x rank) right (rank x columns). */
typedef struct {
  gssize left, right;
  size_t rows, rank, columns;
} Product;

/* Older files call the left factor 2. */
static bool settle_product(const WeightFile *file, gssize one, gssize two, size_t rows, size_t columns, Product *p) {
  if (one < 0 || two < 0) return false;
  for (int old = 1; old >= 0; old--) {
    *p = (Product){.left = old ? two : one, .right = old ? one : two, .rows = rows, .columns = columns};
    const TensorInfo *l = weight_file_info(file, (size_t)p->left), *r = weight_file_info(file, (size_t)p->right);
    p->rank = r->rank ? (size_t)r->shape[0] : 0;
    if (p->rank && l->count == rows * p->rank && l->shape[0] == rows && r->count == p->rank * columns) return true;
  }
  return false;
}

static bool read_product(WeightFile *file, const Product *p, float **left, float **right) {
  *left = adapter_read_tensor(file, p->left, NULL);
  *right = *left ? adapter_read_tensor(file, p->right, NULL) : NULL;
  return *right != NULL;
}

static float glora_scale(WeightFile *file, const UncomputedLayer *u, size_t rank) {
  double alpha = constraint_of(file, u);
  return u->alpha >= 0 && alpha != 0 ? (float)(alpha / (double)rank) : 1;
}

bool adapter_change_glora(WeightFile *file, const UncomputedLayer *u, const Layer *base, Layer *out) {
  Product a, b;
  size_t rows = base->d_out, n = base->d_in;
  if (u->form != FORM_GLORA || base->form != LAYER_DENSE) return false;
  if (!settle_product(file, u->part[ADAPTER_A1], u->part[ADAPTER_A2], n, n, &a)) return false;
  if (!settle_product(file, u->part[ADAPTER_B1], u->part[ADAPTER_B2], rows, n, &b)) return false;
  g_autofree float *a_left = NULL, *a_right = NULL, *b_left = NULL, *b_right = NULL;
  g_autofree float *wa = g_try_malloc_n(rows * a.rank, sizeof *wa);
  *out = dense_like(base);
  bool ok = out->x && wa && read_product(file, &a, &a_left, &a_right) && read_product(file, &b, &b_left, &b_right);
  if (ok) {
    float s = glora_scale(file, u, b.rank);
    gemm(false, false, rows, n, b.rank, s, b_left, b.rank, b_right, n, 0, out->x, n);
    gemm(false, false, rows, a.rank, n, 1, base->x, n, a_left, a.rank, 0, wa, a.rank);
    gemm(false, false, rows, n, a.rank, s, wa, a.rank, a_right, n, 1, out->x, n);
  } else {
    layer_clear(out);
  }
  return ok;
}
