/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/name_key.h"

#include <stdlib.h>
#include <string.h>

#include "weights/layers/name_dialects.h"

/* In front, again and again: what transformers call a network inside one with a head (base_model_prefix). */
static const char *skip_front(const char *name) {
  static const char *const words[] = {
      "model.",      "transformer.", "language_model.", "gpt_neox.",   "bert.",        "roberta.",
      "vit.",        "deit.",        "beit.",           "dinov2.",     "swin.",        "convnext.",
      "resnet.",     "segformer.",   "albert.",         "electra.",    "deberta.",     "distilbert.",
      "mobilebert.", "mpnet.",       "longformer.",     "esm.",        "xlm.",         "wav2vec2.",
      "hubert.",     "wavlm.",       "backbone.",       "auto_model.", "0.auto_model."};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    size_t n = strlen(words[i]);
    if (strncmp(name, words[i], n) != 0 || !name[n]) continue;
    name += n;
    i = (size_t)-1;
  }
  return name;
}

typedef struct {
  const char *ending, *instead;
} Ending;

/* What attention calls its parts, and its parts together. */
static const Ending endings[] = {
    {"_query_key_value", "_query_key_value"}, /* rows alternate by heads: no stack, and no value */
    {"_q_proj", "_q"},
    {"_k_proj", "_k"},
    {"_v_proj", "_v"},
    {"_to_q", "_q"},
    {"_to_k", "_k"},
    {"_to_v", "_v"},
    {"_query", "_q"},
    {"_key", "_k"},
    {"_value", "_v"},
    {"_qkv_proj", "_qkv"},
    {"_to_qkv", "_qkv"},
    {"_to_added_qkv", "_add_qkv"},
    {"_W_pack", "_qkv"},
    {"_Wqkv", "_qkv"},
    {"_in_proj_weight", "_qkv"},
    {"_to_kv", "_kv"},
};

static void one_spelling(GString *key) {
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
    if (!g_str_has_suffix(key->str, endings[i].ending)) continue;
    g_string_truncate(key, key->len - strlen(endings[i].ending));
    g_string_append(key, endings[i].instead);
    return;
  }
}

static char *key_of_whole(const char *layer, size_t n) {
  g_autofree char *name = g_strndup(layer, n);
  g_autoptr(GString) key = g_string_new(skip_front(name));
  for (char *c = key->str; *c; c++)
    if (*c == '.') *c = '_';
  name_dialect_undo(key);
  one_spelling(key);
  return g_strdup(key->str);
}

/* What stands for a fused ending where the part is kept apart. */
static char *key_of_part(const char *whole, const char *tag) {
  static const Ending fused[] = {
      {"_qkvmlp", "_"}, {"_query_key_value", "_"}, {"_qkv", "_"}, {"_kv", "_"}, {"_gate_up_proj", "_"}};
  size_t n = strlen(whole);
  if (g_str_has_suffix(whole, "_attn_qkvmlp") && strcmp(tag, "mlp") == 0)
    return g_strdup_printf("%.*s_proj_mlp", (int)(n - strlen("_attn_qkvmlp")), whole);
  for (size_t i = 0; i < G_N_ELEMENTS(fused); i++) {
    if (!g_str_has_suffix(whole, fused[i].ending)) continue;
    bool gated = i == 4;
    return g_strdup_printf("%.*s_%s%s", (int)(n - strlen(fused[i].ending)), whole, tag, gated ? "_proj" : "");
  }
  return g_strdup_printf("%s_%s", whole, tag);
}

char *name_key(const char *layer) {
  size_t n = strlen(layer);
  const char *open = n && layer[n - 1] == ']' ? strrchr(layer, '[') : NULL;
  if (!open || open == layer) return key_of_whole(layer, n);
  g_autofree char *whole = key_of_whole(layer, (size_t)(open - layer));
  g_autofree char *tag = g_strndup(open + 1, (gsize)(layer + n - 1 - open - 1));
  return key_of_part(whole, tag);
}

/* q as high as the matrix is wide, k and v what is left; thirds where that leaves no sense. */
static unsigned parts_of_qkv(uint64_t d_out, uint64_t d_in, NamePart *out) {
  bool grouped = d_out > d_in && (d_out - d_in) % 2 == 0 && d_out <= 3 * d_in;
  if (!grouped && d_out % 3 != 0) return 0;
  uint64_t q = grouped ? d_in : d_out / 3, k = (d_out - q) / 2;
  out[0] = (NamePart){"q", 0, q};
  out[1] = (NamePart){"k", q, k};
  out[2] = (NamePart){"v", q + k, k};
  return 3;
}

static unsigned halves(uint64_t d_out, const char *first, const char *second, NamePart *out) {
  if (d_out % 2 != 0) return 0;
  out[0] = (NamePart){first, 0, d_out / 2};
  out[1] = (NamePart){second, d_out / 2, d_out / 2};
  return 2;
}

unsigned name_parts(const char *layer, uint64_t d_out, uint64_t d_in, NamePart parts[NAME_MOST_PARTS]) {
  static const char *const hints[] = {"qkv",     "linear1", "in_proj_weight",  "W_pack", "to_kv",
                                      "gate_up", "c_attn",  "query_key_value", "h_to_4h"};
  bool hinted = false;
  for (size_t i = 0; i < G_N_ELEMENTS(hints) && !hinted; i++) hinted = strstr(layer, hints[i]) != NULL;
  if (!hinted || strchr(layer, '[') || d_out == 0 || d_in == 0 || d_in > UINT64_MAX / 4) return 0;
  g_autofree char *key = name_key(layer);
  if (g_str_has_suffix(key, "_gate_up_proj")) return halves(d_out, "gate", "up", parts);
  if (g_str_has_suffix(key, "_qkv") || g_str_has_suffix(key, "_query_key_value"))
    return parts_of_qkv(d_out, d_in, parts);
  if (g_str_has_suffix(key, "_kv")) return halves(d_out, "k", "v", parts);
  if (!g_str_has_suffix(key, "_qkvmlp") || d_out <= 3 * d_in) return 0;
  parts_of_qkv(3 * d_in, d_in, parts);
  parts[3] = (NamePart){"mlp", 3 * d_in, d_out - 3 * d_in};
  return 4;
}

char *name_of_part(const char *layer, const char *tag) { return g_strdup_printf("%s[%s]", layer, tag); }

static bool ends_with_word(const char *key, const char *word) {
  size_t n = strlen(key), m = strlen(word);
  return n >= m && strcmp(key + n - m, word) == 0 && (n == m || key[n - m - 1] == '_');
}

bool name_key_is_table(const char *key) {
  static const char *const words[] = {"embed_tokens", "wte",    "word_embeddings", "tok_embeddings",
                                      "embed_in",     "shared", "token_embedding"};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (ends_with_word(key, words[i])) return true;
  return false;
}

bool name_key_is_tied_head(const char *key) {
  static const char *const words[] = {"lm_head", "embed_out", "predictions_decoder", "lm_head_decoder", "output"};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(words[i], "output") == 0 ? strcmp(key, "output") == 0 : ends_with_word(key, words[i])) return true;
  return false;
}
