/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/computed_table.h"

bool tensor_is_computed(const char *name, const TensorInfo *info) {
  static const char *const words[] = {"rope_freqs",
                                      "inv_freq",
                                      "position_ids",
                                      "rope_factors_long",
                                      "rope_factors_short",
                                      "grid",
                                      "relative_position_index",
                                      "attn_mask",
                                      "masked_bias",
                                      NULL};
  if (g_strv_contains(words, text_last_part(name))) return true;
  return !dtype_is_float(info->dtype) && !dtype_is_quantised(info->dtype);
}
