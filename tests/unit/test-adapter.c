/* SPDX-License-Identifier: Apache-2.0 */
/* Each form of an adapter against the sum that defines it, written out entry by entry; and who says how strongly a
 * module acts. */
#include <math.h>
#include <string.h>

#include "tests/unit/weights_fixture.h"
#include "weights/formats/safetensors.h"
#include "weights/layers/adapter_change.h"
#include "weights/layers/layer.h"

enum { NUMBERS = 4096 };

/* Numbers without a pattern that a wrong index could keep. */
static const float *numbers(size_t seed) {
  static float all[NUMBERS];
  for (size_t i = 0; all[NUMBERS - 1] == 0 && i < NUMBERS; i++) all[i] = sinf((float)(i * i % 1009) + 1) + 0.01f;
  return all + seed % (NUMBERS / 2);
}

static AdapterConfig *config_of(const char *json) {
  g_autoptr(cJSON) object = json_parse(json, strlen(json));
  g_assert_nonnull(object);
  return adapter_config_new(object, NULL);
}

static double entry(const Layer *x, size_t o, size_t i) {
  double sum = 0;
  for (size_t k = 0; k < x->rank; k++) sum += (double)x->b[o * x->rank + k] * (double)x->a[k * x->d_in + i];
  return sum * (double)x->scale;
}

typedef double (*Entry)(size_t o, size_t i);

/* The only layer of the file, in its shape, is what `want` says of every entry. */
static void check(const TensorOut *t, size_t n, const char *json, AdapterForm form, size_t d_out, size_t d_in,
                  Entry want) {
  WeightsFixture f;
  Layer x;
  weights_fixture_open(&f, t, n, NULL);
  g_autoptr(AdapterConfig) config = json ? config_of(json) : NULL;
  g_assert_cmpint(layer_adapter_form(f.file), ==, form);
  g_autoptr(GArray) layers = layer_list(f.file, config);
  g_assert_cmpuint(layers->len, ==, 1);
  const LayerInfo *l = &g_array_index(layers, LayerInfo, 0);
  g_assert_cmpint(l->form, ==, LAYER_LOW_RANK);
  g_assert_cmpuint(l->d_out, ==, d_out);
  g_assert_cmpuint(l->d_in, ==, d_in);
  g_assert_true(layer_read(f.file, l, &x, NULL));
  for (size_t o = 0; o < d_out; o++)
    for (size_t i = 0; i < d_in; i++) g_assert_cmpfloat(fabs(entry(&x, o, i) - want(o, i)), <, 1e-4);
  layer_clear(&x);
  weights_fixture_close(&f);
}

/* --- forms ---------------------------------------------------------------------------------------- */

static const float alpha_six[] = {6};

/* r 2 x 3, a kernel of 2 x 2 on 4 channels to 5. */
static double locon(size_t o, size_t i) {
  size_t channel = i / 4, place = i % 4;
  double sum = 0;
  for (size_t a = 0; a < 2; a++)
    for (size_t b = 0; b < 3; b++)
      sum += (double)numbers(1)[o * 2 + a] * (double)numbers(2)[(a * 3 + b) * 4 + place] *
             (double)numbers(3)[b * 4 + channel];
  return sum * 6 / 2;
}

static void test_locon(void) {
  const TensorOut t[] = {{"lora_unet_c.lora_up.weight", DTYPE_F32, 4, {5, 2, 1, 1}, numbers(1)},
                         {"lora_unet_c.lora_mid.weight", DTYPE_F32, 4, {2, 3, 2, 2}, numbers(2)},
                         {"lora_unet_c.lora_down.weight", DTYPE_F32, 4, {3, 4, 1, 1}, numbers(3)},
                         {"lora_unet_c.alpha", DTYPE_F32, 0, {0}, alpha_six}};
  check(t, G_N_ELEMENTS(t), NULL, FORM_LOCON, 5, 16, locon);
}

