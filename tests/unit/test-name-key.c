/* SPDX-License-Identifier: Apache-2.0 */
/* Names that tools give to the same layer have one key, and other layers have others. */
#include <string.h>

#include "weights/layers/name_index.h"
#include "weights/layers/name_key.h"
#include "weights/layers/tensor_name.h"

/* The key of a tensor's key, as a file has it. */
static char *key_of(const char *tensor) {
  TensorName name;
  tensor_name_parse(tensor, &name);
  char *key = name_key(name.layer);
  tensor_name_clear(&name);
  return key;
}

/* Tensors of one layer each. */
static const struct {
  const char *here, *there;
} same[] = {
    {"model.layers.3.self_attn.q_proj.weight", "blk.3.attn_q.weight"},
    {"layers.3.self_attn.q_proj.weight", "model.layers.3.self_attn.q_proj.weight"},
    {"model.layers.12.mlp.down_proj.weight", "blk.12.ffn_down.weight.lora_a"},
    {"model.embed_tokens.weight", "token_embd.weight"},
    {"lm_head.weight", "output.weight"},
    {"model.norm.weight", "output_norm.weight"},
    {"model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight"},
    {"transformer.h.0.attn.c_attn.weight", "h.0.attn.c_attn.weight"},
    {"transformer.transformer_blocks.0.attn.to_q.lora_A.weight",
     "lora_transformer_transformer_blocks_0_attn_to_q.lora_down.weight"},
    {"blocks.1.cross_attn.k_img.weight", "lora_unet_blocks_1_cross_attn_k_img.lora_down.weight"},
    {"down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_k.weight",
     "model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight"},
    {"up_blocks.1.resnets.2.time_emb_proj.weight", "model.diffusion_model.output_blocks.5.0.emb_layers.1.weight"},
    {"up_blocks.1.upsamplers.0.conv.weight", "model.diffusion_model.output_blocks.5.2.conv.weight"},
    {"mid_block.attentions.0.proj_in.weight", "lora_unet_middle_block_1_proj_in.lora_up.weight"},
    {"down_blocks.2.downsamplers.0.conv.weight", "model.diffusion_model.input_blocks.9.0.op.weight"},
    {"transformer_blocks.4.attn.to_out.0.weight", "double_blocks.4.img_attn.proj.weight"},
    {"transformer_blocks.4.attn.to_out.0.weight", "double_blocks.4.processor.proj_lora1.down.weight"},
    {"double_blocks.4.txt_attn.qkv.weight", "double_blocks.4.processor.qkv_lora2.up.weight"},
    {"single_transformer_blocks.7.proj_out.weight", "lora_unet_single_blocks_7_linear2.lora_up.weight"},
    {"joint_blocks.1.x_block.attn.proj.weight", "transformer_blocks.1.attn.to_out.0.weight"},
    {"conditioner.embedders.1.model.transformer.resblocks.3.mlp.c_fc.weight",
     "lora_te2_text_model_encoder_layers_3_mlp_fc1.lora_down.weight"},
    {"visual.transformer.resblocks.3.attn.out_proj.weight", "vision_model.encoder.layers.3.self_attn.out_proj.weight"},
    {"transformer.h.0.mlp.c_proj.weight", "blk.0.ffn_down.weight"},
    {"transformer.wte.weight", "token_embd.weight"},
    {"gpt_neox.layers.2.attention.dense.weight", "blk.2.attn_output.weight"},
    {"gpt_neox.embed_out.weight", "output.weight"},
    {"bert.encoder.layer.1.attention.self.key.weight", "blk.1.attn_k.weight"},
    {"bert.encoder.layer.1.intermediate.dense.weight", "blk.1.ffn_up.weight"},
    {"transformer.h.3.self_attention.dense.weight", "blk.3.attn_output.weight"},
    {"transformer.blocks.4.ffn.down_proj.weight", "blk.4.ffn_down.weight"},
    {"encoder.block.0.layer.0.SelfAttention.q.weight", "enc.blk.0.attn_q.weight"},
    {"decoder.block.2.layer.2.DenseReluDense.wi.weight", "dec.blk.2.ffn_up.weight"},
    {"layers.5.attention.wq.weight", "model.layers.5.self_attn.q_proj.weight"},
    {"model.layers.0.block_sparse_moe.gate.weight", "blk.0.ffn_gate_inp.weight"},
    {"model.layers.0.block_sparse_moe.experts.3.w1.weight", "blk.0.ffn_gate.3.weight"},
    {"model.layers.0.mlp.experts.3.down_proj.weight", "model.layers.0.block_sparse_moe.experts.3.w2.weight"},
    {"model.layers.1.self_attn.kv_a_proj_with_mqa.weight", "blk.1.attn_kv_a_mqa.weight"},
    {"lora_te1_text_model_encoder_layers_11_self_attn_q_proj.lora_down.weight",
     "text_encoder.text_model.encoder.layers.11.self_attn.q_proj.weight"},
    {"blocks.1.self_attn.o.weight", "transformer.blocks.1.attn1.to_out.0.lora_A.weight"},
    {"lora_unet_blocks_1_cross_attn_k.lora_down.weight", "blocks.1.attn2.to_k.weight"},
    {"diffusion_model.blocks.0.ffn.0.lora_A.weight", "blocks.0.ffn.net.0.proj.weight"},
    {"blocks.1.cross_attn.v_img.weight", "blocks.1.attn2.add_v_proj.weight"},
    {"blocks.3.attn.proj.weight", "vit.encoder.layer.3.attention.output.dense.weight"},
    {"blocks.3.mlp.fc1.weight", "encoder.layer.3.intermediate.dense.weight"},
    {"blocks.3.mlp.fc1.weight", "dinov2.encoder.layer.3.mlp.fc1.weight"},
    {"encoder.blocks.2.attn.query.weight", "model.encoder.layers.2.self_attn.q_proj.weight"},
    {"decoder.blocks.2.cross_attn.out.weight",
     "base_model.model.model.decoder.layers.2.encoder_attn.out_proj.lora_A.weight"},
    {"decoder.blocks.2.mlp.2.weight", "decoder.layers.2.fc2.weight"},
    {"decoder.token_embedding.weight", "model.decoder.embed_tokens.weight"},
    {"backbone.layers.1.mixer.in_proj.weight", "blk.1.ssm_in.weight"},
    {"backbone.embeddings.weight", "token_embd.weight"},
    {"encoder.down.1.block.0.nin_shortcut.weight", "encoder.down_blocks.1.resnets.0.conv_shortcut.weight"},
    {"encoder.down.0.downsample.conv.weight", "encoder.down_blocks.0.downsamplers.0.conv.weight"},
    {"decoder.up.3.block.2.conv1.weight", "decoder.up_blocks.0.resnets.2.conv1.weight"},
    {"decoder.up.1.upsample.conv.weight", "decoder.up_blocks.2.upsamplers.0.conv.weight"},
    {"decoder.mid.block_2.conv2.weight", "decoder.mid_block.resnets.1.conv2.weight"},
    {"encoder.mid.attn_1.proj_out.weight", "encoder.mid_block.attentions.0.to_out.0.weight"},
    {"layers.3.attention.out.weight", "layers.3.attention.to_out.0.weight"},
    {"blk.3.ffn_gate_up.weight", "model.layers.3.mlp.gate_up_proj.weight"},
    {"decoder.norm_out.weight", "decoder.conv_norm_out.weight"},
    {"distilbert.transformer.layer.0.attention.q_lin.weight", "transformer.layer.0.attention.q_lin.weight"},
    {"wav2vec2.encoder.layers.0.attention.q_proj.weight", "encoder.layers.0.attention.q_proj.weight"},
    {"text_encoders.clip_g.transformer.text_model.encoder.layers.0.mlp.fc1.lora_down.weight",
     "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight"},
    {"clip_l.transformer.text_model.encoder.layers.0.mlp.fc1.weight",
     "text_encoder.text_model.encoder.layers.0.mlp.fc1.weight"},
};

