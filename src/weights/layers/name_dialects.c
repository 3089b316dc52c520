/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/name_dialects.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "weights/layers/vae_names.h"

typedef struct {
  const char *theirs, *ours;
} Word;

/* A block's modules: "THEIRS_7_rest" -> "OURS_7_word". */
typedef struct {
  const char *theirs, *ours;
  const Word *words;
  size_t n;
  bool mixture; /* whose experts may be among them: undo_expert() */
} Blocks;

/* llama.cpp, gguf-py/gguf/tensor_mapping.py; from here on what the networks themselves call the same modules */
static const Word gguf_words[] = {
    {"attn_norm", "input_layernorm"},
    {"ffn_norm", "post_attention_layernorm"},
    {"attn_q", "self_attn_q_proj"},
    {"attn_k", "self_attn_k_proj"},
    {"attn_v", "self_attn_v_proj"},
    {"attn_qkv", "self_attn_qkv_proj"},
    {"attn_output", "self_attn_o_proj"},
    {"attn_q_norm", "self_attn_q_norm"},
    {"attn_k_norm", "self_attn_k_norm"},
    {"ffn_gate", "mlp_gate_proj"},
    {"ffn_up", "mlp_up_proj"},
    {"ffn_down", "mlp_down_proj"},
    {"ffn_gate_up", "mlp_gate_up_proj"}, /* our word: gguf_fused_name() */
    {"ffn_gate_inp", "mlp_gate"},
    {"ffn_gate_inp_shexp", "mlp_shared_expert_gate"},
    {"ffn_gate_shexp", "mlp_shared_expert_gate_proj"},
    {"ffn_up_shexp", "mlp_shared_expert_up_proj"},
    {"ffn_down_shexp", "mlp_shared_expert_down_proj"},
    {"attn_q_a", "self_attn_q_a_proj"},
    {"attn_q_b", "self_attn_q_b_proj"},
    {"attn_kv_a_mqa", "self_attn_kv_a_proj_with_mqa"},
    {"attn_kv_b", "self_attn_kv_b_proj"},
    {"attn_output_norm", "attention_output_LayerNorm"},
    {"layer_output_norm", "output_LayerNorm"},
    {"ssm_in", "mixer_in_proj"},
    {"ssm_x", "mixer_x_proj"},
    {"ssm_dt", "mixer_dt_proj"},
    {"ssm_out", "mixer_out_proj"},
    {"ssm_conv1d", "mixer_conv1d"},
    {"ssm_norm", "mixer_norm"},
};

/* GPT-2, GPT-J, Falcon, BLOOM: transformer.h.7.… */
static const Word h_words[] = {
    {"attn_c_attn", "self_attn_qkv_proj"},
    {"attn_c_proj", "self_attn_o_proj"},
    {"attn_q_proj", "self_attn_q_proj"},
    {"attn_k_proj", "self_attn_k_proj"},
    {"attn_v_proj", "self_attn_v_proj"},
    {"attn_out_proj", "self_attn_o_proj"},
    {"attn_attention_q_proj", "self_attn_q_proj"},
    {"attn_attention_k_proj", "self_attn_k_proj"},
    {"attn_attention_v_proj", "self_attn_v_proj"},
    {"attn_attention_out_proj", "self_attn_o_proj"},
    {"self_attention_dense", "self_attn_o_proj"},
    {"self_attention_query_key_value", "self_attn_query_key_value"},
    {"mlp_c_fc", "mlp_up_proj"},
    {"mlp_c_proj", "mlp_down_proj"},
    {"mlp_fc_in", "mlp_up_proj"},
    {"mlp_fc_out", "mlp_down_proj"},
    {"mlp_dense_h_to_4h", "mlp_up_proj"},
    {"mlp_dense_4h_to_h", "mlp_down_proj"},
    {"ln_1", "input_layernorm"},
    {"ln_2", "post_attention_layernorm"},
};

/* GPT-NeoX, Phi, StarCoder 2, Mixtral, DeepSeek: layers.7.… The rows of query_key_value alternate by heads: as they lie
 * they are no stack of q, k and v: qkv_rows.h. */