static double adalora(size_t o, size_t i) {
  double sum = 0;
  for (size_t k = 0; k < 3; k++)
    sum += (double)numbers(1)[o * 3 + k] * (double)numbers(2)[k] * (double)numbers(3)[k * 4 + i];
  return sum * 32 / (8 + 1e-5);
}

static void test_adalora(void) {
  const TensorOut t[] = {{"base_model.model.q.lora_B", DTYPE_F32, 2, {5, 3}, numbers(1)},
                         {"base_model.model.q.lora_E", DTYPE_F32, 2, {3, 1}, numbers(2)},
                         {"base_model.model.q.lora_A", DTYPE_F32, 2, {3, 4}, numbers(3)}};
  check(
      t, G_N_ELEMENTS(t),
      "{\"peft_type\":\"ADALORA\",\"lora_alpha\":32,\"init_r\":8,\"r\":3,\"rank_pattern\":{\"q.lora_E\":[true,false]}}",
      FORM_ADALORA, 5, 4, adalora);
}

static double vera(size_t o, size_t i) {
  double sum = 0;
  for (size_t k = 0; k < 2; k++)
    sum +=
        (double)numbers(1)[o] * (double)numbers(2)[o * 2 + k] * (double)numbers(3)[k] * (double)numbers(4)[k * 6 + i];
  return sum;
}

/* The shared factors are as large as the largest layer; VeRA has no scale, whatever a configuration says. */
static void test_vera(void) {
  const TensorOut t[] = {{"base_model.model.q.vera_lambda_b", DTYPE_F32, 1, {5}, numbers(1)},
                         {"base_model.vera_B", DTYPE_F32, 2, {7, 2}, numbers(2)},
                         {"base_model.model.q.vera_lambda_d", DTYPE_F32, 1, {2}, numbers(3)},
                         {"base_model.vera_A", DTYPE_F32, 2, {2, 6}, numbers(4)}};
  check(t, G_N_ELEMENTS(t), "{\"peft_type\":\"VERA\",\"r\":2,\"lora_alpha\":64}", FORM_VERA, 5, 6, vera);
}

static double embedding(size_t o, size_t i) {
  double sum = 0;
  for (size_t k = 0; k < 2; k++) sum += (double)numbers(1)[i * 2 + k] * (double)numbers(2)[k * 7 + o];
  return sum * 3 / 2;
}

static void test_embedding(void) {
  const TensorOut t[] = {{"base_model.model.embed.lora_embedding_B", DTYPE_F32, 2, {4, 2}, numbers(1)},
                         {"base_model.model.embed.lora_embedding_A", DTYPE_F32, 2, {2, 7}, numbers(2)}};
  check(t, G_N_ELEMENTS(t), "{\"lora_alpha\":3,\"r\":2}", FORM_LORA, 7, 4, embedding);
}

/* A core of 2 x 2 pairs and 3 places. */
static double cored(size_t seed, size_t o, size_t channel, size_t place) {
  double sum = 0;
  for (size_t a = 0; a < 2; a++)
    for (size_t b = 0; b < 2; b++)
      sum += (double)numbers(seed)[(a * 2 + b) * 3 + place] * (double)numbers(seed + 1)[a * 7 + o] *
             (double)numbers(seed + 2)[b * 5 + channel];
  return sum;
}

static double loha_core(size_t o, size_t i) { return cored(10, o, i / 3, i % 3) * cored(20, o, i / 3, i % 3) * 6 / 2; }

static void test_loha_core(void) {
  const TensorOut t[] = {{"lycoris_c.hada_t1", DTYPE_F32, 4, {2, 2, 3, 1}, numbers(10)},
                         {"lycoris_c.hada_w1_a", DTYPE_F32, 2, {2, 7}, numbers(11)},
                         {"lycoris_c.hada_w1_b", DTYPE_F32, 2, {2, 5}, numbers(12)},
                         {"lycoris_c.hada_t2", DTYPE_F32, 4, {2, 2, 3, 1}, numbers(20)},
                         {"lycoris_c.hada_w2_a", DTYPE_F32, 2, {2, 7}, numbers(21)},
                         {"lycoris_c.hada_w2_b", DTYPE_F32, 2, {2, 5}, numbers(22)},
                         {"lycoris_c.alpha", DTYPE_F32, 0, {0}, alpha_six}};
  check(t, G_N_ELEMENTS(t), NULL, FORM_LOHA, 7, 15, loha_core);
}

