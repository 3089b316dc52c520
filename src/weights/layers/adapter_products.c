/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/adapter_products.h"

#include "core/error.h"
#include "weights/layers/adapter_parts.h"

enum { LARGEST_SIDE = 1 << 13 };

/* One factor of a product: whole, or left (rows x rank) times right (rank x columns), the right one behind a core. */
typedef struct {
  AdapterPart whole, a, b, core;
} SideParts;

static const SideParts loha_first = {ADAPTER_PARTS, ADAPTER_W1A, ADAPTER_W1B, ADAPTER_T1};
static const SideParts loha_second = {ADAPTER_PARTS, ADAPTER_W2A, ADAPTER_W2B, ADAPTER_T2};
static const SideParts lokr_first = {ADAPTER_W1, ADAPTER_W1A, ADAPTER_W1B, ADAPTER_PARTS};
static const SideParts lokr_second = {ADAPTER_W2, ADAPTER_W2A, ADAPTER_W2B, ADAPTER_T2};

typedef struct {
  uint64_t rows, columns, rank; /* rank: 0 for a whole one */
  bool cored;
  CoreShape core;
} Side;

static const TensorInfo *info_of(const WeightFile *f, const LayerInfo *l, AdapterPart part) {
  return part == ADAPTER_PARTS ? NULL : adapter_part_info(f, l, part);
}

static bool settle_cored(const TensorInfo *a, const TensorInfo *b, const TensorInfo *core, Side *out) {
  if (!a || a->rank != 2 || !a->count || !adapter_core_shape(core, b, &out->core)) return false;
  if (a->shape[0] != out->core.ra) return false;
  out->cored = true;
  out->rows = a->shape[1];
  out->rank = out->core.ra;
  out->columns = out->core.in * out->core.places;
  return true;
}

static bool settle_side(const WeightFile *f, const LayerInfo *l, const SideParts *parts, Side *out) {
  const TensorInfo *w = info_of(f, l, parts->whole), *core = info_of(f, l, parts->core);
  const TensorInfo *a = info_of(f, l, parts->a), *b = info_of(f, l, parts->b);
  *out = (Side){0};
  if (w) {
    *out = (Side){.rows = w->shape[0], .columns = w->rank >= 2 ? adapter_columns(w) : 0};
    return out->columns > 0 && MIN(out->rows, out->columns) <= LARGEST_SIDE;
  }
  if (core) return settle_cored(a, b, core, out);
  if (!a || !b || a->rank != 2 || b->rank < 2 || !a->count || !b->count || a->shape[1] != b->shape[0]) return false;
  *out = (Side){.rows = a->shape[0], .columns = adapter_columns(b), .rank = a->shape[1]};
  return true;
}

static uint64_t side_rank(const Side *s) { return s->rank ? s->rank : MIN(s->rows, s->columns); }

bool adapter_settle_loha(LayerInfo *l, const WeightFile *f) {
  Side first, second;
  if (!settle_side(f, l, &loha_first, &first) || !settle_side(f, l, &loha_second, &second)) return false;
  if (first.rows != second.rows || first.columns != second.columns) return false;
  l->d_out = first.rows, l->d_in = first.columns;
  return !__builtin_mul_overflow(first.rank, second.rank, &l->rank);
}

bool adapter_settle_lokr(LayerInfo *l, const WeightFile *f) {
  Side w1, w2;
  return settle_side(f, l, &lokr_first, &w1) && settle_side(f, l, &lokr_second, &w2) &&
         !__builtin_mul_overflow(w1.rows, w2.rows, &l->d_out) &&
         !__builtin_mul_overflow(w1.columns, w2.columns, &l->d_in) &&
         !__builtin_mul_overflow(side_rank(&w1), side_rank(&w2), &l->rank);
}

uint64_t adapter_lokr_rank(const LayerInfo *l, const WeightFile *f) {
  Side w1, w2;
  if (!settle_side(f, l, &lokr_first, &w1) || !settle_side(f, l, &lokr_second, &w2)) return 0;
  return w2.rank ? w2.rank : w1.rank;
}

static float *identity(size_t n) {
  float *x = g_try_malloc0_n(n * n, sizeof *x);
  for (size_t i = 0; x && i < n; i++) x[i * n + i] = 1;
  return x;
}