/* Tensors of two. */
static const struct {
  const char *here, *there;
} different[] = {
    {"model.layers.3.self_attn.q_proj.weight", "blk.2.attn_q.weight"},
    {"lora_te1_text_model_encoder_layers_0_self_attn_q_proj.alpha",
     "lora_te2_text_model_encoder_layers_0_self_attn_q_proj.alpha"},
    {"double_blocks.4.img_attn.proj.weight", "double_blocks.4.txt_attn.proj.weight"},
    {"up_blocks.0.attentions.0.proj_in.weight", "down_blocks.0.attentions.0.proj_in.weight"},
    {"blocks.0.attn.q.weight", "blocks.0.attn.k.weight"},
    {"blocks.0.self_attn.q.weight", "blocks.0.cross_attn.q.weight"},
    {"decoder.up.0.block.0.conv1.weight", "decoder.up_blocks.0.resnets.0.conv1.weight"},
    {"encoder.mid.block_1.conv1.weight", "decoder.mid.block_1.conv1.weight"},
    {"decoder.blocks.0.attn.query.weight", "decoder.blocks.0.cross_attn.query.weight"},
    {"encoder.blocks.0.mlp.0.weight", "decoder.blocks.0.mlp.0.weight"},
    {"clip_l.transformer.text_model.encoder.layers.0.mlp.fc1.weight",
     "clip_g.transformer.text_model.encoder.layers.0.mlp.fc1.weight"},
    {"model.layers.0.block_sparse_moe.experts.3.w1.weight", "model.layers.0.block_sparse_moe.experts.2.w1.weight"},
    {"gpt_neox.layers.2.attention.query_key_value.weight", "blk.2.attn_qkv.weight"}, /* its rows alternate by heads */
};