static double lokr_core(size_t o, size_t i) {
  return (double)numbers(30)[o / 7 * 2 + i / 15] * cored(10, o % 7, i % 15 / 3, i % 3) * 6 / 2;
}

static void test_lokr_core(void) {
  const TensorOut t[] = {{"lycoris_c.lokr_w1", DTYPE_F32, 2, {2, 2}, numbers(30)},
                         {"lycoris_c.lokr_t2", DTYPE_F32, 4, {2, 2, 3, 1}, numbers(10)},
                         {"lycoris_c.lokr_w2_a", DTYPE_F32, 2, {2, 7}, numbers(11)},
                         {"lycoris_c.lokr_w2_b", DTYPE_F32, 2, {2, 5}, numbers(12)},
                         {"lycoris_c.alpha", DTYPE_F32, 0, {0}, alpha_six}};
  check(t, G_N_ELEMENTS(t), NULL, FORM_LOKR, 14, 30, lokr_core);
}

static double lokr_whole(size_t o, size_t i) {
  return (double)numbers(1)[o / 3 * 2 + i / 2] * (double)numbers(2)[o % 3 * 2 + i % 2];
}
static double lokr_whole_peft(size_t o, size_t i) { return lokr_whole(o, i) * 8 / 4; }

/* Both parts whole: LyCORIS means 1, PEFT still alpha / r. */
static void test_lokr_whole(void) {
  const TensorOut t[] = {{"base_model.model.q.lokr_w1", DTYPE_F32, 2, {2, 2}, numbers(1)},
                         {"base_model.model.q.lokr_w2", DTYPE_F32, 2, {3, 2}, numbers(2)}};
  check(t, 2, NULL, FORM_LOKR, 6, 4, lokr_whole);
  check(t, 2, "{\"peft_type\":\"LOKR\",\"r\":4,\"alpha\":8}", FORM_LOKR, 6, 4, lokr_whole_peft);
}

/* A difference is a matrix as it stands; norms and biases are no layers. */
static void test_difference(void) {
  const TensorOut t[] = {{"diffusion_model.l.diff", DTYPE_F32, 2, {5, 3}, numbers(1)},
                         {"diffusion_model.l.diff_b", DTYPE_F32, 1, {5}, numbers(2)},
                         {"diffusion_model.n.diff", DTYPE_F32, 1, {5}, numbers(3)}};
  WeightsFixture f;
  Layer x;
  weights_fixture_open(&f, t, G_N_ELEMENTS(t), NULL);
  g_assert_cmpint(layer_adapter_form(f.file), ==, FORM_DIFF);
  g_autoptr(GArray) layers = layer_list(f.file, NULL);
  g_assert_cmpuint(layers->len, ==, 1);
  const LayerInfo *l = layer_find(layers, "l");
  g_assert_true(l->form == LAYER_DENSE && l->adapter == FORM_DIFF);
  g_assert_true(layer_read(f.file, l, &x, NULL));
  g_assert_cmpint(memcmp(x.x, numbers(1), 15 * sizeof(float)), ==, 0);
  layer_clear(&x);
  weights_fixture_close(&f);
}

/* --- forms that need the base ----------------------------------------------------------------------- */

static void check_uncomputed(const TensorOut *t, size_t n, AdapterForm form) {
  WeightsFixture f;
  weights_fixture_open(&f, t, n, NULL);
  g_autoptr(FileNames) names = file_names_new(f.file);
  g_autoptr(GArray) layers = layer_list_named(f.file, names, NULL);
  g_autoptr(GArray) rest = layer_uncomputed(f.file, names, layers, NULL);
  g_assert_cmpint(names->form, ==, form);
  g_assert_cmpuint(layers->len, ==, 0);
  g_assert_cmpuint(rest->len, ==, 1);
  g_assert_cmpstr(g_array_index(rest, UncomputedLayer, 0).name, ==, "blocks.q");
  g_assert_cmpint(g_array_index(rest, UncomputedLayer, 0).form, ==, form);
  weights_fixture_close(&f);
}

