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

/* Those whose converters in llama.cpp permute q and k (convert_hf_to_gguf.py, `permute`). */
static bool permutes(const char *architecture) {
  static const char *const names[] = {"llama", "deci",   "granite", "granitemoe", "minicpm",
                                      "olmo",  "xverse", "smollm3", "arcee"};
  for (size_t i = 0; architecture && i < G_N_ELEMENTS(names); i++)
    if (strcmp(architecture, names[i]) == 0) return true;
  return false;
}

bool gguf_layer_is_permuted(const SafeText *layer, const char *architecture) {
  const char *part = part_of_block(layer);
  return part && permutes(architecture) && (strcmp(part, "attn_q") == 0 || strcmp(part, "attn_k") == 0);
}

uint64_t gguf_layer_heads(const SafeText *layer, GHashTable *metadata) {
  const char *architecture = g_hash_table_lookup(metadata, "general.architecture"), *part = part_of_block(layer);
  if (!architecture || !part) return 0;
  g_autofree char *heads = g_strconcat(architecture, ".attention.head_count", NULL);
  g_autofree char *groups = g_strconcat(architecture, ".attention.head_count_kv", NULL);
  const char *text = strcmp(part, "attn_k") == 0 ? g_hash_table_lookup(metadata, groups) : NULL;
  if (!text) text = g_hash_table_lookup(metadata, heads);
  guint64 n = 0;
  return text && g_ascii_string_to_unsigned(text, 10, 1, 1 << 16, &n, NULL) ? n : 0;
}
