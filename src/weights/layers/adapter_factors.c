/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/adapter_factors.h"

#include <string.h>

#include "core/error.h"

enum { LARGEST_RANK = 1 << 14 };

static const TensorInfo *part_info(const WeightFile *file, const LayerInfo *l, AdapterPart part) {
  return l->part[part] >= 0 ? weight_file_info(file, (size_t)l->part[part]) : NULL;
}

static bool is_product(const TensorInfo *a, const TensorInfo *b) {
  return a && b && a->rank == 2 && b->rank >= 2 && a->shape[1] == b->shape[0] && a->count && b->count;
}

static uint64_t columns_of(const TensorInfo *t) { return t->count / t->shape[0]; }

static bool settle_loha(LayerInfo *l, const WeightFile *f) {
  const TensorInfo *a1 = part_info(f, l, ADAPTER_W1A), *b1 = part_info(f, l, ADAPTER_W1B);
  const TensorInfo *a2 = part_info(f, l, ADAPTER_W2A), *b2 = part_info(f, l, ADAPTER_W2B);
  if (part_info(f, l, ADAPTER_T1) || part_info(f, l, ADAPTER_T2)) return false;
  if (!is_product(a1, b1) || !is_product(a2, b2)) return false;
  if (a1->shape[0] != a2->shape[0] || columns_of(b1) != columns_of(b2)) return false;
  l->d_out = a1->shape[0], l->d_in = columns_of(b1);
  return a1->shape[1] <= LARGEST_RANK && a2->shape[1] <= LARGEST_RANK && (l->rank = a1->shape[1] * a2->shape[1]);
}

/* One side of a Kronecker product: whole, or a product of rank r. */
typedef struct {
  uint64_t rows, columns, rank; /* rank: 0 for a whole one */
} Side;

static bool side_of(const WeightFile *f, const LayerInfo *l, AdapterPart whole, AdapterPart a, AdapterPart b,
                    Side *out) {
  const TensorInfo *w = part_info(f, l, whole), *wa = part_info(f, l, a), *wb = part_info(f, l, b);
  if (w) {
    *out = (Side){w->shape[0], w->rank >= 2 && w->count ? columns_of(w) : 0, 0};
    return out->columns > 0;
  }
  if (!is_product(wa, wb)) return false;
  *out = (Side){wa->shape[0], columns_of(wb), wa->shape[1]};
  return true;
}

static bool sides_of(const WeightFile *f, const LayerInfo *l, Side *w1, Side *w2) {
  return !part_info(f, l, ADAPTER_T2) && side_of(f, l, ADAPTER_W1, ADAPTER_W1A, ADAPTER_W1B, w1) &&
         side_of(f, l, ADAPTER_W2, ADAPTER_W2A, ADAPTER_W2B, w2);
}

static uint64_t side_rank(const Side *s) { return s->rank ? s->rank : MIN(s->rows, s->columns); }

static bool settle_lokr(LayerInfo *l, const WeightFile *f) {
  Side w1, w2;
  if (!sides_of(f, l, &w1, &w2)) return false;
  if (__builtin_mul_overflow(w1.rows, w2.rows, &l->d_out)) return false;
  if (__builtin_mul_overflow(w1.columns, w2.columns, &l->d_in)) return false;
  return !__builtin_mul_overflow(side_rank(&w1), side_rank(&w2), &l->rank);
}

bool adapter_settle(LayerInfo *l, const WeightFile *f) {
  bool fits = l->adapter == FORM_LOHA ? settle_loha(l, f) : l->adapter == FORM_LOKR && settle_lokr(l, f);
  uint64_t a, b;
  return fits && l->rank && l->rank <= LARGEST_RANK && !__builtin_mul_overflow(l->rank, l->d_in, &a) &&
         !__builtin_mul_overflow(l->rank, l->d_out, &b) && a <= SIZE_MAX / 8 && b <= SIZE_MAX / 8;
}

uint64_t adapter_scale_rank(const LayerInfo *l, const WeightFile *f) {
  Side w1, w2;
  if (l->adapter == FORM_LOHA) return part_info(f, l, ADAPTER_W1B)->shape[0];
  if (l->adapter != FORM_LOKR || !sides_of(f, l, &w1, &w2)) return l->rank;
  return w2.rank ? w2.rank : w1.rank;
}