static bool fail_memory(const WeightFile *f, const LayerInfo *l, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: layer %s does not fit in memory: close other programs",
              weight_file_label(f), l->name);
  return false;
}

static bool read_cored(WeightFile *f, const LayerInfo *l, const Side *s, const SideParts *parts, float **left,
                       float **right, GError **error) {
  g_autofree float *core = adapter_read_part(f, l, parts->core, error);
  g_autofree float *down = core ? adapter_read_part(f, l, parts->b, error) : NULL;
  if (!down) return false;
  *left = adapter_transpose(adapter_read_part(f, l, parts->a, error), s->rank, s->rows);
  if (!*left) return false;
  *right = adapter_fold_core(&s->core, core, down);
  return *right || fail_memory(f, l, error);
}

/* A side as left (rows x r) times right (r x columns): stored so, or with the identity on its shorter end. */
static bool read_side(WeightFile *f, const LayerInfo *l, const Side *s, const SideParts *parts, float **left,
                      float **right, GError **error) {
  if (s->cored) return read_cored(f, l, s, parts, left, right, error);
  if (s->rank) {
    *left = adapter_read_part(f, l, parts->a, error);
    *right = *left ? adapter_read_part(f, l, parts->b, error) : NULL;
    return *right != NULL;
  }
  bool wide = s->rows <= s->columns;
  float **whole = wide ? right : left, **unit = wide ? left : right;
  *whole = adapter_read_part(f, l, parts->whole, error);
  if (!*whole) return false;
  *unit = identity(wide ? s->rows : s->columns);
  return *unit || fail_memory(f, l, error);
}

/* Row by row, or column by column, every product of a number of the one and a number of the other. */
static void khatri_rao(const LayerInfo *l, const Side *x, const Side *y, float *const left[2], float *const right[2],
                       Layer *out) {
  size_t r1 = x->rank, r2 = y->rank, n = l->d_in;
  for (size_t o = 0; o < l->d_out; o++)
    for (size_t i = 0; i < r1; i++)
      for (size_t k = 0; k < r2; k++) out->b[o * l->rank + i * r2 + k] = left[0][o * r1 + i] * left[1][o * r2 + k];
  for (size_t i = 0; i < r1; i++)
    for (size_t k = 0; k < r2; k++)
      for (size_t c = 0; c < n; c++) out->a[(i * r2 + k) * n + c] = right[0][i * n + c] * right[1][k * n + c];
}

bool adapter_read_loha(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  Side first, second;
  float *left[2] = {NULL, NULL}, *right[2] = {NULL, NULL};
  bool ok = settle_side(f, l, &loha_first, &first) && settle_side(f, l, &loha_second, &second) &&
            read_side(f, l, &first, &loha_first, &left[0], &right[0], error) &&
            read_side(f, l, &second, &loha_second, &left[1], &right[1], error);
  if (ok) khatri_rao(l, &first, &second, left, right, out);
  for (int k = 0; k < 2; k++) g_free(left[k]), g_free(right[k]);
  return ok;
}

/* out = kron(x, y) of an (m, n) and a (p, q) matrix. */
static void kronecker(const float *x, size_t m, size_t n, const float *y, size_t p, size_t q, float *out) {
  for (size_t i = 0; i < m; i++)
    for (size_t k = 0; k < p; k++)
      for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < q; c++) out[(i * p + k) * n * q + j * q + c] = x[i * n + j] * y[k * q + c];
}

bool adapter_read_lokr(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  Side w1, w2;
  float *left[2] = {NULL, NULL}, *right[2] = {NULL, NULL};
  bool ok = settle_side(f, l, &lokr_first, &w1) && settle_side(f, l, &lokr_second, &w2) &&
            read_side(f, l, &w1, &lokr_first, &left[0], &right[0], error) &&
            read_side(f, l, &w2, &lokr_second, &left[1], &right[1], error);
  if (ok) {
    size_t r1 = side_rank(&w1), r2 = side_rank(&w2);
    kronecker(left[0], w1.rows, r1, left[1], w2.rows, r2, out->b);
    kronecker(right[0], r1, w1.columns, right[1], r2, w2.columns, out->a);
  }
  for (int k = 0; k < 2; k++) g_free(left[k]), g_free(right[k]);
  return ok;
}
