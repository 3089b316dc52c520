/* SPDX-License-Identifier: Apache-2.0 */
/* What tensors are by what stands beside them, and that sketches of one network are equal however it was saved. */
#include <math.h>
#include <string.h>

#include "tests/unit/weights_fixture.h"
#include "lineage/sketch/kinship.h"
#include "weights/formats/safetensors.h"
#include "weights/layers/gguf_names.h"

enum { NUMBERS = 1 << 15 };

static const float *numbers(size_t seed) {
  static float all[NUMBERS];
  for (size_t i = 0; all[NUMBERS - 1] == 0 && i < NUMBERS; i++) all[i] = sinf((float)(i * i % 32749) + 1) + 0.01f;
  return all + seed;
}

typedef struct {
  const char *key, *layer;
  TensorRole role;
} NameCase;

static void check_names(const NameCase *cases, size_t n) {
  WeightsFixture f;
  g_autofree TensorOut *t = g_new0(TensorOut, n);
  for (size_t i = 0; i < n; i++) {
    bool number = g_str_has_suffix(cases[i].key, "decay");
    t[i] = (TensorOut){cases[i].key, DTYPE_F32, number ? 0 : 2, {number ? 0 : 4, number ? 0 : 8}, numbers(i)};
  }
  weights_fixture_open(&f, t, n, NULL);
  g_autoptr(FileNames) names = file_names_new(f.file);
  for (size_t i = 0; i < n; i++) {
    gssize at = weight_file_find(f.file, cases[i].key);
    g_assert_cmpstr(names->at[at].layer, ==, cases[i].layer);
    g_assert_cmpint(names->at[at].role, ==, cases[i].role);
  }
  weights_fixture_close(&f);
}

static void test_averages(void) {
  static const NameCase lightning[] = {
      {"model.diffusion_model.blocks.0.attn.weight", "blocks.0.attn", TENSOR_RAW_COPY},
      {"model_ema.diffusion_modelblocks0attnweight", "blocks.0.attn", TENSOR_WEIGHT},
      {"model_ema.decay", "decay", TENSOR_OPTIMISER},
      {"first_stage_model.post.weight", "vae.post", TENSOR_WEIGHT},
  };
  static const NameCase plain[] = {
      {"blocks.0.attn.weight", "blocks.0.attn", TENSOR_RAW_COPY},
      {"ema.blocks.0.attn.weight", "blocks.0.attn", TENSOR_WEIGHT},
      {"ema_slow.blocks.0.attn.weight", "blocks.0.attn", TENSOR_RAW_COPY},
      {"optimizer.0.exp_avg", "optimizer.0.exp_avg", TENSOR_OPTIMISER},
  };
  static const NameCase online[] = {
      {"online_model.a.weight", "online_model.a", TENSOR_RAW_COPY},
      {"ema_model.a.weight", "online_model.a", TENSOR_WEIGHT},
  };
  static const NameCase alone[] = {{"ema_model.a.weight", "a", TENSOR_WEIGHT}};
  static const NameCase none[] = {{"schema.a.weight", "schema.a", TENSOR_WEIGHT}, {"a.weight", "a", TENSOR_WEIGHT}};
  static const NameCase flax[] = {{"params.Dense_0.kernel", "Dense_0", TENSOR_WEIGHT},
                                  {"opt_state.0.mu.Dense_0.kernel", "opt_state.0.mu.Dense_0", TENSOR_OPTIMISER},
                                  {"opt_state.0.nu.Dense_0.kernel", "opt_state.0.nu.Dense_0", TENSOR_OPTIMISER}};
  check_names(flax, G_N_ELEMENTS(flax));
  check_names(lightning, G_N_ELEMENTS(lightning));
  check_names(plain, G_N_ELEMENTS(plain));
  check_names(online, G_N_ELEMENTS(online));
  check_names(alone, G_N_ELEMENTS(alone));
  check_names(none, G_N_ELEMENTS(none));
}

