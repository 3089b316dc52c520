/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/gguf_names.h"

#include <string.h>

/* "attn_q" of "blk.12.attn_q", or NULL. */
static const char *part_of_block(const char *layer) {
  if (!g_str_has_prefix(layer, "blk.")) return NULL;
  size_t digits = strspn(layer + 4, "0123456789");
  return digits > 0 && layer[4 + digits] == '.' ? layer + 5 + digits : NULL;
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

/* The rows or columns of BLOCK's tensor, 0 when there is none. */
static uint64_t size_of(const WeightFile *file, const char *block, const char *word, int side) {
  g_autofree char *name = g_strconcat(block, word, NULL);
  gssize i = weight_file_find(file, name);
  const TensorInfo *t = i >= 0 ? weight_file_info(file, (size_t)i) : NULL;
  return t && t->rank == 2 ? t->shape[side] : 0;
}

SafeText *gguf_fused_name(const WeightFile *file, const SafeText *layer) {
  static const char up[] = ".ffn_up";
  if (!g_str_has_prefix(layer, "blk.") || !g_str_has_suffix(layer, up)) return NULL;
  g_autofree char *block = g_strndup(layer, strlen(layer) - strlen(up));
  const uint64_t rows = size_of(file, block, ".ffn_up.weight", 0), inner = size_of(file, block, ".ffn_down.weight", 1);
  if (rows == 0 || rows % 2 != 0 || rows / 2 != inner || size_of(file, block, ".ffn_gate.weight", 0)) return NULL;
  return g_strconcat(block, ".ffn_gate_up", NULL);
}
