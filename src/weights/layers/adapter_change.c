/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/adapter_change.h"

#include <math.h>
#include <string.h>

#include "numerics/linalg.h"
#include "weights/layers/adapter_parts.h"
#include "weights/layers/adapter_rotation.h"

bool adapter_change_is_known(AdapterForm form) {
  return form == FORM_IA3 || form == FORM_OFT || form == FORM_BOFT || form == FORM_GLORA;
}

/* How many columns in a row share one number of a vector along the inputs; 0 when it does not fit. */
static size_t places_of(const TensorInfo *t, size_t d_in) {
  return t->count && d_in % t->count == 0 ? d_in / t->count : 0;
}

/* A vector that lies along the rows: (d_out), (d_out, 1), (d_out, 1, 1, 1). */
static bool is_along_rows(const TensorInfo *t, size_t d_out) {
  return t->rank >= 1 && t->shape[0] == d_out && t->count == d_out;
}

/* PEFT lays the outputs of a convolution along the second dimension: (1, d_out, 1, 1). */
static bool is_peft_kernel(const TensorInfo *t, size_t d_out) {
  bool peft = strstr(t->name, "lora_magnitude_vector") || strstr(t->name, "ia3_l");
  return peft && t->rank >= 3 && t->shape[0] == 1 && t->shape[1] == d_out && t->count == d_out;
}

/* x = m x/|x| of each row. */
static void set_row_norms(float *x, size_t rows, size_t columns, const float *m) {
  for (size_t o = 0; o < rows; o++) {
    float *row = x + o * columns;
    double norm = sqrt((double)dot(row, row, columns));
    float by = norm > 0 ? (float)((double)m[o] / norm) : 0;
    for (size_t i = 0; i < columns; i++) row[i] *= by;
  }
}

/* The same of each group of `places` columns. */
static void set_column_norms(float *x, size_t rows, size_t columns, size_t places, const float *m) {
  for (size_t c = 0; c < columns; c += places) {
    double sum = 0;
    for (size_t o = 0; o < rows; o++)
      for (size_t k = 0; k < places; k++) sum += (double)x[o * columns + c + k] * (double)x[o * columns + c + k];
    float by = sum > 0 ? (float)((double)m[c / places] / sqrt(sum)) : 0;
    for (size_t o = 0; o < rows; o++)
      for (size_t k = 0; k < places; k++) x[o * columns + c + k] *= by;
  }
}

bool adapter_change_dora(WeightFile *file, const LayerInfo *info, const Layer *base, Layer *l) {
  const TensorInfo *t = adapter_part_info(file, info, ADAPTER_MAGNITUDE);
  if (!t || base->form != LAYER_DENSE || l->form != LAYER_LOW_RANK) return false;
  if (base->d_out != l->d_out || base->d_in != l->d_in) return false;
  size_t n = l->d_out * l->d_in, places = places_of(t, l->d_in);
  bool rows = is_along_rows(t, l->d_out) || is_peft_kernel(t, l->d_out);
  if (!rows && !places) return false;
  g_autofree float *m = adapter_read_part(file, info, ADAPTER_MAGNITUDE, NULL);
  float *x = m ? g_try_malloc_n(n, sizeof *x) : NULL;
  if (!x) return false;
  memcpy(x, base->x, n * sizeof *x);
  gemm(false, false, l->d_out, l->d_in, l->rank, l->scale, l->b, l->rank, l->a, l->d_in, 1, x, l->d_in);
  if (rows) set_row_norms(x, l->d_out, l->d_in, m);
  else set_column_norms(x, l->d_out, l->d_in, places, m);
  for (size_t i = 0; i < n; i++) x[i] -= base->x[i];
  Layer dense = {.form = LAYER_DENSE, .d_out = l->d_out, .d_in = l->d_in, .scale = 1, .x = x};
  layer_clear(l);
  *l = dense;
  return true;
}

/* Whether LyCORIS's factor stands at the inputs. False, too, where nothing says so. */
static bool reads_on_input(WeightFile *file, gssize i) {
  float flag = 0;
  const TensorInfo *t = i >= 0 ? weight_file_info(file, (size_t)i) : NULL;
  return t && t->count == 1 && dtype_is_readable(t->dtype) &&
         weight_file_read_f32(file, (size_t)i, 0, 1, &flag, NULL) && flag != 0;
}

static bool change_scaled(WeightFile *file, const UncomputedLayer *u, const Layer *base, Layer *out) {
  gssize at = u->part[ADAPTER_IA3], flag = u->part[ADAPTER_ON_INPUT];
  if (u->form != FORM_IA3 || at < 0 || base->form != LAYER_DENSE) return false;
  const TensorInfo *t = weight_file_info(file, (size_t)at);
  bool lycoris = flag >= 0, columns = lycoris ? reads_on_input(file, flag)
                                              : !is_along_rows(t, base->d_out) && !is_peft_kernel(t, base->d_out);
  size_t places = columns ? places_of(t, base->d_in) : 0, n = base->d_out * base->d_in;
  if (columns ? !places : t->count != base->d_out) return false;
  g_autofree float *factor = adapter_read_tensor(file, at, NULL);
  float *x = factor ? g_try_malloc_n(n, sizeof *x) : NULL;
  if (!x) return false;
  for (size_t o = 0; o < base->d_out; o++)
    for (size_t i = 0; i < base->d_in; i++) {
      float f = factor[columns ? i / places : o];
      x[o * base->d_in + i] = base->x[o * base->d_in + i] * (lycoris ? f : f - 1);
    }
  *out = (Layer){.form = LAYER_DENSE, .d_out = base->d_out, .d_in = base->d_in, .scale = 1, .x = x};
  return true;
}

bool adapter_change_read(WeightFile *file, const UncomputedLayer *u, const Layer *base, Layer *out) {
  if (u->form == FORM_OFT) return adapter_change_rotated(file, u, base, out);
  if (u->form == FORM_BOFT) return adapter_change_butterfly(file, u, base, out);
  if (u->form == FORM_GLORA) return adapter_change_glora(file, u, base, out);
  return change_scaled(file, u, base, out);
}
