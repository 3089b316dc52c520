/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/clip/clip_names.h"

#include "core/error.h"

#define TRANSFORMERS(PREFIX)                                                                     \
  {                                                                                              \
    .prefix = PREFIX, .projection_prefix = "", .tokens = "embeddings.token_embedding.weight",    \
    .positions = "embeddings.position_embedding.weight", .final = "final_layer_norm",            \
    .projection = "text_projection.weight", .layers = "encoder.layers.", .norm1 = "layer_norm1", \
    .norm2 = "layer_norm2", .out = "self_attn.out_proj", .fc1 = "mlp.fc1", .fc2 = "mlp.fc2"      \
  }

#define OPEN_CLIP(PREFIX)                                                                                            \
  {                                                                                                                  \
    .prefix = PREFIX, .projection_prefix = PREFIX, .tokens = "token_embedding.weight",                               \
    .positions = "positional_embedding", .final = "ln_final", .projection = "text_projection",                       \
    .layers = "transformer.resblocks.", .norm1 = "ln_1", .norm2 = "ln_2", .out = "attn.out_proj", .fc1 = "mlp.c_fc", \
    .fc2 = "mlp.c_proj", .fused = "attn.in_proj weight"                                                              \
  }

const ClipNames *clip_names_for(const ClipStore *store, GError **error) {
  static const ClipNames known[] = {TRANSFORMERS("text_model."), TRANSFORMERS(""), OPEN_CLIP(""), OPEN_CLIP("text.")};
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
    g_autofree char *name = g_strconcat(known[i].prefix, known[i].tokens, NULL);
    if (clip_store_has(store, name)) return &known[i];
  }
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: no CLIP text tower: tensor text_model.embeddings.token_embedding.weight is not "
              "there",
              clip_store_label(store));
  return NULL;
}
