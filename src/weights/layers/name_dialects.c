/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/name_dialects.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *theirs, *ours;
} Word;

/* A block's modules: "THEIRS_7_rest" -> "OURS_7_word". */
typedef struct {
  const char *theirs, *ours;
  const Word *words;
  size_t n;
} Blocks;

/* llama.cpp, gguf-py/gguf/tensor_mapping.py */
static const Word gguf_words[] = {
    {"attn_norm", "input_layernorm"},    {"ffn_norm", "post_attention_layernorm"},
    {"attn_q", "self_attn_q_proj"},      {"attn_k", "self_attn_k_proj"},
    {"attn_v", "self_attn_v_proj"},      {"attn_qkv", "self_attn_qkv_proj"},
    {"attn_output", "self_attn_o_proj"}, {"attn_q_norm", "self_attn_q_norm"},
    {"attn_k_norm", "self_attn_k_norm"}, {"ffn_gate", "mlp_gate_proj"},
    {"ffn_up", "mlp_up_proj"},           {"ffn_down", "mlp_down_proj"},
};

/* diffusers, scripts/convert_flux_to_diffusers.py and convert_hunyuan_video_to_diffusers.py */
static const Word double_words[] = {
    {"img_attn_qkv", "attn_qkv"},
    {"txt_attn_qkv", "attn_add_qkv"},
    {"img_attn_proj", "attn_to_out_0"},
    {"txt_attn_proj", "attn_to_add_out"},
    {"img_attn_norm_query_norm_scale", "attn_norm_q"},
    {"img_attn_norm_key_norm_scale", "attn_norm_k"},
    {"txt_attn_norm_query_norm_scale", "attn_norm_added_q"},
    {"txt_attn_norm_key_norm_scale", "attn_norm_added_k"},
    {"img_mlp_0", "ff_net_0_proj"},
    {"img_mlp_2", "ff_net_2"},
    {"txt_mlp_0", "ff_context_net_0_proj"},
    {"txt_mlp_2", "ff_context_net_2"},
    {"img_mlp_fc1", "ff_net_0_proj"},
    {"img_mlp_fc2", "ff_net_2"},
    {"txt_mlp_fc1", "ff_context_net_0_proj"},
    {"txt_mlp_fc2", "ff_context_net_2"},
    {"img_mod_lin", "norm1_linear"},
    {"txt_mod_lin", "norm1_context_linear"},
    {"img_mod_linear", "norm1_linear"},
    {"txt_mod_linear", "norm1_context_linear"},
};

static const Word single_words[] = {
    {"linear1", "attn_qkvmlp"},
    {"linear1_qkv", "attn_qkv"},
    {"linear2", "proj_out"},
    {"modulation_lin", "norm_linear"},
    {"modulation_linear", "norm_linear"},
    {"norm_query_norm_scale", "attn_norm_q"},
    {"norm_key_norm_scale", "attn_norm_k"},
};

/* diffusers, scripts/convert_sd3_to_diffusers.py */
static const Word joint_words[] = {
    {"x_block_attn_qkv", "attn_qkv"},
    {"context_block_attn_qkv", "attn_add_qkv"},
    {"x_block_attn_proj", "attn_to_out_0"},
    {"context_block_attn_proj", "attn_to_add_out"},
    {"x_block_mlp_fc1", "ff_net_0_proj"},
    {"x_block_mlp_fc2", "ff_net_2"},
    {"context_block_mlp_fc1", "ff_context_net_0_proj"},
    {"context_block_mlp_fc2", "ff_context_net_2"},
    {"x_block_adaLN_modulation_1", "norm1_linear"},
    {"context_block_adaLN_modulation_1", "norm1_context_linear"},
};

/* OpenCLIP, src/open_clip/transformer.py, against transformers' CLIP */
static const Word clip_words[] = {
    {"attn_in_proj_weight", "self_attn_qkv"},
    {"attn_out_proj", "self_attn_out_proj"},
    {"ln_1", "layer_norm1"},
    {"ln_2", "layer_norm2"},
    {"mlp_c_fc", "mlp_fc1"},
    {"mlp_c_proj", "mlp_fc2"},
};

static const Blocks blocks[] = {
    {"resblocks_", "text_model_encoder_layers_", clip_words, G_N_ELEMENTS(clip_words)},
    {"visual_transformer_resblocks_", "vision_model_encoder_layers_", clip_words, G_N_ELEMENTS(clip_words)},
    {"text_encoder_transformer_resblocks_", "text_encoder_text_model_encoder_layers_", clip_words,
     G_N_ELEMENTS(clip_words)},
    {"text_encoder_2_transformer_resblocks_", "text_encoder_2_text_model_encoder_layers_", clip_words,
     G_N_ELEMENTS(clip_words)},
    {"blk_", "layers_", gguf_words, G_N_ELEMENTS(gguf_words)},
    {"double_blocks_", "transformer_blocks_", double_words, G_N_ELEMENTS(double_words)},
    {"single_blocks_", "single_transformer_blocks_", single_words, G_N_ELEMENTS(single_words)},
    {"joint_blocks_", "transformer_blocks_", joint_words, G_N_ELEMENTS(joint_words)},
};