static void test_uncomputed(void) {
  const TensorOut glora[] = {{"lycoris_blocks_q.a1.weight", DTYPE_F32, 2, {2, 4}, numbers(1)},
                             {"lycoris_blocks_q.a2.weight", DTYPE_F32, 2, {4, 2}, numbers(1)},
                             {"lycoris_blocks_q.b1.weight", DTYPE_F32, 2, {2, 4}, numbers(1)},
                             {"lycoris_blocks_q.b2.weight", DTYPE_F32, 2, {4, 2}, numbers(1)},
                             {"lycoris_blocks_q.alpha", DTYPE_F32, 0, {0}, alpha_six}};
  const TensorOut ia3[] = {{"lycoris_blocks_q.weight", DTYPE_F32, 2, {1, 8}, numbers(1)},
                           {"lycoris_blocks_q.on_input", DTYPE_F32, 0, {0}, alpha_six}};
  const TensorOut peft_ia3[] = {{"base_model.model.blocks.q.ia3_l", DTYPE_F32, 2, {8, 1}, numbers(1)}};
  const TensorOut oft[] = {{"lycoris_blocks_q.oft_blocks", DTYPE_F32, 3, {2, 4, 4}, numbers(1)},
                           {"lycoris_blocks_q.alpha", DTYPE_F32, 0, {0}, alpha_six}};
  const TensorOut boft[] = {{"base_model.model.blocks.q.boft_R", DTYPE_F32, 4, {1, 2, 4, 4}, numbers(1)},
                            {"base_model.model.blocks.q.boft_s", DTYPE_F32, 2, {8, 1}, numbers(1)}};
  check_uncomputed(glora, G_N_ELEMENTS(glora), FORM_GLORA);
  check_uncomputed(ia3, G_N_ELEMENTS(ia3), FORM_IA3);
  check_uncomputed(peft_ia3, G_N_ELEMENTS(peft_ia3), FORM_IA3);
  check_uncomputed(oft, G_N_ELEMENTS(oft), FORM_OFT);
  check_uncomputed(boft, G_N_ELEMENTS(boft), FORM_BOFT);
}

/* Forms that are told by name alone: no factor of theirs is a layer, and rows of a few tokens make no adapter of pairs
 * another. */
static void test_named_forms(void) {
  static const struct {
    const char *key;
    AdapterForm form;
    const char *peft;
  } forms[] = {{"fourierft_spectrum", FORM_FOURIERFT, "FOURIERFT"},
               {"hra_u", FORM_HRA, "HRA"},
               {"vblora_logits_A", FORM_VBLORA, "VBLORA"},
               {"bone_block", FORM_BONE, "BONE"},
               {"miss_block.default", FORM_MISS, "miss"},
               {"randlora_lambda", FORM_RANDLORA, "RANDLORA"},
               {"shira_weight", FORM_SHIRA, "SHIRA"},
               {"c3a_kernel", FORM_C3A, "C3A"},
               {"road_theta", FORM_ROAD, "ROAD"},
               {"poly_lora_A", FORM_POLY, "POLY"},
               {"adaption_prompt", FORM_ADAPTION_PROMPT, "ADAPTION_PROMPT"},
               {"token_adapter.trainable_tokens_delta", FORM_TOKENS, "TRAINABLE_TOKENS"}};
  for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
    g_autofree char *key = g_strdup_printf("base_model.model.blocks.q.%s", forms[i].key);
    const TensorOut t[] = {{key, DTYPE_F32, 2, {4, 8}, numbers(1)}};
    check_uncomputed(t, 1, forms[i].form);
    g_assert_cmpint(adapter_form_of_peft(forms[i].peft), ==, forms[i].form);
    g_assert_true(adapter_form_is_only_named(forms[i].form));
  }
  g_assert_cmpint(adapter_form_of_peft("LORA"), ==, FORM_LORA);
  g_assert_cmpint(adapter_form_of_peft("PREFIX_TUNING"), ==, FORM_PROMPT);
  g_assert_cmpint(adapter_form_of_peft("nothing"), ==, FORM_NONE);
  g_assert_false(adapter_form_is_only_named(FORM_DIFF) || adapter_form_is_only_named(FORM_BOFT));
}

