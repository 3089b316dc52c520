/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/computed_table.h"

#include <string.h>

bool tensor_is_computed(const char *name, const TensorInfo *info) {
  static const char *const words[] = {"rope_freqs",
                                      "inv_freq",
                                      "position_ids",
                                      "rope_factors_long",
                                      "rope_factors_short",
                                      "grid",
                                      "relative_position_index",
                                      "attn_mask",
                                      "masked_bias"};
  const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(last, words[i]) == 0) return true;
  return !dtype_is_float(info->dtype) && !dtype_is_quantised(info->dtype);
}
