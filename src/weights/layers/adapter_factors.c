/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/adapter_factors.h"

#include "core/error.h"
#include "numerics/linalg.h"
#include "weights/layers/adapter_parts.h"
#include "weights/layers/adapter_products.h"

enum { LARGEST_RANK = 1 << 14, MOST_NUMBERS = 1 << 28 };

static bool is_pair_form(AdapterForm form) {
  return form == FORM_LORA || form == FORM_LOCON || form == FORM_DORA || form == FORM_ADALORA;
}

/* --- shapes --------------------------------------------------------------------------------------- */

static bool settle_cored(LayerInfo *l, const WeightFile *f, const TensorInfo *a, const TensorInfo *b) {
  CoreShape s;
  if (!adapter_core_shape(adapter_part_info(f, l, ADAPTER_MID), a, &s) || l->order != PAIR_PLAIN) return false;
  l->d_out = b->shape[0];
  l->rank = s.ra;
  l->d_in = s.in * s.places;
  return adapter_columns(b) == s.ra;
}

static bool settle_pair(LayerInfo *l, const WeightFile *f) {
  if (l->a < 0 || l->b < 0) return false;
  const TensorInfo *a = weight_file_info(f, (size_t)l->a), *b = weight_file_info(f, (size_t)l->b);
  if (!a->count || !b->count) return false;
  if (l->part[ADAPTER_MID] >= 0) return settle_cored(l, f, a, b);
  if (l->order != PAIR_PLAIN && (a->rank != 2 || b->rank != 2)) return false;
  uint64_t a0 = a->shape[0], a1 = adapter_columns(a), b0 = b->shape[0], b1 = adapter_columns(b), other = b1;
  switch (l->order) {
    case PAIR_PLAIN:
      l->rank = a0, l->d_in = a1, l->d_out = b0;
      break;
    case PAIR_TRANSPOSED:
      l->rank = a1, l->d_in = a0, l->d_out = b1, other = b0;
      break;
    case PAIR_EMBEDDING:
      l->rank = a0, l->d_out = a1, l->d_in = b0;
      break;
    case PAIR_TOKEN_TABLE:
      l->rank = a1, l->d_out = a0, l->d_in = b0;
      break;
  }
  const TensorInfo *e = adapter_part_info(f, l, ADAPTER_E);
  if (e && (l->order != PAIR_PLAIN || e->count != l->rank)) return false;
  return l->rank == other && l->rank <= LAYER_MAX_RANK;
}

static bool settle_vera(LayerInfo *l, const WeightFile *f) {
  const TensorInfo *a = adapter_part_info(f, l, ADAPTER_SHARED_A), *b = adapter_part_info(f, l, ADAPTER_SHARED_B);
  const TensorInfo *rows = adapter_part_info(f, l, ADAPTER_LAMBDA_B),
                   *ranks = adapter_part_info(f, l, ADAPTER_LAMBDA_D);
  if (!a || !b || !rows || !ranks || a->rank != 2 || b->rank != 2) return false;
  l->d_out = rows->count, l->rank = ranks->count, l->d_in = a->shape[1];
  l->widest = true;
  return a->shape[0] == l->rank && b->shape[1] == l->rank && b->shape[0] >= l->d_out && l->rank <= LAYER_MAX_RANK;
}

static bool settle_form(LayerInfo *l, const WeightFile *f) {
  if (is_pair_form(l->adapter)) return settle_pair(l, f);
  if (l->adapter == FORM_VERA) return settle_vera(l, f);
  if (l->adapter == FORM_LOHA) return adapter_settle_loha(l, f);
  return l->adapter == FORM_LOKR && adapter_settle_lokr(l, f);
}

/* A pair has no more numbers than the file; what is multiplied out of parts could have far more. A product of a higher
 * rank than the matrix has is reduced to that. */
bool adapter_settle(LayerInfo *l, const WeightFile *f) {
  uint64_t a, b;
  if (!settle_form(l, f) || !l->rank || !l->d_in || !l->d_out) return false;
  if (l->rank > LARGEST_RANK || __builtin_mul_overflow(l->rank, l->d_in, &a) ||
      __builtin_mul_overflow(l->rank, l->d_out, &b))
    return false;
  bool stored = is_pair_form(l->adapter) && l->part[ADAPTER_MID] < 0;
  if (MAX(a, b) > (stored ? SIZE_MAX / sizeof(float) : (size_t)MOST_NUMBERS)) return false;
  if (l->adapter == FORM_LOHA || l->adapter == FORM_LOKR) l->rank = MIN(l->rank, MIN(l->d_in, l->d_out));
  return true;
}

uint64_t adapter_scale_rank(const LayerInfo *l, const WeightFile *f) {
  if (l->adapter == FORM_LOHA) {
    const TensorInfo *b = adapter_part_info(f, l, ADAPTER_W1B);
    return b ? b->shape[0] : 0;
  }
  return l->adapter == FORM_LOKR ? adapter_lokr_rank(l, f) : l->rank;
}

