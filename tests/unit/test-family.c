/* SPDX-License-Identifier: Apache-2.0 */
/* Families are told from names and shapes; what is declared is held against them; a doubt is said, or nothing. */
#include "collection/read/family.h"

typedef struct {
  const char *name; /* "%u": the number of a block */
  uint64_t d_in, d_out;
  unsigned blocks;
} Group;

static GArray *layers_of(const Group *groups) {
  GArray *layers = g_array_new(FALSE, TRUE, sizeof(LayerInfo));
  for (const Group *g = groups; g->name; g++)
    for (unsigned b = 0; b < g->blocks; b++) {
      g_auto(GStrv) parts = g_strsplit(g->name, "%u", 2);
      g_autofree char *number = g_strdup_printf("%u", b);
      LayerInfo l = {.form = LAYER_LOW_RANK, .d_in = g->d_in, .d_out = g->d_out};
      l.name = g_strjoinv(number, parts);
      g_array_append_val(layers, l);
    }
  return layers;
}

static void assert_family(const Group *groups, const char *want) {
  g_autoptr(GArray) layers = layers_of(groups);
  FamilyGuess guess = family_of_layers(layers);
  g_autoptr(Model) m = model_new();
  family_add_facts(m, &guess);
  g_assert_cmpstr(model_value(m, "family"), ==, want);
  for (guint i = 0; i < layers->len; i++) g_free(g_array_index(layers, LayerInfo, i).name);
}

static void test_shapes(void) {
  const Group sd1[] = {{"down_blocks_0_attentions_%u_transformer_blocks_0_attn2_to_k", 768, 320, 2},
                       {"down_blocks_0_attentions_%u_transformer_blocks_0_attn1_to_q", 320, 320, 2},
                       {"text_model_encoder_layers_%u_self_attn_q_proj", 768, 768, 12},
                       {0}};
  const Group sdxl[] = {{"down_blocks.1.attentions.%u.transformer_blocks.0.attn2.to_k", 2048, 640, 2},
                        {"text_model.encoder.layers.%u.self_attn.q_proj", 1280, 1280, 32},
                        {"te.text_model.encoder.layers.%u.self_attn.q_proj", 768, 768, 12},
                        {0}};
  const Group flux[] = {
      {"double_blocks_%u_img_attn_qkv", 3072, 9216, 19}, {"single_blocks_%u_linear1", 3072, 21504, 38}, {0}};
  const Group diffusers_flux[] = {{"single_transformer_blocks.%u.attn.to_q", 3072, 3072, 38},
                                  {"transformer_blocks.%u.attn.to_q", 3072, 3072, 19},
                                  {0}};
  const Group text[] = {{"text_model.encoder.layers.%u.self_attn.v_proj", 768, 768, 12}, {0}};
  assert_family(sd1, "SD 1.x");
  assert_family(sdxl, "SDXL");
  assert_family(flux, "Flux");
  assert_family(diffusers_flux, "Flux");
  assert_family(text, "CLIP ViT-L text tower");
}

static void test_language(void) {
  const Group llama[] = {{"model.layers.%u.self_attn.k_proj", 4096, 4096, 32}, {0}};
  const Group gguf[] = {{"blk.%u.attn_k", 3584, 512, 28}, {0}};
  const Group twins[] = {{"model.layers.%u.self_attn.v_proj", 4096, 1024, 32}, {0}};
  const Group words[] = {
      {"model.layers.%u.self_attn.v_proj", 4096, 1024, 32}, {"model.embed_tokens", 4096, 32000, 1}, {0}};
  const Group grown[] = {
      {"model.layers.%u.self_attn.v_proj", 4096, 4096, 32}, {"model.embed_tokens", 4096, 32005, 1}, {0}};
  assert_family(llama, "Llama 2 7B");
  assert_family(gguf, "Qwen2 7B");
  assert_family(twins, "Llama 3 8B or Mistral 7B");
  assert_family(words, "Mistral 7B");
  assert_family(grown, "Llama 2 7B");
}

/* Nothing that is not in the table gets a name, however near. */
static void test_unknown(void) {
  const Group wide[] = {{"model.layers.%u.self_attn.k_proj", 4097, 1024, 32}, {0}};
  const Group deep[] = {{"double_blocks_%u_img_attn_qkv", 3072, 9216, 21}, {0}};
  const Group mixed[] = {{"a.%u.attn2.to_k", 768, 320, 2}, {"b.%u.attn2.to_k", 2048, 640, 2}, {0}};
  const Group other[] = {{"encoder.%u.dense", 768, 768, 12}, {0}};
  const Group part[] = {{"my.crossattn2.to_k", 768, 320, 1}, {0}};
  assert_family(wide, NULL);
  assert_family(deep, NULL);
  assert_family(mixed, NULL);
  assert_family(other, NULL);
  assert_family(part, NULL);
}