static const Word layers_words[] = {
    {"attention_query_key_value", "self_attn_query_key_value"},
    {"attention_dense", "self_attn_o_proj"},
    {"self_attn_dense", "self_attn_o_proj"},
    {"mlp_dense_h_to_4h", "mlp_up_proj"},
    {"mlp_dense_4h_to_h", "mlp_down_proj"},
    {"mlp_fc1", "mlp_up_proj"},
    {"mlp_fc2", "mlp_down_proj"},
    {"mlp_c_fc", "mlp_up_proj"},
    {"mlp_c_proj", "mlp_down_proj"},
    {"block_sparse_moe_gate", "mlp_gate"},
    {"mlp_shared_experts_gate_proj", "mlp_shared_expert_gate_proj"},
    {"mlp_shared_experts_up_proj", "mlp_shared_expert_up_proj"},
    {"mlp_shared_experts_down_proj", "mlp_shared_expert_down_proj"},
    {"attention_wq", "self_attn_q_proj"}, /* Meta's own files */
    {"attention_wk", "self_attn_k_proj"},
    {"attention_wv", "self_attn_v_proj"},
    {"attention_wo", "self_attn_o_proj"},
    {"attention_norm", "input_layernorm"},
    {"feed_forward_w1", "mlp_gate_proj"},
    {"feed_forward_w3", "mlp_up_proj"},
    {"feed_forward_w2", "mlp_down_proj"},
    {"ffn_norm", "post_attention_layernorm"},
    {"norm", "input_layernorm"},             /* Mamba */
    {"attention_out", "attention_to_out_0"}, /* Lumina, Z-Image */
};

/* ChatGLM: transformer.encoder.layers.7.…, whose query_key_value is a stack */
static const Word glm_words[] = {
    {"self_attention_query_key_value", "self_attn_qkv_proj"},
    {"self_attention_dense", "self_attn_o_proj"},
    {"mlp_dense_h_to_4h", "mlp_gate_up_proj"},
    {"mlp_dense_4h_to_h", "mlp_down_proj"},
};

/* MPT: transformer.blocks.7.… */
static const Word mpt_words[] = {
    {"attn_Wqkv", "self_attn_qkv_proj"}, {"attn_out_proj", "self_attn_o_proj"}, {"ffn_up_proj", "mlp_up_proj"},
    {"ffn_down_proj", "mlp_down_proj"},  {"norm_1", "input_layernorm"},         {"norm_2", "post_attention_layernorm"},
};

/* timm's vision transformers and DINOv2: blocks.7.…, against transformers' encoder.layer.7.… */
static const Word timm_words[] = {
    {"attn_qkv", "self_attn_qkv_proj"}, {"attn_proj", "self_attn_o_proj"}, {"mlp_fc1", "mlp_up_proj"},
    {"mlp_fc2", "mlp_down_proj"},       {"norm1", "input_layernorm"},      {"norm2", "post_attention_layernorm"},
    {"ls1", "layer_scale1_lambda1"},    {"ls2", "layer_scale2_lambda1"},
};

/* diffusers, scripts/convert_wan_to_diffusers.py */
static const Word wan_words[] = {
    {"self_attn_q", "attn1_to_q"},
    {"self_attn_k", "attn1_to_k"},
    {"self_attn_v", "attn1_to_v"},
    {"self_attn_o", "attn1_to_out_0"},
    {"self_attn_norm_q", "attn1_norm_q"},
    {"self_attn_norm_k", "attn1_norm_k"},
    {"cross_attn_q", "attn2_to_q"},
    {"cross_attn_k", "attn2_to_k"},
    {"cross_attn_v", "attn2_to_v"},
    {"cross_attn_o", "attn2_to_out_0"},
    {"cross_attn_norm_q", "attn2_norm_q"},
    {"cross_attn_norm_k", "attn2_norm_k"},
    {"cross_attn_k_img", "attn2_add_k_proj"},
    {"cross_attn_v_img", "attn2_add_v_proj"},
    {"cross_attn_norm_k_img", "attn2_norm_added_k"},
    {"ffn_0", "ffn_net_0_proj"},
    {"ffn_2", "ffn_net_2"},
    {"norm3", "norm2"},
    {"modulation", "scale_shift_table"},
};

/* OpenAI's Whisper: encoder.blocks.7.…, transformers, models/whisper/convert_openai_to_hf.py */
static const Word whisper_words[] = {
    {"attn_query", "self_attn_q_proj"},
    {"attn_key", "self_attn_k_proj"},
    {"attn_value", "self_attn_v_proj"},
    {"attn_out", "self_attn_out_proj"},
    {"attn_ln", "self_attn_layer_norm"},
    {"cross_attn_query", "encoder_attn_q_proj"},
    {"cross_attn_key", "encoder_attn_k_proj"},
    {"cross_attn_value", "encoder_attn_v_proj"},
    {"cross_attn_out", "encoder_attn_out_proj"},
    {"cross_attn_ln", "encoder_attn_layer_norm"},
    {"mlp_0", "fc1"},
    {"mlp_2", "fc2"},
    {"mlp_ln", "final_layer_norm"},
};

