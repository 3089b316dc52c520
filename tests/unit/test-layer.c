/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "tests/unit/weights_fixture.h"
#include "weights/layers/layer.h"
#include "weights/formats/safetensors.h"
#include "weights/layers/tensor_name.h"

typedef struct {
  const char *key, *layer;
  TensorRole role;
} Name;

static const Name names[] = {
    {"conv1.weight", "conv1", TENSOR_WEIGHT},
    {"module.conv1.bias", "conv1", TENSOR_BIAS},
    {"_orig_mod.module.fc.weight", "fc", TENSOR_WEIGHT},
    {"_forward_module.model.fc.weight", "model.fc", TENSOR_WEIGHT},
    {"_fsdp_wrapped_module.layers.0._fsdp_wrapped_module._checkpoint_wrapped_module.fc.weight", "layers.0.fc",
     TENSOR_WEIGHT},
    {"base_model.model.bert.q.lora_A.weight", "bert.q", TENSOR_LORA_A},
    {"base_model.model.bert.q.lora_B.default.weight", "bert.q", TENSOR_LORA_B},
    {"base_model.model.bert.q.base_layer.weight", "bert.q", TENSOR_WEIGHT},
    {"base_model.model.classifier.modules_to_save.default.weight", "classifier", TENSOR_WEIGHT},
    {"base_model.model.classifier.original_module.weight", "classifier", TENSOR_FROZEN_COPY},
    {"unet.down_blocks.0.attn1.to_q.lora.up.weight", "down_blocks.0.attn1.to_q", TENSOR_LORA_B},
    {"down_blocks.0.attn1.processor.to_q_lora.down.weight", "down_blocks.0.attn1.to_q", TENSOR_LORA_A},
    {"down_blocks.0.attn1.processor.to_out_lora.up.weight", "down_blocks.0.attn1.to_out.0", TENSOR_LORA_B},
    {"lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_out_0.lora_down.weight",
     "down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_out.0", TENSOR_LORA_A},
    {"lora_unet_unet_up_blocks_3_attentions_2_proj_in_lora_up.weight", "up_blocks.3.attentions.2.proj_in",
     TENSOR_LORA_B},
    {"lora_te_text_model_encoder_layers_11_self_attn_q_proj.alpha",
     "text_encoder.text_model.encoder.layers.11.self_attn.q_proj", TENSOR_LORA_ALPHA},
    {"lora_unet_down_blocks_0_resnets_0_time_emb_proj.lora_down.weight", "down_blocks.0.resnets.0.time_emb_proj",
     TENSOR_LORA_A},
    {"unet:143:up", "unet:143", TENSOR_LORA_B},
    {"model.layers.31.self_attn.v_proj.lora_a", "model.layers.31.self_attn.v_proj", TENSOR_LORA_A},
    {"lycoris_mid_block_to_q.lokr_w2_a", "mid_block.to_q", TENSOR_ADAPTER_PART},
    {"model.diffusion_model.blocks.0.ffn.0.weight", "blocks.0.ffn.0", TENSOR_WEIGHT},
    {"thinker.base_model.model.q.lora_A.weight", "q", TENSOR_LORA_A},
    {"bert.tf_bert_model.bert.encoder.layer_._0.output.dense.kernel", "bert.encoder.layer.0.output.dense",
     TENSOR_WEIGHT},
    {"mlm___cls.tf_bert_for_masked_lm.mlm___cls.predictions.bias", "cls.predictions", TENSOR_BIAS},
    {"params.encoder.LayerNorm.scale", "encoder.LayerNorm", TENSOR_WEIGHT},
    {"bert.embeddings.LayerNorm.beta", "bert.embeddings.LayerNorm", TENSOR_BIAS},
    {"transformer.wte.embedding", "transformer.wte", TENSOR_WEIGHT},
    {"attention.logit.scale", "attention.logit.scale", TENSOR_WEIGHT},
    {"<s1>", "<s1>", TENSOR_WEIGHT},
    {".weight", ".weight", TENSOR_WEIGHT},
};

static void test_names(void) {
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    TensorName got;
    tensor_name_parse(names[i].key, &got);
    g_assert_cmpstr(got.layer, ==, names[i].layer);
    g_assert_cmpint(got.role, ==, names[i].role);
    tensor_name_clear(&got);
  }
}