/* PEFT's target_parameters: two stacks of one module, and attention beside them that is computed as ever. */
static void test_stacked_experts(void) {
  const TensorOut t[] = {{"base_model.model.m.experts.lora_A.weight", DTYPE_F32, 2, {6, 8}, numbers(1)},
                         {"base_model.model.m.experts.lora_B.weight", DTYPE_F32, 2, {4, 6}, numbers(1)},
                         {"base_model.model.m.experts.base_layer.lora_A.weight", DTYPE_F32, 2, {6, 4}, numbers(1)},
                         {"base_model.model.m.experts.base_layer.lora_B.weight", DTYPE_F32, 2, {8, 6}, numbers(1)},
                         {"base_model.model.m.q.base_layer.lora_A.weight", DTYPE_F32, 2, {2, 8}, numbers(1)},
                         {"base_model.model.m.q.base_layer.lora_B.weight", DTYPE_F32, 2, {4, 2}, numbers(1)}};
  WeightsFixture f;
  weights_fixture_open(&f, t, G_N_ELEMENTS(t), NULL);
  g_autoptr(FileNames) names = file_names_new(f.file);
  g_autoptr(GArray) layers = layer_list_named(f.file, names, NULL);
  g_autoptr(GArray) rest = layer_uncomputed(f.file, names, layers, NULL);
  g_assert_cmpint(names->form, ==, FORM_LORA);
  g_assert_cmpuint(layers->len, ==, 1);
  g_assert_cmpstr(g_array_index(layers, LayerInfo, 0).name, ==, "m.q");
  g_assert_cmpuint(rest->len, ==, 2);
  g_assert_cmpint(g_array_index(rest, UncomputedLayer, 1).form, ==, FORM_EXPERTS);
  weights_fixture_close(&f);
}

static void test_tokens_beside_pairs(void) {
  const TensorOut t[] = {{"m.emb.token_adapter.trainable_tokens_delta", DTYPE_F32, 2, {2, 8}, numbers(1)},
                         {"m.q.lora_A.weight", DTYPE_F32, 2, {2, 8}, numbers(1)},
                         {"m.q.lora_B.weight", DTYPE_F32, 2, {4, 2}, numbers(1)}};
  WeightsFixture f;
  weights_fixture_open(&f, t, G_N_ELEMENTS(t), NULL);
  g_autoptr(FileNames) names = file_names_new(f.file);
  g_autoptr(GArray) layers = layer_list_named(f.file, names, NULL);
  g_autoptr(GArray) rest = layer_uncomputed(f.file, names, layers, NULL);
  g_assert_cmpint(names->form, ==, FORM_LORA);
  g_assert_cmpuint(layers->len, ==, 1);
  g_assert_cmpuint(rest->len, ==, 1);
  g_assert_cmpstr(g_array_index(rest, UncomputedLayer, 0).name, ==, "m.emb");
  weights_fixture_close(&f);
}

/* One of GLoRA's words alone is a layer's name like any other. */
static void test_plain_words(void) {
  const TensorOut t[] = {{"net.a1.weight", DTYPE_F32, 2, {2, 4}, numbers(1)},
                         {"net.b1.weight", DTYPE_F32, 2, {2, 4}, numbers(1)}};
  WeightsFixture f;
  weights_fixture_open(&f, t, 2, NULL);
  g_autoptr(GArray) layers = layer_list(f.file, NULL);
  g_assert_cmpint(layer_adapter_form(f.file), ==, FORM_NONE);
  g_assert_cmpuint(layers->len, ==, 2);
  weights_fixture_close(&f);
}

