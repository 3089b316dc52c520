/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/gguf_names.h"

#include <string.h>

typedef struct {
  const char *short_name, *name;
} Word;

static const Word top[] = {{"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"}};

static const Word inside[] = {{"attn_norm", "input_layernorm"},    {"ffn_norm", "post_attention_layernorm"},
                              {"attn_q", "self_attn.q_proj"},      {"attn_k", "self_attn.k_proj"},
                              {"attn_v", "self_attn.v_proj"},      {"attn_output", "self_attn.o_proj"},
                              {"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"},
                              {"ffn_gate", "mlp.gate_proj"},       {"ffn_up", "mlp.up_proj"},
                              {"ffn_down", "mlp.down_proj"}};

static const char *find(const Word *words, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(words[i].short_name, name) == 0) return words[i].name;
  return NULL;
}

/* "attn_q" of "blk.12.attn_q", or NULL. */
static const char *part_of_block(const char *layer) {
  if (!g_str_has_prefix(layer, "blk.")) return NULL;
  size_t digits = strspn(layer + 4, "0123456789");
  return digits > 0 && layer[4 + digits] == '.' ? layer + 5 + digits : NULL;
}

SafeText *gguf_layer_name(const SafeText *layer) {
  const char *part = part_of_block(layer);
  const char *name = part ? find(inside, G_N_ELEMENTS(inside), part) : find(top, G_N_ELEMENTS(top), layer);
  if (!name) return NULL;
  if (!part) return g_strdup(name);
  return g_strdup_printf("model.layers.%.*s.%s", (int)(part - layer - 5), layer + 4, name);
}

bool gguf_layer_is_permuted(const SafeText *layer, const char *architecture) {
  const char *part = part_of_block(layer);
  return part && g_strcmp0(architecture, "llama") == 0 && (strcmp(part, "attn_q") == 0 || strcmp(part, "attn_k") == 0);
}