static const float numbers[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void test_low_rank(void) {
  static const float alpha[] = {4};
  const TensorOut t[] = {
      {"lora_unet_mid_block_q.lora_down.weight", DTYPE_F32, 2, {2, 3}, numbers},
      {"lora_unet_mid_block_q.lora_up.weight", DTYPE_F32, 2, {4, 2}, numbers},
      {"lora_unet_mid_block_q.alpha", DTYPE_F32, 0, {0}, alpha},
      {"lora_unet_half.lora_up.weight", DTYPE_F32, 2, {4, 2}, numbers}, /* no partner: left out */
  };
  WeightsFixture f;
  weights_fixture_open(&f, t, G_N_ELEMENTS(t), NULL);
  g_autoptr(GArray) layers = layer_list(f.file, NULL);
  g_assert_cmpuint(layers->len, ==, 1);
  const LayerInfo *l = layer_find(layers, "mid_block.q");
  g_assert_nonnull(l);
  g_assert_true(l == layer_find(layers, "lora_unet_mid_block_q.lora_up.weight"));
  Layer x;
  g_assert_true(layer_read(f.file, l, &x, NULL));
  g_assert_true(x.d_out == 4 && x.d_in == 3 && x.rank == 2 && x.scale == 2);
  double want = 0; /* |s B A|^2 by multiplying out */
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 3; j++) {
      double e = 0;
      for (int k = 0; k < 2; k++) e += (double)(x.b[i * 2 + k] * x.a[k * 3 + j]);
      want += 4 * e * e;
    }
  g_assert_cmpfloat(fabs(layer_norm2(&x) / want - 1), <, 1e-5);
  layer_clear(&x);
  weights_fixture_close(&f);
}

static void test_transposed(void) {
  const TensorOut t[] = {{"l.lora_a", DTYPE_F32, 2, {3, 2}, numbers}, {"l.lora_b", DTYPE_F32, 2, {2, 4}, numbers}};
  WeightsFixture f;
  weights_fixture_open(&f, t, 2, NULL);
  g_autoptr(cJSON) said = json_parse("{\"lora_alpha\":8,\"use_rslora\":true}", 34);
  g_autoptr(AdapterConfig) config = adapter_config_new(said, NULL);
  g_autoptr(GArray) layers = layer_list(f.file, config);
  Layer x;
  g_assert_true(layer_read(f.file, layer_find(layers, "l"), &x, NULL));
  g_assert_true(x.d_out == 4 && x.d_in == 3 && x.rank == 2);
  g_assert_cmpfloat(fabsf(x.scale - 8 / sqrtf(2)), <, 1e-6f);
  g_assert_true(x.a[0] == 1 && x.a[1] == 3 && x.a[2] == 5 && x.a[3] == 2); /* rows of A */
  g_assert_true(x.b[0] == 1 && x.b[1] == 5 && x.b[2] == 2);                /* rows of B */
  layer_clear(&x);
  weights_fixture_close(&f);
}

static void test_dense(void) {
  const TensorOut t[] = {{"conv.weight", DTYPE_F32, 4, {4, 2, 2, 2}, numbers},
                         {"norm.weight", DTYPE_F32, 1, {8}, numbers},
                         {"act.alpha", DTYPE_F32, 1, {4}, numbers}};
  WeightsFixture f;
  weights_fixture_open(&f, t, 3, NULL);
  g_autoptr(GArray) layers = layer_list(f.file, NULL);
  g_assert_cmpuint(layers->len, ==, 1);
  const LayerInfo *l = layer_find(layers, "conv");
  g_assert_true(l->form == LAYER_DENSE && l->d_out == 4 && l->d_in == 8);
  weights_fixture_close(&f);
}

/* V·dW·U of all entries against the product written out, entry by entry. */
static void check_product(const Layer *x, const float *want) {
  for (size_t o = 0; o < x->d_out; o++)
    for (size_t i = 0; i < x->d_in; i++) {
      double sum = 0;
      for (size_t k = 0; k < x->rank; k++) sum += (double)x->b[o * x->rank + k] * (double)x->a[k * x->d_in + i];
      g_assert_cmpfloat(fabs(sum * (double)x->scale - (double)want[o * x->d_in + i]), <, 1e-4);
    }
}