/* --- with the base at hand --------------------------------------------------------------------------- */

enum { ROWS = 5, COLUMNS = 6 };

static Layer base_layer(void) {
  Layer w = {.form = LAYER_DENSE, .d_out = ROWS, .d_in = COLUMNS, .scale = 1};
  w.x = g_memdup2(numbers(40), ROWS * COLUMNS * sizeof(float));
  return w;
}

static double changed(size_t o, size_t i) {
  double sum = 0;
  for (size_t k = 0; k < 2; k++) sum += (double)numbers(2)[o * 2 + k] * (double)numbers(3)[k * COLUMNS + i];
  return (double)numbers(40)[o * COLUMNS + i] + sum * 6 / 2;
}

/* m (W + s B A)/|W + s B A| - W: by rows as PEFT and MLX, by columns where the magnitudes are a row. */
static void check_dora(const TensorOut *t, size_t n, bool by_rows) {
  WeightsFixture f;
  Layer x, w = base_layer();
  weights_fixture_open(&f, t, n, NULL);
  g_autoptr(GArray) layers = layer_list(f.file, NULL);
  g_assert_cmpint(layer_adapter_form(f.file), ==, FORM_DORA);
  const LayerInfo *l = layer_find(layers, "m.q");
  g_assert_true(layer_read(f.file, l, &x, NULL));
  g_assert_true(adapter_change_dora(f.file, l, &w, &x));
  for (size_t o = 0; o < ROWS; o++)
    for (size_t i = 0; i < COLUMNS; i++) {
      double norm = 0;
      for (size_t k = 0; k < (by_rows ? COLUMNS : ROWS); k++) norm += pow(by_rows ? changed(o, k) : changed(k, i), 2);
      double m = (double)numbers(50)[by_rows ? o : i];
      double want = m * changed(o, i) / sqrt(norm) - (double)w.x[o * COLUMNS + i];
      g_assert_cmpfloat(fabs((double)x.x[o * COLUMNS + i] - want), <, 1e-4);
    }
  layer_clear(&x);
  layer_clear(&w);
  weights_fixture_close(&f);
}

static void check_dora_key(const char *key, int rank, uint64_t rows, uint64_t columns, bool by_rows) {
  const TensorOut t[] = {{"m.q.lora_B.weight", DTYPE_F32, 2, {ROWS, 2}, numbers(2)},
                         {"m.q.lora_A.weight", DTYPE_F32, 2, {2, COLUMNS}, numbers(3)},
                         {key, DTYPE_F32, rank, {rows, columns, 1, 1}, numbers(50)},
                         {"m.q.alpha", DTYPE_F32, 0, {0}, alpha_six}};
  check_dora(t, G_N_ELEMENTS(t), by_rows);
}

static void test_dora(void) {
  float a[COLUMNS * 2], b[2 * ROWS];
  check_dora_key("m.q.lora_magnitude_vector.weight", 2, ROWS, 1, true);
  check_dora_key("m.q.lora_magnitude_vector", 4, 1, ROWS, true); /* a convolution's */
  check_dora_key("m.q.dora_scale", 2, 1, COLUMNS, false);
  for (size_t i = 0; i < COLUMNS; i++)
    for (size_t k = 0; k < 2; k++) a[i * 2 + k] = numbers(3)[k * COLUMNS + i];
  for (size_t o = 0; o < ROWS; o++)
    for (size_t k = 0; k < 2; k++) b[k * ROWS + o] = numbers(2)[o * 2 + k];
  const TensorOut mlx[] = {{"m.q.lora_a", DTYPE_F32, 2, {COLUMNS, 2}, a},
                           {"m.q.lora_b", DTYPE_F32, 2, {2, ROWS}, b},
                           {"m.q.m", DTYPE_F32, 1, {ROWS}, numbers(50)},
                           {"m.q.alpha", DTYPE_F32, 0, {0}, alpha_six}};
  check_dora(mlx, G_N_ELEMENTS(mlx), true);
}