/* Gate and up in one matrix of a GGUF file, told by the height; a plain ffn_up stays one. */
static void test_fused_up(void) {
  const TensorOut t[] = {{"blk.0.ffn_up.weight", DTYPE_F32, 2, {16, 4}, numbers(1)},
                         {"blk.0.ffn_down.weight", DTYPE_F32, 2, {4, 8}, numbers(1)},
                         {"blk.1.ffn_up.weight", DTYPE_F32, 2, {8, 4}, numbers(1)},
                         {"blk.1.ffn_down.weight", DTYPE_F32, 2, {4, 8}, numbers(1)},
                         {"blk.2.ffn_up.weight", DTYPE_F32, 2, {16, 4}, numbers(1)},
                         {"blk.2.ffn_gate.weight", DTYPE_F32, 2, {16, 4}, numbers(1)},
                         {"blk.2.ffn_down.weight", DTYPE_F32, 2, {4, 8}, numbers(1)}};
  WeightsFixture f;
  weights_fixture_open(&f, t, G_N_ELEMENTS(t), NULL);
  g_autofree char *fused = gguf_fused_name(f.file, "blk.0.ffn_up");
  g_assert_cmpstr(fused, ==, "blk.0.ffn_gate_up");
  g_assert_null(gguf_fused_name(f.file, "blk.0.ffn_down"));
  g_assert_null(gguf_fused_name(f.file, "blk.1.ffn_up"));
  g_assert_null(gguf_fused_name(f.file, "blk.2.ffn_up"));
  g_assert_null(gguf_fused_name(f.file, "blk.7.ffn_up"));
  weights_fixture_close(&f);
}

/* --- one network, saved in several ways --------------------------------------------------------------- */

static ModelSketch *sketch_of(const TensorOut *t, size_t n, const char *config_json) {
  WeightsFixture f;
  GError *error = NULL;
  g_autoptr(cJSON) json = config_json ? json_parse(config_json, strlen(config_json)) : NULL;
  g_autoptr(AdapterConfig) config = json ? adapter_config_new(json, NULL) : NULL;
  weights_fixture_open(&f, t, n, NULL);
  ModelSketch *s = model_sketch_read(f.file, config, 1, NULL, &error);
  g_assert_no_error(error);
  weights_fixture_close(&f);
  return s;
}

static void check_equal(const ModelSketch *a, const ModelSketch *b) {
  g_assert_true(content_hash_equal(a->content, b->content));
  g_assert_cmpuint(a->tensors->len, ==, b->tensors->len);
  Kinship k;
  kinship_compare(a, b, &k);
  g_assert_cmpfloat(k.common, ==, 1);
  g_assert_cmpfloat(k.equal, ==, 1);
}

static void test_fused(void) {
  enum { D = 32 };
  const float *q = numbers(0), *up = numbers(3 * D * D);
  const TensorOut apart[] = {{"transformer_blocks.0.attn.to_q.weight", DTYPE_F32, 2, {D, D}, q},
                             {"transformer_blocks.0.attn.to_k.weight", DTYPE_F32, 2, {D, D}, q + D * D},
                             {"transformer_blocks.0.attn.to_v.weight", DTYPE_F32, 2, {D, D}, q + 2 * D * D},
                             {"transformer_blocks.0.ff.net.0.proj.weight", DTYPE_F32, 2, {4 * D, D}, up}};
  const TensorOut fused[] = {{"double_blocks.0.img_attn.qkv.weight", DTYPE_F32, 2, {3 * D, D}, q},
                             {"double_blocks.0.img_mlp.0.weight", DTYPE_F32, 2, {4 * D, D}, up}};
  g_autoptr(ModelSketch) a = sketch_of(apart, G_N_ELEMENTS(apart), NULL);
  g_autoptr(ModelSketch) b = sketch_of(fused, G_N_ELEMENTS(fused), NULL);
  check_equal(a, b);
}

static void test_tied(void) {
  const TensorOut all[] = {{"model.embed_tokens.weight", DTYPE_F32, 2, {96, 32}, numbers(0)},
                           {"model.layers.0.mlp.up_proj.weight", DTYPE_F32, 2, {64, 32}, numbers(4000)},
                           {"lm_head.weight", DTYPE_F32, 2, {96, 32}, numbers(0)}};
  const TensorOut untied[] = {all[0], all[1], {"lm_head.weight", DTYPE_F32, 2, {96, 32}, numbers(8000)}};
  g_autoptr(ModelSketch) with = sketch_of(all, 3, NULL);
  g_autoptr(ModelSketch) without = sketch_of(all, 2, NULL);
  g_autoptr(ModelSketch) other = sketch_of(untied, 3, NULL);
  check_equal(with, without);
  g_assert_cmpuint(other->tensors->len, ==, 3);
}