static void test_loha(void) {
  static const float alpha[] = {3};
  const TensorOut t[] = {{"lora_unet_mid_block_q.hada_w1_a", DTYPE_F32, 2, {3, 2}, numbers},
                         {"lora_unet_mid_block_q.hada_w1_b", DTYPE_F32, 2, {2, 2}, numbers + 1},
                         {"lora_unet_mid_block_q.hada_w2_a", DTYPE_F32, 2, {3, 2}, numbers + 2},
                         {"lora_unet_mid_block_q.hada_w2_b", DTYPE_F32, 2, {2, 2}, numbers + 3},
                         {"lora_unet_mid_block_q.alpha", DTYPE_F32, 0, {0}, alpha}};
  WeightsFixture f;
  Layer x;
  weights_fixture_open(&f, t, G_N_ELEMENTS(t), NULL);
  g_assert_cmpint(layer_adapter_form(f.file), ==, FORM_LOHA);
  g_autoptr(GArray) layers = layer_list(f.file, NULL);
  g_assert_cmpuint(layers->len, ==, 1);
  const LayerInfo *l = layer_find(layers, "mid_block.q");
  g_assert_cmpint(l->form, ==, LAYER_LOW_RANK);
  g_assert_cmpuint(l->rank, ==, 2); /* 2 x 2, and no more than the matrix has */
  g_assert_true(layer_read(f.file, l, &x, NULL));
  float want[6];
  for (size_t o = 0; o < 3; o++)
    for (size_t i = 0; i < 2; i++) {
      float first = 0, second = 0;
      for (size_t k = 0; k < 2; k++) {
        first += numbers[o * 2 + k] * numbers[1 + k * 2 + i];
        second += numbers[2 + o * 2 + k] * numbers[3 + k * 2 + i];
      }
      want[o * 2 + i] = first * second * 1.5f;
    }
  check_product(&x, want);
  layer_clear(&x);
  weights_fixture_close(&f);
}

static void test_lokr(void) {
  static const float alpha[] = {1};
  const TensorOut t[] = {{"lycoris_mid_block_q.lokr_w1", DTYPE_F32, 2, {2, 1}, numbers},
                         {"lycoris_mid_block_q.lokr_w2_a", DTYPE_F32, 2, {2, 2}, numbers + 1},
                         {"lycoris_mid_block_q.lokr_w2_b", DTYPE_F32, 2, {2, 3}, numbers + 2},
                         {"lycoris_mid_block_q.alpha", DTYPE_F32, 0, {0}, alpha}};
  WeightsFixture f;
  Layer x;
  weights_fixture_open(&f, t, G_N_ELEMENTS(t), NULL);
  g_autoptr(GArray) layers = layer_list(f.file, NULL);
  g_assert_cmpuint(layers->len, ==, 1);
  const LayerInfo *l = layer_find(layers, "mid_block.q");
  g_assert_cmpuint(l->d_out, ==, 4);
  g_assert_cmpuint(l->d_in, ==, 3);
  g_assert_cmpuint(l->rank, ==, 2);
  g_assert_true(layer_read(f.file, l, &x, NULL));
  float want[12];
  for (size_t o = 0; o < 4; o++)
    for (size_t i = 0; i < 3; i++) {
      float sum = 0;
      for (size_t k = 0; k < 2; k++) sum += numbers[1 + (o % 2) * 2 + k] * numbers[2 + k * 3 + i];
      want[o * 3 + i] = numbers[o / 2] * sum * 0.5f;
    }
  check_product(&x, want);
  layer_clear(&x);
  weights_fixture_close(&f);
}

/* A form that is not computed has no layers, and is none. */
static void test_rotation(void) {
  const TensorOut t[] = {{"base_model.model.l.oft_R.weight", DTYPE_F32, 2, {4, 6}, numbers}};
  WeightsFixture f;
  weights_fixture_open(&f, t, G_N_ELEMENTS(t), NULL);
  g_assert_cmpint(layer_adapter_form(f.file), ==, FORM_OFT);
  g_autoptr(GArray) layers = layer_list(f.file, NULL);
  g_assert_cmpuint(layers->len, ==, 0);
  weights_fixture_close(&f);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/layer/names", test_names);
  g_test_add_func("/layer/low-rank", test_low_rank);
  g_test_add_func("/layer/transposed", test_transposed);
  g_test_add_func("/layer/dense", test_dense);
  g_test_add_func("/layer/loha", test_loha);
  g_test_add_func("/layer/lokr", test_lokr);
  g_test_add_func("/layer/rotation", test_rotation);
  return g_test_run();
}
