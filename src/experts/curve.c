/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/curve.h"

float *curve_pack(const GArray *curve, size_t *n) {
  *n = MIN(curve->len, (guint)CURVE_EPOCHS);
  float *out = g_new(float, CURVE_WIDTH **n + 1);
  for (size_t i = 0; i < *n; i++) {
    const EpochRow *row = &g_array_index(curve, EpochRow, i);
    float *to = out + CURVE_WIDTH * i;
    to[0] = (float)row->loss, to[1] = (float)row->val_loss, to[2] = (float)row->val_score;
  }
  return out;
}

GArray *curve_unpack(const float *numbers, size_t n) {
  GArray *curve = g_array_sized_new(FALSE, FALSE, sizeof(EpochRow), (guint)n);
  for (size_t i = 0; i < n; i++) {
    const float *from = numbers + CURVE_WIDTH * i;
    EpochRow row = {(double)from[0], (double)from[1], (double)from[2]};
    g_array_append_val(curve, row);
  }
  return curve;
}