/* PEFT's names and configuration, kohya's and a tensor: one adapter as long as it acts as strongly. */
static void test_adapter(void) {
  static const float four[] = {4}, two[] = {2};
  const TensorOut peft[] = {{"base_model.model.mid.to_q.lora_A.weight", DTYPE_F32, 2, {8, 32}, numbers(0)},
                            {"base_model.model.mid.to_q.lora_B.weight", DTYPE_F32, 2, {32, 8}, numbers(300)}};
  const TensorOut kohya[] = {{"lora_unet_mid_to_q.alpha", DTYPE_F32, 0, {0}, four},
                             {"lora_unet_mid_to_q.lora_up.weight", DTYPE_F32, 2, {32, 8}, numbers(300)},
                             {"lora_unet_mid_to_q.lora_down.weight", DTYPE_F32, 2, {8, 32}, numbers(0)}};
  const TensorOut half[] = {{"lora_unet_mid_to_q.alpha", DTYPE_F32, 0, {0}, two}, kohya[1], kohya[2]};
  g_autoptr(ModelSketch) a = sketch_of(peft, 2, "{\"r\":8,\"lora_alpha\":4}");
  g_autoptr(ModelSketch) b = sketch_of(kohya, 3, NULL);
  g_autoptr(ModelSketch) c = sketch_of(half, 3, NULL);
  g_assert_true(content_hash_equal(a->content, b->content));
  g_assert_cmpuint(a->tensors->len, ==, b->tensors->len);
  g_assert_false(content_hash_equal(b->content, c->content));
}

/* The converter's order: of a head of 2n rows, row k n + j goes to 2j + k. */
static void test_rows(void) {
  enum { HEADS = 2, HEAD = 6, ROWS = HEADS * HEAD, WIDTH = 3 };
  Layer l = {.form = LAYER_DENSE, .d_out = ROWS, .d_in = WIDTH, .scale = 1, .x = g_new(float, ROWS *WIDTH)};
  for (size_t r = 0; r < ROWS; r++)
    for (size_t c = 0; c < WIDTH; c++) {
      size_t head = r / HEAD, k = r % HEAD / (HEAD / 2), j = r % (HEAD / 2);
      l.x[(head * HEAD + 2 * j + k) * WIDTH + c] = (float)(10 * r + c);
    }
  g_assert_true(layer_restore_rows(&l, HEADS));
  for (size_t i = 0; i < ROWS * WIDTH; i++) g_assert_cmpfloat(l.x[i], ==, (float)(10 * (i / WIDTH) + i % WIDTH));
  g_assert_true(layer_permute_rows(&l, HEADS));
  g_assert_cmpfloat(l.x[WIDTH], ==, 30);
  layer_clear(&l);
}

static void test_heads(void) {
  g_autoptr(GHashTable) m = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(m, (char *)"general.architecture", (char *)"llama");
  g_assert_cmpuint(gguf_layer_heads("blk.0.attn_q", m), ==, 0);
  g_hash_table_insert(m, (char *)"llama.attention.head_count", (char *)"32");
  g_assert_cmpuint(gguf_layer_heads("blk.0.attn_k", m), ==, 32);
  g_hash_table_insert(m, (char *)"llama.attention.head_count_kv", (char *)"8");
  g_assert_cmpuint(gguf_layer_heads("blk.0.attn_q", m), ==, 32);
  g_assert_cmpuint(gguf_layer_heads("blk.0.attn_k", m), ==, 8);
  g_hash_table_insert(m, (char *)"llama.attention.head_count", (char *)"[32 values]");
  g_assert_cmpuint(gguf_layer_heads("blk.0.attn_q", m), ==, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/file-names/averages", test_averages);
  g_test_add_func("/file-names/fused-up", test_fused_up);
  g_test_add_func("/file-names/fused", test_fused);
  g_test_add_func("/file-names/tied", test_tied);
  g_test_add_func("/file-names/adapter", test_adapter);
  g_test_add_func("/file-names/rows", test_rows);
  g_test_add_func("/file-names/heads", test_heads);
  return g_test_run();
}