/* BERT and its kin: encoder.layer.7.… */
static const Word bert_words[] = {
    {"attention_self_query", "self_attn_q_proj"},
    {"attention_self_key", "self_attn_k_proj"},
    {"attention_self_value", "self_attn_v_proj"},
    {"attention_output_dense", "self_attn_o_proj"},
    {"intermediate_dense", "mlp_up_proj"},
    {"output_dense", "mlp_down_proj"},
    {"attention_output_LayerNorm", "attention_output_LayerNorm"},
    {"output_LayerNorm", "output_LayerNorm"},
    {"attention_attention_query", "self_attn_q_proj"}, /* vision transformers */
    {"attention_attention_key", "self_attn_k_proj"},
    {"attention_attention_value", "self_attn_v_proj"},
    {"layernorm_before", "input_layernorm"},
    {"layernorm_after", "post_attention_layernorm"},
    {"mlp_fc1", "mlp_up_proj"}, /* DINOv2 */
    {"mlp_fc2", "mlp_down_proj"},
    {"norm1", "input_layernorm"},
    {"norm2", "post_attention_layernorm"},
    {"layer_scale1_lambda1", "layer_scale1_lambda1"},
    {"layer_scale2_lambda1", "layer_scale2_lambda1"},
};

/* T5 in GGUF: enc.blk.7.…, dec.blk.7.… */
static const Word t5_encoder_words[] = {
    {"attn_q", "layer_0_SelfAttention_q"},       {"attn_k", "layer_0_SelfAttention_k"},
    {"attn_v", "layer_0_SelfAttention_v"},       {"attn_o", "layer_0_SelfAttention_o"},
    {"ffn_gate", "layer_1_DenseReluDense_wi_0"}, {"ffn_up", "layer_1_DenseReluDense_wi_1"},
    {"ffn_down", "layer_1_DenseReluDense_wo"},   {"attn_norm", "layer_0_layer_norm"},
    {"ffn_norm", "layer_1_layer_norm"},
};
static const Word t5_decoder_words[] = {
    {"attn_q", "layer_0_SelfAttention_q"},         {"attn_k", "layer_0_SelfAttention_k"},
    {"attn_v", "layer_0_SelfAttention_v"},         {"attn_o", "layer_0_SelfAttention_o"},
    {"cross_attn_q", "layer_1_EncDecAttention_q"}, {"cross_attn_k", "layer_1_EncDecAttention_k"},
    {"cross_attn_v", "layer_1_EncDecAttention_v"}, {"cross_attn_o", "layer_1_EncDecAttention_o"},
    {"ffn_gate", "layer_2_DenseReluDense_wi_0"},   {"ffn_up", "layer_2_DenseReluDense_wi_1"},
    {"ffn_down", "layer_2_DenseReluDense_wo"},
};
static const Word t5_own_words[] = {
    {"layer_1_DenseReluDense_wi", "layer_1_DenseReluDense_wi_1"}, /* without a gate */
    {"layer_2_DenseReluDense_wi", "layer_2_DenseReluDense_wi_1"},
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
    {"resblocks_", "text_model_encoder_layers_", clip_words, G_N_ELEMENTS(clip_words), false},
    {"visual_transformer_resblocks_", "vision_model_encoder_layers_", clip_words, G_N_ELEMENTS(clip_words), false},
    {"text_encoder_transformer_resblocks_", "text_encoder_text_model_encoder_layers_", clip_words,
     G_N_ELEMENTS(clip_words), false},
    {"text_encoder_2_transformer_resblocks_", "text_encoder_2_text_model_encoder_layers_", clip_words,
     G_N_ELEMENTS(clip_words), false},
    {"blk_", "layers_", gguf_words, G_N_ELEMENTS(gguf_words), true},
    {"h_", "layers_", h_words, G_N_ELEMENTS(h_words), false},
    {"layers_", "layers_", layers_words, G_N_ELEMENTS(layers_words), true},
    {"encoder_layers_", "layers_", glm_words, G_N_ELEMENTS(glm_words), false},
    {"blocks_", "layers_", mpt_words, G_N_ELEMENTS(mpt_words), false},
    {"blocks_", "layers_", timm_words, G_N_ELEMENTS(timm_words), false},
    {"blocks_", "blocks_", wan_words, G_N_ELEMENTS(wan_words), false},
    {"encoder_blocks_", "encoder_layers_", whisper_words, G_N_ELEMENTS(whisper_words), false},
    {"decoder_blocks_", "decoder_layers_", whisper_words, G_N_ELEMENTS(whisper_words), false},
    {"encoder_layer_", "layers_", bert_words, G_N_ELEMENTS(bert_words), false},
    {"enc_blk_", "encoder_block_", t5_encoder_words, G_N_ELEMENTS(t5_encoder_words), false},
    {"dec_blk_", "decoder_block_", t5_decoder_words, G_N_ELEMENTS(t5_decoder_words), false},
    {"encoder_block_", "encoder_block_", t5_own_words, G_N_ELEMENTS(t5_own_words), false},
    {"decoder_block_", "decoder_block_", t5_own_words, G_N_ELEMENTS(t5_own_words), false},
    {"double_blocks_", "transformer_blocks_", double_words, G_N_ELEMENTS(double_words), false},
    {"single_blocks_", "single_transformer_blocks_", single_words, G_N_ELEMENTS(single_words), false},
    {"joint_blocks_", "transformer_blocks_", joint_words, G_N_ELEMENTS(joint_words), false},
};