/* Whole names; the heads of Stable Diffusion's single files too (diffusers, loaders/single_file_utils.py). */
static const Word tops[] = {
    {"token_embd", "embed_tokens"},
    {"output_norm", "norm"},
    {"output", "lm_head"},
    {"img_in", "x_embedder"},
    {"txt_in", "context_embedder"},
    {"time_in_in_layer", "time_text_embed_timestep_embedder_linear_1"},
    {"time_in_out_layer", "time_text_embed_timestep_embedder_linear_2"},
    {"vector_in_in_layer", "time_text_embed_text_embedder_linear_1"},
    {"vector_in_out_layer", "time_text_embed_text_embedder_linear_2"},
    {"guidance_in_in_layer", "time_text_embed_guidance_embedder_linear_1"},
    {"guidance_in_out_layer", "time_text_embed_guidance_embedder_linear_2"},
    {"final_layer_linear", "proj_out"},
    {"input_blocks_0_0", "conv_in"},
    {"time_embed_0", "time_embedding_linear_1"},
    {"time_embed_2", "time_embedding_linear_2"},
    {"label_emb_0_0", "add_embedding_linear_1"},
    {"label_emb_0_2", "add_embedding_linear_2"},
    {"out_0", "conv_norm_out"},
    {"out_2", "conv_out"},
};

static const char *find(const Word *words, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(words[i].theirs, name) == 0) return words[i].ours;
  return NULL;
}

/* A number and the underscore behind it; *rest points behind. */
static bool take_number(const char *s, unsigned *n, const char **rest) {
  char *end = NULL;
  if (!g_ascii_isdigit(*s)) return false;
  guint64 value = g_ascii_strtoull(s, &end, 10);
  if (*end != '_' || value > 100000) return false;
  *n = (unsigned)value;
  *rest = end + 1;
  return true;
}

static bool undo_blocks(GString *flat) {
  for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
    const Blocks *b = &blocks[i];
    unsigned block;
    const char *rest;
    if (!g_str_has_prefix(flat->str, b->theirs)) continue;
    if (!take_number(flat->str + strlen(b->theirs), &block, &rest)) return false;
    const char *word = find(b->words, b->n, rest);
    if (word) g_string_printf(flat, "%s%u_%s", b->ours, block, word);
    return word != NULL;
  }
  return false;
}

/* --- Stable Diffusion ------------------------------------------------------------------------------- */

static const Word resnet_words[] = {
    {"in_layers_0", "norm1"},  {"in_layers_2", "conv1"},  {"emb_layers_1", "time_emb_proj"},
    {"out_layers_0", "norm2"}, {"out_layers_3", "conv2"}, {"skip_connection", "conv_shortcut"},
};

/* What stands in a slot of a block: a residual unit, attention, or a change of size. `number` is its place. */
static void write_slot(GString *flat, const char *side, unsigned level, unsigned number, const char *rest) {
  g_autofree char *inside = g_strdup(rest); /* it may lie in `flat` */
  const char *word = find(resnet_words, G_N_ELEMENTS(resnet_words), inside);
  if (strcmp(inside, "op") == 0) g_string_printf(flat, "%s_blocks_%u_downsamplers_0_conv", side, level);
  else if (strcmp(inside, "conv") == 0) g_string_printf(flat, "%s_blocks_%u_upsamplers_0_conv", side, level);
  else if (word) g_string_printf(flat, "%s_blocks_%u_resnets_%u_%s", side, level, number, word);
  else g_string_printf(flat, "%s_blocks_%u_attentions_%u_%s", side, level, number, inside);
}

/* input_blocks_{1 + 3l + n}_{slot}: two units a level, then the change of size; output_blocks_{3l + n}_{slot}:
 * three. */
static bool undo_unet(GString *flat) {
  bool in = g_str_has_prefix(flat->str, "input_blocks_"), out = g_str_has_prefix(flat->str, "output_blocks_");
  unsigned block, slot;
  const char *rest;
  if (g_str_has_prefix(flat->str, "middle_block_")) {
    if (!take_number(flat->str + strlen("middle_block_"), &slot, &rest) || slot > 2) return false;
    g_autofree char *inside = g_strdup(rest);
    const char *word = find(resnet_words, G_N_ELEMENTS(resnet_words), inside);
    if (word) g_string_printf(flat, "mid_block_resnets_%u_%s", slot / 2, word);
    else g_string_printf(flat, "mid_block_attentions_0_%s", inside);
    return true;
  }
  if (!in && !out) return false;
  if (!take_number(flat->str + strlen(in ? "input_blocks_" : "output_blocks_"), &block, &rest)) return false;
  if (!take_number(rest, &slot, &rest) || (in && block == 0)) return false;
  if (in) write_slot(flat, "down", (block - 1) / 3, (block - 1) % 3, rest);
  else write_slot(flat, "up", block / 3, block % 3, rest);
  return true;
}

void name_dialect_undo(GString *flat) {
  const char *whole = find(tops, G_N_ELEMENTS(tops), flat->str);
  if (whole) g_string_assign(flat, whole);
  else if (!undo_blocks(flat)) undo_unet(flat);
}