static void test_keys(void) {
  for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
    g_autofree char *here = key_of(same[i].here), *there = key_of(same[i].there);
    g_assert_cmpstr(here, ==, there);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(different); i++) {
    g_autofree char *here = key_of(different[i].here), *there = key_of(different[i].there);
    g_assert_cmpstr(here, !=, there);
  }
}

typedef struct {
  const char *layer;
  uint64_t d_out, d_in;
  unsigned n;
  const char *apart[NAME_MOST_PARTS]; /* what others call the parts */
  uint64_t rows[NAME_MOST_PARTS];
} FusedCase;

static const FusedCase fused[] = {
    {"double_blocks.0.img_attn.qkv",
     192,
     64,
     3,
     {"transformer_blocks.0.attn.to_q", "transformer_blocks.0.attn.to_k", "transformer_blocks.0.attn.to_v"},
     {64, 64, 64}},
    {"double_blocks.0.txt_attn.qkv",
     192,
     64,
     3,
     {"transformer_blocks.0.attn.add_q_proj", "transformer_blocks.0.attn.add_k_proj",
      "transformer_blocks.0.attn.add_v_proj"},
     {64, 64, 64}},
    {"single_blocks.2.linear1",
     448,
     64,
     4,
     {"single_transformer_blocks.2.attn.to_q", "single_transformer_blocks.2.attn.to_k",
      "single_transformer_blocks.2.attn.to_v", "single_transformer_blocks.2.proj_mlp"},
     {64, 64, 64, 256}},
    {"model.layers.1.self_attn.qkv_proj",
     96,
     64,
     3,
     {"model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.k_proj", "blk.1.attn_v"},
     {64, 16, 16}},
    {"transformer.h.1.attn.c_attn", 192, 64, 3, {"blk.1.attn_q", "blk.1.attn_k", "blk.1.attn_v"}, {64, 64, 64}},
    {"model.layers.1.mlp.gate_up_proj", 256, 64, 2, {"model.layers.1.mlp.gate_proj", "blk.1.ffn_up"}, {128, 128}},
    {"transformer.resblocks.0.attn.in_proj_weight",
     48,
     16,
     3,
     {"text_model.encoder.layers.0.self_attn.q_proj", NULL, NULL},
     {16, 16, 16}},
    {"model.layers.1.self_attn.q_proj", 64, 64, 0, {NULL}, {0}},
    {"blocks.0.attn.qkv", 100, 7, 0, {NULL}, {0}},
};

static void test_parts(void) {
  for (size_t i = 0; i < G_N_ELEMENTS(fused); i++) {
    const FusedCase *c = &fused[i];
    NamePart parts[NAME_MOST_PARTS];
    uint64_t rows = 0;
    g_assert_cmpuint(name_parts(c->layer, c->d_out, c->d_in, parts), ==, c->n);
    for (unsigned k = 0; k < c->n; k++) {
      g_autofree char *part = name_of_part(c->layer, parts[k].tag), *key = name_key(part);
      g_autofree char *apart = c->apart[k] ? name_key(c->apart[k]) : NULL;
      if (apart) g_assert_cmpstr(key, ==, apart);
      g_assert_cmpuint(parts[k].rows, ==, c->rows[k]);
      g_assert_cmpuint(parts[k].first, ==, rows);
      rows += parts[k].rows;
    }
    if (c->n) g_assert_cmpuint(rows, ==, c->d_out);
  }
}

static void test_index(void) {
  g_autoptr(NameIndex) x = name_index_new();
  name_index_add(x, "bert.encoder.layer.0.query", 0);
  name_index_add(x, "one.head.fc", 1);
  name_index_add(x, "two.head.fc", 2);
  name_index_add(x, "model.embed_tokens", 3);
  g_assert_cmpint(name_index_find(x, "encoder.layer.0.query"), ==, 0);
  g_assert_cmpint(name_index_find(x, "distilbert.bert.encoder.layer.0.query"), ==, 0);
  g_assert_cmpint(name_index_find(x, "head.fc"), ==, -1); /* either could be meant */
  g_assert_cmpint(name_index_find(x, "two.head.fc"), ==, 2);
  g_assert_cmpint(name_index_find(x, "lm_head"), ==, 3);
  g_assert_cmpint(name_index_find(x, "token_embd"), ==, 3);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/name-key/keys", test_keys);
  g_test_add_func("/name-key/parts", test_parts);
  g_test_add_func("/name-key/index", test_index);
  return g_test_run();
}