/* Whole names; the heads of Stable Diffusion's single files too (diffusers, loaders/single_file_utils.py). */
static const Word tops[] = {
    {"token_embd", "embed_tokens"},
    {"output_norm", "norm"},
    {"output", "lm_head"},
    {"wte", "embed_tokens"},
    {"word_embeddings", "embed_tokens"},
    {"embed_in", "embed_tokens"},
    {"embed_out", "lm_head"},
    {"tok_embeddings", "embed_tokens"},
    {"shared", "embed_tokens"},
    {"embedding_word_embeddings", "embed_tokens"},
    {"embeddings_word_embeddings", "embed_tokens"},
    {"wpe", "position_embd"},
    {"embeddings_position_embeddings", "position_embd"},
    {"token_types", "embeddings_token_type_embeddings"},
    {"pos_embed", "position_embd"},
    {"patch_embed_proj", "embeddings_patch_embeddings_projection"},
    {"cls_token", "embeddings_cls_token"},
    {"layernorm", "norm"},
    {"embeddings", "embed_tokens"}, /* Mamba */
    {"norm_f", "norm"},
    {"decoder_token_embedding", "decoder_embed_tokens"},
    {"encoder_positional_embedding", "encoder_embed_positions"},
    {"decoder_positional_embedding", "decoder_embed_positions"},
    {"encoder_ln_post", "encoder_layer_norm"},
    {"decoder_ln", "decoder_layer_norm"},
    {"text_embedding_0", "condition_embedder_text_embedder_linear_1"}, /* Wan */
    {"text_embedding_2", "condition_embedder_text_embedder_linear_2"},
    {"time_embedding_0", "condition_embedder_time_embedder_linear_1"},
    {"time_embedding_2", "condition_embedder_time_embedder_linear_2"},
    {"time_projection_1", "condition_embedder_time_proj"},
    {"head_head", "proj_out"},
    {"ln_f", "norm"},
    {"final_layer_norm", "norm"},
    {"final_layernorm", "norm"},
    {"encoder_final_layernorm", "norm"},
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

/* A number with nothing behind it. */
static bool take_last_number(const char *s, unsigned *n) {
  guint64 value;
  if (!g_ascii_string_to_unsigned(s, 10, 0, 100000, &value, NULL)) return false;
  *n = (unsigned)value;
  return true;
}

/* "layers_7_" + an expert's matrix: "ffn_gate_exps_3" and, before they were stacked, "ffn_gate_3" (GGUF),
 * "block_sparse_moe_experts_3_w1" (Mixtral). */
static bool undo_expert(GString *flat, const char *rest, unsigned block) {
  static const Word stacked[] = {{"ffn_gate_exps_", "gate_proj"}, {"ffn_up_exps_", "up_proj"},
                                 {"ffn_down_exps_", "down_proj"}, {"ffn_gate_up_exps_", "gate_up_proj"},
                                 {"ffn_gate_", "gate_proj"},      {"ffn_up_", "up_proj"},
                                 {"ffn_down_", "down_proj"}};
  static const Word mixtral[] = {{"w1", "gate_proj"}, {"w3", "up_proj"}, {"w2", "down_proj"}};
  static const char moe[] = "block_sparse_moe_experts_";
  unsigned expert;
  const char *word = NULL, *end;
  for (size_t i = 0; i < G_N_ELEMENTS(stacked) && !word; i++) {
    if (!g_str_has_prefix(rest, stacked[i].theirs)) continue;
    if (take_last_number(rest + strlen(stacked[i].theirs), &expert)) word = stacked[i].ours;
  }
  if (!word && g_str_has_prefix(rest, moe) && take_number(rest + strlen(moe), &expert, &end))
    word = find(mixtral, G_N_ELEMENTS(mixtral), end);
  if (word) g_string_printf(flat, "layers_%u_mlp_experts_%u_%s", block, expert, word);
  return word != NULL;
}

static bool undo_blocks(GString *flat) {
  for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
    const Blocks *b = &blocks[i];
    unsigned block;
    const char *rest;
    if (!g_str_has_prefix(flat->str, b->theirs)) continue;
    if (!take_number(flat->str + strlen(b->theirs), &block, &rest)) continue;
    if (b->mixture && undo_expert(flat, rest, block)) return true;
    const char *word = find(b->words, b->n, rest);
    if (!word) continue;
    g_string_printf(flat, "%s%u_%s", b->ours, block, word);
    return true;
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
  else if (!undo_blocks(flat) && !undo_unet(flat)) vae_name_undo(flat);
}
