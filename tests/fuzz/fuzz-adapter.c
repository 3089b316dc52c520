/* SPDX-License-Identifier: Apache-2.0 */
/* An adapter put together at random: three bytes a tensor choose its module and word, its rank and its sizes. All that
 * is made of such a file is made: names, layers, factors, changes of a matrix, pieces of a sketch. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "lineage/sketch/sketch_pieces.h"
#include "weights/layers/adapter_change.h"
#include "weights/layers/name_key.h"
#include "weights/weight_open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const modules[] = {"base_model.model.a.q.",
                                      "lora_unet_a_q.",
                                      "double_blocks.0.img_attn.qkv.",
                                      "ema.a.q.",
                                      "",
                                      "token_embd.",
                                      "model.layers.0.self_attn.qkv_proj.",
                                      "base_model.",
                                      "gpt_neox.layers.0.attention.query_key_value."};

static const char *const words[] = {"lora_A.weight",
                                    "lora_B.weight",
                                    "lora_down.weight",
                                    "lora_up.weight",
                                    "lora_mid.weight",
                                    "lora_E",
                                    "lora_embedding_A",
                                    "lora_embedding_B",
                                    "alpha",
                                    "lora_magnitude_vector",
                                    "dora_scale",
                                    "hada_w1_a",
                                    "hada_w1_b",
                                    "hada_w2_a",
                                    "hada_w2_b",
                                    "hada_t1",
                                    "hada_t2",
                                    "lokr_w1",
                                    "lokr_w1_a",
                                    "lokr_w1_b",
                                    "lokr_w2",
                                    "lokr_w2_a",
                                    "lokr_w2_b",
                                    "lokr_t2",
                                    "vera_lambda_b",
                                    "vera_lambda_d",
                                    "vera_A",
                                    "vera_B",
                                    "ia3_l",
                                    "on_input",
                                    "weight",
                                    "oft_blocks",
                                    "diff",
                                    "a1.weight",
                                    "a2.weight",
                                    "b1.weight",
                                    "b2.weight",
                                    "bias",
                                    "lora_a",
                                    "lora_b",
                                    "weight.lora_a",
                                    "weight.lora_b",
                                    "processor.qkv_lora1.down.weight",
                                    "exp_avg",
                                    "oft_R.weight",
                                    "oft_r",
                                    "oft_s",
                                    "boft_R",
                                    "boft_s",
                                    "hra_u",
                                    "token_adapter.trainable_tokens_delta"};

enum { MOST_TENSORS = 24, MOST_NUMBERS = 4096 };

/* The header's entry of a tensor; its numbers take up *at .. in bytes. */
static void put_tensor(GString *header, const uint8_t *choice, size_t *at) {
  static const unsigned sizes[] = {1, 2, 3, 4, 6, 8, 12, 0};
  unsigned rank = choice[2] & 3, count = 1;
  rank += (choice[2] & 4) != 0;
  g_autoptr(GString) shape = g_string_new(NULL);
  for (unsigned d = 0; d < rank; d++) {
    unsigned size = sizes[(choice[2] >> (3 + d % 3)) & 7 & (d < 2 ? 7 : 3)];
    count *= size;
    g_string_append_printf(shape, "%s%u", d ? "," : "", size);
  }
  if (count > MOST_NUMBERS) return;
  g_string_append_printf(header, "%s\"%s%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                         header->len > 1 ? "," : "", modules[choice[0] % G_N_ELEMENTS(modules)],
                         words[choice[1] % G_N_ELEMENTS(words)], shape->str, *at, *at + 4 * count);
  *at += 4 * (size_t)count;
}

static GBytes *file_of(const uint8_t *data, size_t n) {
  g_autoptr(GString) header = g_string_new("{");
  size_t bytes = 0;
  for (size_t i = 0; i < MOST_TENSORS && 3 * i + 3 <= n; i++) put_tensor(header, data + 3 * i, &bytes);
  g_string_append_c(header, '}');
  GByteArray *out = g_byte_array_new();
  uint64_t length = header->len;
  g_byte_array_append(out, (const guint8 *)&length, sizeof length);
  g_byte_array_append(out, (const guint8 *)header->str, (guint)header->len);
  for (size_t i = 0; i < bytes / 4; i++) {
    float x = (float)((i * 7919) % 13) - 6;
    g_byte_array_append(out, (const guint8 *)&x, sizeof x);
  }
  return g_byte_array_free_to_bytes(out);
}

static void try_layer(WeightFile *file, const LayerInfo *l) {
  Layer x, w = {.form = LAYER_DENSE, .d_out = l->d_out, .d_in = l->d_in, .scale = 1};
  if (l->d_out > 1 << 12 || l->d_in > 1 << 12 || !layer_read(file, l, &x, NULL)) return;
  if (layer_norm2(&x) < 0) abort();
  w.x = g_new0(float, l->d_out * l->d_in + 1);
  if (x.form == LAYER_LOW_RANK) adapter_change_dora(file, l, &w, &x);
  layer_narrow(&x, 1);
  layer_clear(&x);
  layer_clear(&w);
}

static void try_rest(WeightFile *file, const UncomputedLayer *u) {
  Layer out, w = {.form = LAYER_DENSE, .d_out = 6, .d_in = 12, .scale = 1, .x = g_new0(float, 72)};
  if (adapter_change_read(file, u, &w, &out)) layer_clear(&out);
  layer_clear(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  g_autoptr(GBytes) bytes = file_of(data, n);
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "fuzz.safetensors");
  g_autoptr(WeightFile) file = weight_file_open_source(source, NULL);
  if (!file) return 0;
  weight_file_set_heads(file, n % 5);
  g_autoptr(FileNames) names = file_names_new(file);
  g_autoptr(GArray) layers = layer_list_named(file, names, NULL);
  g_autoptr(GArray) rest = layer_uncomputed(file, names, layers, NULL);
  g_autoptr(GArray) pieces = sketch_pieces(file, NULL);
  for (guint i = 0; i < layers->len; i++) try_layer(file, &g_array_index(layers, LayerInfo, i));
  for (guint i = 0; i < rest->len; i++) try_rest(file, &g_array_index(rest, UncomputedLayer, i));
  for (guint i = 0; i < pieces->len; i++) {
    g_autofree char *key = name_key(g_array_index(pieces, SketchPiece, i).name);
    if (!text_is_safe(key, -1)) abort();
  }
  return 0;
}