static void check_ia3(const TensorOut *t, size_t n, bool columns, bool plus_one) {
  WeightsFixture f;
  Layer x, w = base_layer();
  weights_fixture_open(&f, t, n, NULL);
  g_autoptr(FileNames) names = file_names_new(f.file);
  g_autoptr(GArray) layers = layer_list_named(f.file, names, NULL);
  g_autoptr(GArray) rest = layer_uncomputed(f.file, names, layers, NULL);
  g_assert_cmpuint(rest->len, ==, 1);
  g_assert_true(adapter_change_read(f.file, &g_array_index(rest, UncomputedLayer, 0), &w, &x));
  for (size_t o = 0; o < ROWS; o++)
    for (size_t i = 0; i < COLUMNS; i++) {
      double by = (double)numbers(60)[columns ? i : o] - (plus_one ? 0 : 1);
      g_assert_cmpfloat(fabs((double)x.x[o * COLUMNS + i] - by * (double)w.x[o * COLUMNS + i]), <, 1e-5);
    }
  layer_clear(&x);
  layer_clear(&w);
  weights_fixture_close(&f);
}

static void test_ia3(void) {
  static const float yes = 1, no = 0;
  const TensorOut rows[] = {{"base_model.model.q.ia3_l", DTYPE_F32, 2, {ROWS, 1}, numbers(60)}};
  const TensorOut columns[] = {{"base_model.model.q.ia3_l", DTYPE_F32, 2, {1, COLUMNS}, numbers(60)}};
  const TensorOut input[] = {{"lycoris_q.weight", DTYPE_F32, 1, {COLUMNS}, numbers(60)},
                             {"lycoris_q.on_input", DTYPE_F32, 0, {0}, &yes}};
  const TensorOut output[] = {{"lycoris_q.weight", DTYPE_F32, 2, {ROWS, 1}, numbers(60)},
                              {"lycoris_q.on_input", DTYPE_F32, 0, {0}, &no}};
  check_ia3(rows, 1, false, false);
  check_ia3(columns, 1, true, false);
  check_ia3(input, 2, true, true);
  check_ia3(output, 2, false, true);
}

/* --- scales ----------------------------------------------------------------------------------------- */

typedef struct {
  const char *json, *key, *value; /* a configuration; an entry of the metadata */
  bool tensor;                    /* a tensor says alpha 6 */
  double scale;
  const char *source;
} ScaleCase;

static const ScaleCase scale_cases[] = {
    {NULL, NULL, NULL, false, 1, NULL},
    {"{\"r\":4,\"lora_alpha\":8}", NULL, NULL, false, 4, "adapter_config.json lora_alpha"},
    {"{\"r\":4,\"lora_alpha\":8,\"use_rslora\":true}", NULL, NULL, false, 5.656854249492381,
     "adapter_config.json lora_alpha"},
    {"{\"lora_alpha\":8,\"alpha_pattern\":{\"k\":1,\"attn.q\":3}}", NULL, NULL, false, 1.5,
     "adapter_config.json alpha_pattern"},
    {"{\"lora_alpha\":8,\"alpha_pattern\":{\"ttn.q\":3,\"q.attn\":5,\"(bad\":7}}", NULL, NULL, false, 4,
     "adapter_config.json lora_alpha"},
    {"{\"lora_alpha\":8,\"alpha_pattern\":{\"transformer.*q\":3}}", NULL, NULL, false, 1.5,
     "adapter_config.json alpha_pattern"},
    {"{\"lora_alpha\":8,\"alpha_pattern\":{\"^blocks.0.attn.q\":3}}", NULL, NULL, false, 4,
     "adapter_config.json lora_alpha"},
    {"{\"lora_alpha\":8}", NULL, NULL, true, 3, "a tensor alpha"},
    {"{\"fine_tune_type\":\"lora\",\"lora_parameters\":{\"rank\":2,\"scale\":20}}", NULL, NULL, false, 20,
     "adapter_config.json scale"},
    {NULL, "lora_adapter_metadata", "{\"transformer.r\":2,\"transformer.lora_alpha\":5,\"unet.lora_alpha\":9}", false,
     2.5, "metadata lora_adapter_metadata"},
    {"{\"lora_alpha\":8}", "lora_adapter_metadata", "{\"transformer.lora_alpha\":5}", false, 4,
     "adapter_config.json lora_alpha"},
    {NULL, "ss_network_alpha", "1.0", false, 0.5, "ss_network_alpha"},
    {NULL, "lora_alpha", "7", false, 3.5, "lora_alpha"},
    {NULL, "adapter.lora.alpha", "8", false, 4, "adapter.lora.alpha"},
    {NULL, "adapter.lora.alpha", "0", false, 1, NULL},
    {NULL, "ss_network_alpha", "Dynamic", false, 1, NULL},
};