static float *read_part(WeightFile *file, const LayerInfo *l, AdapterPart part, GError **error) {
  const TensorInfo *t = part_info(file, l, part);
  float *x = g_try_malloc_n(t->count, sizeof(float));
  if (!x)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: tensor %s does not fit in memory", weight_file_label(file),
                t->name);
  else if (!weight_file_read_f32(file, (size_t)l->part[part], 0, t->count, x, error)) g_clear_pointer(&x, g_free);
  return x;
}

static bool make_room(const LayerInfo *l, Layer *out, GError **error) {
  out->a = g_try_malloc0_n(l->rank * l->d_in, sizeof(float));
  out->b = g_try_malloc0_n(l->rank * l->d_out, sizeof(float));
  if (out->a && out->b) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "layer %s does not fit in memory", l->name);
  return false;
}

static bool read_loha(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  g_autofree float *a1 = read_part(f, l, ADAPTER_W1A, error);
  g_autofree float *b1 = a1 ? read_part(f, l, ADAPTER_W1B, error) : NULL;
  g_autofree float *a2 = b1 ? read_part(f, l, ADAPTER_W2A, error) : NULL;
  g_autofree float *b2 = a2 ? read_part(f, l, ADAPTER_W2B, error) : NULL;
  if (!b2 || !make_room(l, out, error)) return false;
  size_t r1 = part_info(f, l, ADAPTER_W1A)->shape[1], r2 = part_info(f, l, ADAPTER_W2A)->shape[1];
  for (size_t o = 0; o < l->d_out; o++)
    for (size_t i = 0; i < r1; i++)
      for (size_t k = 0; k < r2; k++) out->b[o * l->rank + i * r2 + k] = a1[o * r1 + i] * a2[o * r2 + k];
  for (size_t i = 0; i < r1; i++)
    for (size_t k = 0; k < r2; k++)
      for (size_t c = 0; c < l->d_in; c++)
        out->a[(i * r2 + k) * l->d_in + c] = b1[i * l->d_in + c] * b2[k * l->d_in + c];
  return true;
}

static float *identity(size_t n) {
  float *x = g_new0(float, n *n);
  for (size_t i = 0; i < n; i++) x[i * n + i] = 1;
  return x;
}

/* A side as left (rows x r) times right (r x columns): stored so, or with the identity on its shorter end. */
static bool read_side(WeightFile *f, const LayerInfo *l, const Side *s, const AdapterPart parts[3], float **left,
                      float **right, GError **error) {
  if (s->rank) {
    *left = read_part(f, l, parts[1], error);
    *right = *left ? read_part(f, l, parts[2], error) : NULL;
    return *right != NULL;
  }
  float *whole = read_part(f, l, parts[0], error);
  if (!whole) return false;
  bool wide = s->rows <= s->columns;
  *left = wide ? identity(s->rows) : whole;
  *right = wide ? whole : identity(s->columns);
  return true;
}

/* out = kron(x, y) of an (m, n) and a (p, q) matrix. */
static void kronecker(const float *x, size_t m, size_t n, const float *y, size_t p, size_t q, float *out) {
  for (size_t i = 0; i < m; i++)
    for (size_t k = 0; k < p; k++)
      for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < q; c++) out[(i * p + k) * n * q + j * q + c] = x[i * n + j] * y[k * q + c];
}

static bool read_lokr(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  static const AdapterPart first[] = {ADAPTER_W1, ADAPTER_W1A, ADAPTER_W1B};
  static const AdapterPart second[] = {ADAPTER_W2, ADAPTER_W2A, ADAPTER_W2B};
  g_autofree float *left1 = NULL, *right1 = NULL, *left2 = NULL, *right2 = NULL;
  Side w1, w2;
  if (!sides_of(f, l, &w1, &w2) || !read_side(f, l, &w1, first, &left1, &right1, error) ||
      !read_side(f, l, &w2, second, &left2, &right2, error) || !make_room(l, out, error))
    return false;
  size_t r1 = side_rank(&w1), r2 = side_rank(&w2);
  kronecker(left1, w1.rows, r1, left2, w2.rows, r2, out->b);
  kronecker(right1, r1, w1.columns, right2, r2, w2.columns, out->a);
  return true;
}

bool adapter_read_factors(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  return l->adapter == FORM_LOHA ? read_loha(f, l, out, error) : read_lokr(f, l, out, error);
}