static void test_text(void) {
  static const struct {
    const char *text, *family;
  } rows[] = {{"sdxl_base_v1-0", "SDXL"},
              {"sd_xl_base_1.0.safetensors", "SDXL"},
              {"stable-diffusion-xl-v1-base/lora", "SDXL"},
              {"stable-diffusion-v1-5/stable-diffusion-v1-5", "SD 1.x"},
              {"sd_v1", "SD 1.x"},
              {"sd_v2_v", "SD 2.x"},
              {"flux-1-dev/lora", "Flux"},
              {"black-forest-labs/FLUX.1-dev", "Flux"},
              {"meta-llama/Llama-2-7b-hf", "Llama 2 7B"},
              {"meta-llama/Llama-2-70b-hf", "Llama 2 70B"},
              {"Qwen/Qwen2.5-7B-Instruct", "Qwen2 7B"},
              {"Qwen/Qwen2-57B-A14B", NULL},
              {"somebody/influx-detector", NULL},
              {"Pony", "SDXL"}, /* as the site calls it; a model of that name may be of another family */
              {"AstraliteHeart/pony-diffusion-v4", NULL},
              {"Pony V7", NULL},
              {"org/base", NULL},
              {"", NULL}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    int f = family_of_text(rows[i].text);
    g_assert_cmpstr(f < 0 ? NULL : family_name((unsigned)f), ==, rows[i].family);
  }
}

static void test_declared(void) {
  const Group twins[] = {{"model.layers.%u.self_attn.v_proj", 4096, 1024, 32}, {0}};
  static const struct {
    const char *base, *family;
    bool conflict;
  } rows[] = {{"mistralai/Mistral-7B-v0.1", "Mistral 7B", false},
              {"meta-llama/Llama-2-7b-hf", "Llama 3 8B or Mistral 7B", true},
              {"org/base", "Llama 3 8B or Mistral 7B", false}};
  g_autoptr(GArray) layers = layers_of(twins);
  FamilyGuess guess = family_of_layers(layers), nothing = {0};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Model) m = model_new();
    model_add_fact(m, "base", rows[i].base, "card");
    family_add_facts(m, &guess);
    g_assert_cmpstr(model_value(m, "family"), ==, rows[i].family);
    g_assert_cmpint(model_value(m, "family_conflict") != NULL, ==, rows[i].conflict);
  }
  g_autoptr(Model) m = model_new();
  model_add_fact(m, "ss_base_model_version", "sdxl_base_v1-0", "metadata");
  family_add_facts(m, &nothing);
  g_assert_cmpstr(model_value(m, "family"), ==, "SDXL");
  g_assert_cmpstr(model_fact(m, "family")->source, ==, "metadata");
  for (guint i = 0; i < layers->len; i++) g_free(g_array_index(layers, LayerInfo, i).name);
}

/* An adapter of the text encoder alone has the shapes of the tower, which is a part of what it declares; another
 * family's tower is not. */
static void test_tower(void) {
  const Group text[] = {{"text_model.encoder.layers.%u.self_attn.q_proj", 768, 768, 12}, {0}};
  static const struct {
    const char *said, *family;
    bool conflict;
  } rows[] = {{"sd_v1", "SD 1.x", false},
              {"sdxl_base_v1-0", "SDXL", false},
              {"flux1", "Flux", false},
              {"sd_v2", "CLIP ViT-L text tower", true}};
  g_autoptr(GArray) layers = layers_of(text);
  FamilyGuess guess = family_of_layers(layers);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Model) m = model_new();
    model_add_fact(m, "ss_base_model_version", rows[i].said, "metadata");
    family_add_facts(m, &guess);
    g_assert_cmpstr(model_value(m, "family"), ==, rows[i].family);
    g_assert_cmpint(model_value(m, "family_conflict") != NULL, ==, rows[i].conflict);
  }
  for (guint i = 0; i < layers->len; i++) g_free(g_array_index(layers, LayerInfo, i).name);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/family/shapes", test_shapes);
  g_test_add_func("/family/language", test_language);
  g_test_add_func("/family/unknown", test_unknown);
  g_test_add_func("/family/text", test_text);
  g_test_add_func("/family/declared", test_declared);
  g_test_add_func("/family/tower", test_tower);
  return g_test_run();
}