static void check_scale(const ScaleCase *c) {
  const TensorOut t[] = {{"transformer.blocks.0.attn.q.lora_A.weight", DTYPE_F32, 2, {2, 4}, numbers(1)},
                         {"transformer.blocks.0.attn.q.lora_B.weight", DTYPE_F32, 2, {3, 2}, numbers(2)},
                         {"transformer.blocks.0.attn.q.alpha", DTYPE_F32, 0, {0}, alpha_six}};
  WeightsFixture f;
  double scale;
  const char *const metadata[] = {c->key, c->value, NULL};
  weights_fixture_open(&f, t, c->tensor ? 3 : 2, c->key ? metadata : NULL);
  g_autoptr(AdapterConfig) config = c->json ? config_of(c->json) : NULL;
  g_autoptr(GArray) layers = layer_list(f.file, config);
  g_assert_cmpuint(layers->len, ==, 1);
  const LayerInfo *l = &g_array_index(layers, LayerInfo, 0);
  g_assert_true(layer_scale(f.file, l, &scale, NULL));
  g_assert_cmpfloat(fabs(scale / c->scale - 1), <, 1e-6);
  g_assert_cmpstr(l->scale.source, ==, c->source);
  weights_fixture_close(&f);
}

static void test_scales(void) {
  for (size_t i = 0; i < G_N_ELEMENTS(scale_cases); i++) check_scale(&scale_cases[i]);
}

/* An expression that would take for ever to say no is given up. */
static void test_hostile_pattern(void) {
  g_autofree char *module = g_strnfill(200, 'a');
  g_autoptr(AdapterConfig) config = config_of("{\"lora_alpha\":8,\"alpha_pattern\":{\"(a+)+b\":3}}");
  bool pattern;
  gint64 start = g_get_monotonic_time();
  g_assert_cmpfloat(adapter_config_alpha(config, module, &pattern), ==, 8);
  g_assert_false(pattern);
  g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/adapter/locon", test_locon);
  g_test_add_func("/adapter/adalora", test_adalora);
  g_test_add_func("/adapter/vera", test_vera);
  g_test_add_func("/adapter/embedding", test_embedding);
  g_test_add_func("/adapter/loha-core", test_loha_core);
  g_test_add_func("/adapter/lokr-core", test_lokr_core);
  g_test_add_func("/adapter/lokr-whole", test_lokr_whole);
  g_test_add_func("/adapter/difference", test_difference);
  g_test_add_func("/adapter/uncomputed", test_uncomputed);
  g_test_add_func("/adapter/named", test_named_forms);
  g_test_add_func("/adapter/tokens", test_tokens_beside_pairs);
  g_test_add_func("/adapter/stacked-experts", test_stacked_experts);
  g_test_add_func("/adapter/plain-words", test_plain_words);
  g_test_add_func("/adapter/dora", test_dora);
  g_test_add_func("/adapter/ia3", test_ia3);
  g_test_add_func("/adapter/scales", test_scales);
  g_test_add_func("/adapter/hostile-pattern", test_hostile_pattern);
  return g_test_run();
}