/* --- numbers -------------------------------------------------------------------------------------- */

static bool fail_memory(const WeightFile *f, const LayerInfo *l, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: layer %s does not fit in memory: close other programs",
              weight_file_label(f), l->name);
  return false;
}

static bool fold_mid(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  CoreShape s;
  g_autofree float *core = adapter_read_part(f, l, ADAPTER_MID, error);
  g_autofree float *down = g_steal_pointer(&out->a);
  if (!core) return false;
  if (!adapter_core_shape(adapter_part_info(f, l, ADAPTER_MID), weight_file_info(f, (size_t)l->a), &s)) return false;
  out->a = adapter_fold_core(&s, core, down);
  return out->a || fail_memory(f, l, error);
}

static bool scale_rows(WeightFile *f, const LayerInfo *l, AdapterPart part, float *x, size_t rows, size_t columns,
                       GError **error) {
  g_autofree float *by = adapter_read_part(f, l, part, error);
  for (size_t i = 0; by && i < rows; i++)
    for (size_t k = 0; k < columns; k++) x[i * columns + k] *= by[i];
  return by != NULL;
}

/* A and B as they are stored, brought into place. */
static void put_in_order(const LayerInfo *l, Layer *out) {
  float *a = g_steal_pointer(&out->a), *b = g_steal_pointer(&out->b);
  switch (l->order) {
    case PAIR_PLAIN:
      out->a = a, out->b = b;
      break;
    case PAIR_TRANSPOSED:
      out->a = adapter_transpose(a, l->d_in, l->rank);
      out->b = adapter_transpose(b, l->rank, l->d_out);
      break;
    case PAIR_EMBEDDING:
      out->b = adapter_transpose(a, l->rank, l->d_out);
      out->a = adapter_transpose(b, l->d_in, l->rank);
      break;
    case PAIR_TOKEN_TABLE:
      out->b = a;
      out->a = adapter_transpose(b, l->d_in, l->rank);
      break;
  }
}

static bool read_pair(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  out->a = adapter_read_tensor(f, l->a, error);
  out->b = out->a ? adapter_read_tensor(f, l->b, error) : NULL;
  if (!out->b) return false;
  if (l->part[ADAPTER_MID] >= 0) return fold_mid(f, l, out, error);
  put_in_order(l, out);
  return l->part[ADAPTER_E] < 0 || scale_rows(f, l, ADAPTER_E, out->a, l->rank, l->d_in, error);
}

static bool read_vera(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  out->a = adapter_read_part(f, l, ADAPTER_SHARED_A, error);
  out->b = out->a ? adapter_read_part(f, l, ADAPTER_SHARED_B, error) : NULL;
  return out->b && scale_rows(f, l, ADAPTER_LAMBDA_D, out->a, l->rank, l->d_in, error) &&
         scale_rows(f, l, ADAPTER_LAMBDA_B, out->b, l->d_out, l->rank, error);
}

static bool make_room(const WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  out->a = g_try_malloc0_n(l->rank * l->d_in, sizeof(float));
  out->b = g_try_malloc0_n(l->rank * l->d_out, sizeof(float));
  return (out->a && out->b) || fail_memory(f, l, error);
}

/* Factors of a rank beyond the matrix's: their product, and the identity on its shorter side. */
static bool reduce(const WeightFile *f, const LayerInfo *l, size_t full, Layer *out, GError **error) {
  Layer wide = *out;
  out->a = out->b = NULL;
  bool ok = make_room(f, l, out, error), tall = l->d_in <= l->d_out;
  float *product = tall ? out->b : out->a, *unit = tall ? out->a : out->b;
  if (ok) gemm(false, false, l->d_out, l->d_in, full, 1, wide.b, full, wide.a, l->d_in, 0, product, l->d_in);
  for (size_t i = 0; ok && i < l->rank; i++) unit[i * l->rank + i] = 1;
  g_free(wide.a);
  g_free(wide.b);
  return ok;
}

static bool read_product(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  LayerInfo wide = *l;
  bool loha = l->adapter == FORM_LOHA;
  if (!(loha ? adapter_settle_loha(&wide, f) : adapter_settle_lokr(&wide, f)) || !make_room(f, &wide, out, error))
    return false;
  if (!(loha ? adapter_read_loha(f, &wide, out, error) : adapter_read_lokr(f, &wide, out, error))) return false;
  return wide.rank == l->rank || reduce(f, l, wide.rank, out, error);
}

bool adapter_read_factors(WeightFile *f, const LayerInfo *l, Layer *out, GError **error) {
  if (is_pair_form(l->adapter)) return read_pair(f, l, out, error);
  return l->adapter == FORM_VERA ? read_vera(f, l, out, error) : read_product(f, l, out, error);
}
