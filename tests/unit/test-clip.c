/* SPDX-License-Identifier: Apache-2.0 */
/* The CLIP text tower on a small random model, against vectors that PyTorch computed from the
 * equations in float64. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "tests/unit/clip_fixture.h"
#include "encoders/clip/clip_config.h"
#include "encoders/encoder.h"

#define LONG_TEXT                                                                              \
  "the wood the wood the wood the wood the wood the wood the wood the wood the wood the wood " \
  "the wood the wood the wood the wood the wood the wood the wood the wood the wood the wood " \
  "the wood the wood the wood the wood the wood the wood the wood the wood the wood the wood " \
  "the wood the wood the wood the wood the wood the wood the wood the wood the wood the wood " \
  "the wood the wood the wood the wood the wood the wood the wood the wood the wood the wood " \
  "the wood the wood the wood the wood the wood the wood the wood the wood the wood the wood "

static const struct {
  const char *activation, *text;
  float vector[CLIP_FIXTURE_DIM];
} recorded[] = {
    {"quick_gelu",
     "a photo of a fox",
     {1.46316091f, 1.39430859f, 1.09135126f, 0.83257281f, 0.46875383f, -0.62803826f, 0.58204714f, -0.18974008f,
      -0.05865345f, -2.10899699f, 0.78301307f, 0.60491086f}},
    {"quick_gelu",
     LONG_TEXT,
     {2.30601616f, 2.09692671f, -1.05582774f, 0.48492165f, -0.56771812f, -0.67997774f, -0.37197683f, 0.72633945f,
      -0.72330519f, 0.04101730f, 0.27730426f, 0.83545052f}},
    {"gelu",
     "a photo of a fox",
     {1.46351617f, 1.39308693f, 1.10578299f, 0.82970119f, 0.45803412f, -0.64246550f, 0.58968004f, -0.20060769f,
      -0.06910398f, -2.11497778f, 0.78688573f, 0.61218740f}},
    {"gelu",
     LONG_TEXT,
     {2.30830734f, 2.09500274f, -1.04175382f, 0.49591475f, -0.57428375f, -0.67985887f, -0.36181283f, 0.71629198f,
      -0.73381404f, 0.02350295f, 0.28659560f, 0.84783990f}},
    {"gelu_new",
     "a photo of a fox",
     {1.46338591f, 1.39304982f, 1.10591341f, 0.82983442f, 0.45793307f, -0.64253750f, 0.58969046f, -0.20068991f,
      -0.06913603f, -2.11498774f, 0.78696102f, 0.61209510f}},
    {"gelu_new",
     LONG_TEXT,
     {2.30811266f, 2.09495514f, -1.04178916f, 0.49626832f, -0.57433167f, -0.67991499f, -0.36197326f, 0.71621739f,
      -0.73384841f, 0.02353483f, 0.28662894f, 0.84781609f}},
};

static char *folder_new(void) {
  char *folder = g_dir_make_tmp("copse-clip-XXXXXX", NULL);
  g_assert_nonnull(folder);
  return folder;
}

static void folder_end(char *folder) {
  dir_remove(folder, NULL);
  g_free(folder);
}

static TextEncoder *open_at(const char *folder, GError **error) {
  g_autofree char *description = g_strconcat("clip:", folder, NULL);
  return text_encoder_open(description, error);
}

static char *config_for(const char *activation) {
  return g_strdup_printf(
      "{\"model_type\":\"clip_text_model\",\"hidden_act\":\"%s\","
      "\"num_attention_heads\":2,\"num_hidden_layers\":2,"
      "\"eos_token_id\":2}",
      activation);
}

/* max |a - b| over max |b|. */
static double apart(const float *a, const float *b, size_t n) {
  double diff = 0, top = 1e-30;
  for (size_t i = 0; i < n; i++) {
    diff = fmax(diff, fabs((double)a[i] - (double)b[i]));
    top = fmax(top, fabs((double)b[i]));
  }
  return diff / top;
}

static void expect_recorded(const char *folder, const char *activation, double within) {
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = open_at(folder, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(text_encoder_dim(e), ==, CLIP_FIXTURE_DIM);
  unsigned tried = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(recorded); i++) {
    if (strcmp(recorded[i].activation, activation) != 0) continue;
    float x[CLIP_FIXTURE_DIM];
    g_assert_true(text_encoder_embed(e, recorded[i].text, x, NULL, &error));
    g_assert_cmpfloat(apart(x, recorded[i].vector, CLIP_FIXTURE_DIM), <, within);
    tried++;
  }
  g_assert_cmpuint(tried, ==, 2);
}

static void test_activations(void) {
  static const char *const names[] = {"quick_gelu", "gelu", "gelu_new"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    char *folder = folder_new();
    g_autofree char *config = config_for(names[i]);
    clip_fixture_write(folder, &(ClipFixture){.config = config, .prefix = "text_model."});
    expect_recorded(folder, names[i], 1e-5);
    folder_end(folder);
  }
}

/* The same numbers under other names and in other formats. */
static void test_layouts(void) {
  g_autofree char *config = config_for("gelu");
  const char *whole =
      "{\"model_type\":\"clip\",\"projection_dim\":12,\"text_config\":"
      "{\"hidden_act\":\"gelu\",\"num_attention_heads\":2}}";
  const char *forced =
      "{\"model_type\":\"clip\",\"text_config\":{\"num_attention_heads\":4},"
      "\"text_config_dict\":{\"hidden_act\":\"gelu\",\"num_attention_heads\":2,"
      "\"num_hidden_layers\":2}}";
  const char *open = "{\"model_cfg\":{\"embed_dim\":12,\"text_cfg\":{\"heads\":2,\"layers\":2}}}";
  const ClipFixture layouts[] = {{.config = config, .prefix = ""},
                                 {.config = whole, .prefix = "text_model."},
                                 {.config = forced, .prefix = "text_model."},
                                 {.config = open,
                                  .config_name = "open_clip_config.json",
                                  .open_clip = true,
                                  .weights_name = "open_clip_model.safetensors"}};
  for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
    char *folder = folder_new();
    clip_fixture_write(folder, &layouts[i]);
    expect_recorded(folder, "gelu", 1e-5);
    folder_end(folder);
  }
}

/* Weights of 16 bits are those rounded, so the answer is near, but not the same. */
static void test_half_precision(void) {
  g_autofree char *config = config_for("quick_gelu");
  const Dtype dtypes[] = {DTYPE_F16, DTYPE_BF16};
  const double within[] = {5e-3, 4e-2};
  for (size_t i = 0; i < 2; i++) {
    char *folder = folder_new();
    clip_fixture_write(folder, &(ClipFixture){.config = config, .prefix = "text_model.", .dtype = dtypes[i]});
    expect_recorded(folder, "quick_gelu", within[i]);
    folder_end(folder);
  }
}

/* A pipeline's text_encoder has no projection and its tokenizer beside it. */
static void test_pipeline(void) {
  char *folder = folder_new();
  g_autofree char *inner = g_build_filename(folder, "text_encoder", NULL);
  g_autofree char *tokenizer = g_build_filename(folder, "tokenizer", NULL);
  g_autofree char *config = config_for("quick_gelu");
  clip_fixture_write(tokenizer, &(ClipFixture){.prefix = ""});
  clip_fixture_write(
      inner, &(ClipFixture){.config = config, .prefix = "text_model.", .no_projection = true, .no_tokenizer = true});
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = open_at(folder, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(text_encoder_dim(e), ==, CLIP_FIXTURE_WIDTH);
  folder_end(folder);
}

/* Texts together give what they give alone, and prompts are averaged. */
static void test_many(void) {
  char *folder = folder_new();
  g_autofree char *config = config_for("quick_gelu");
  clip_fixture_write(folder, &(ClipFixture){.config = config, .prefix = "text_model."});
  g_autoptr(TextEncoder) e = open_at(folder, NULL);
  g_assert_cmpstr(text_encoder_prompts(e), ==, "photo");
  enum { N = 40 };
  g_autofree float *all = g_new(float, (N * CLIP_FIXTURE_DIM));
  const char *texts[N];
  bool known[N];
  for (int i = 0; i < N; i++) texts[i] = i % 3 == 0 ? "fox" : i % 3 == 1 ? LONG_TEXT : "";
  g_assert_true(text_encoder_encode_many(e, texts, N, all, known, NULL));
  float fox[CLIP_FIXTURE_DIM], x[CLIP_FIXTURE_DIM];
  g_assert_true(text_encoder_embed(e, "a photo of a fox", fox, NULL, NULL));
  double length = 0;
  for (int i = 0; i < CLIP_FIXTURE_DIM; i++) length += (double)fox[i] * (double)fox[i];
  for (int i = 0; i < CLIP_FIXTURE_DIM; i++) fox[i] /= (float)sqrt(length);
  for (int i = 0; i < N; i++) {
    g_assert_true(known[i]);
    g_assert_true(text_encoder_encode(e, texts[i], x, NULL, NULL));
    g_assert_cmpfloat(apart(all + i * CLIP_FIXTURE_DIM, x, CLIP_FIXTURE_DIM), <, 1e-5);
    if (i % 3 == 0) g_assert_cmpfloat(apart(x, fox, CLIP_FIXTURE_DIM), <, 1e-5);
  }
  g_autofree char *before = g_strdup(text_encoder_fingerprint(e));
  g_assert_true(text_encoder_set_prompts(e, "{}|a drawing of a {}", NULL));
  g_assert_cmpstr(before, !=, text_encoder_fingerprint(e));
  g_assert_false(text_encoder_set_prompts(e, "no slot", NULL));
  g_assert_false(text_encoder_set_prompts(e, "{} and {}", NULL));
  folder_end(folder);
}

static void expect_refused(const ClipFixture *fixture, const char *where, const char *words) {
  char *folder = folder_new();
  clip_fixture_write(folder, fixture);
  g_autoptr(GError) error = NULL;
  g_assert_null(open_at(folder, &error));
  g_assert_nonnull(error);
  if (!strstr(error->message, words) || !strstr(error->message, where))
    g_error("'%s' does not say '%s' and '%s'", error->message, where, words);
  g_assert_null(strchr(error->message, '\n'));
  folder_end(folder);
}

static void test_refused(void) {
  g_autofree char *good = config_for("gelu"), *strange = config_for("swish");
  const char *heads = "{\"model_type\":\"clip_text_model\",\"num_attention_heads\":3}";
  const char *deep =
      "{\"model_type\":\"clip_text_model\",\"num_attention_heads\":2,"
      "\"num_hidden_layers\":3}";
  const char *endless =
      "{\"model_type\":\"clip_text_model\",\"num_attention_heads\":2,"
      "\"num_hidden_layers\":1000000000000}";
  const char *bert = "{\"model_type\":\"bert\"}", *none = "{\"num_attention_heads\":0}";
  const char *uncounted = "{\"model_type\":\"clip_text_model\",\"num_attention_heads\":2}";
  const char *first = "text_model.encoder.layers.0.layer_norm1.weight";
  const char *fc1 = "text_model.encoder.layers.1.mlp.fc1.weight";
  const char *norm = "text_model.final_layer_norm.bias", *p = "text_model.";
  expect_refused(&(ClipFixture){.prefix = p}, "copse-clip-", "no config.json there, which a CLIP folder has");
  expect_refused(&(ClipFixture){.config = "[1", .prefix = p}, "config.json", "a JSON object is expected");
  expect_refused(&(ClipFixture){.config = strange, .prefix = p}, "config.json", "not 'swish'");
  expect_refused(&(ClipFixture){.config = bert, .prefix = p}, "config.json", "'bert'");
  expect_refused(&(ClipFixture){.config = none, .prefix = p}, "config.json", "num_attention_heads");
  expect_refused(&(ClipFixture){.config = endless, .prefix = p}, "config.json",
                 "num_hidden_layers must be a whole number from 1 to 1024");
  expect_refused(&(ClipFixture){.config = heads, .prefix = p}, "model.safetensors", "3 attention");
  expect_refused(&(ClipFixture){.config = deep, .prefix = p}, "model.safetensors",
                 "layers.2.layer_norm1.weight is missing: fetch the whole model");
  expect_refused(&(ClipFixture){.config = good, .prefix = p, .misshape = fc1}, "model.safetensors",
                 "layers.1.mlp.fc1.weight should be [64, 16] and is [63, 16]");
  expect_refused(&(ClipFixture){.config = good, .prefix = p, .leave_out = norm}, "model.safetensors",
                 "final_layer_norm.bias is missing");
  expect_refused(&(ClipFixture){.config = uncounted, .prefix = p, .leave_out = first}, "model.safetensors",
                 "layers.0.layer_norm1.weight is missing");
  expect_refused(&(ClipFixture){.config = good, .prefix = "other."}, "model.safetensors", "no CLIP text tower");
  expect_refused(&(ClipFixture){.config = good, .prefix = p, .no_tokenizer = true}, "copse-clip-",
                 "no tokenizer: vocab.json with merges.txt, or tokenizer.json, is expected there or in");
  expect_refused(&(ClipFixture){.config = good, .prefix = p, .weights_name = "other.bin"}, "copse-clip-",
                 "model.safetensors or pytorch_model.bin is expected");
  expect_refused(
      &(ClipFixture){.config = good, .prefix = p, .misshape = "text_model.embeddings.token_embedding.weight"},
      "model.safetensors", "should have 1214 rows");
}

/* The fixture's weight file cut to n bytes, or, when `fill`, its last n bytes made 0xff. */
static char *folder_damaged(size_t n, bool fill) {
  char *folder = folder_new();
  g_autofree char *config = config_for("gelu"), *bytes = NULL;
  clip_fixture_write(folder, &(ClipFixture){.config = config, .prefix = "text_model."});
  g_autofree char *path = g_build_filename(folder, "model.safetensors", NULL);
  gsize size;
  g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
  g_assert_cmpuint(n, <, size);
  if (fill) memset(bytes + size - n, 0xff, n);
  g_assert_true(g_file_set_contents(path, bytes, (gssize)(fill ? size : n), NULL));
  return folder;
}

/* A download cut short is refused at once; numbers that are none when they are asked for. */
static void test_damaged(void) {
  const size_t cuts[] = {0, 5, 1000, 30000};
  for (size_t i = 0; i < G_N_ELEMENTS(cuts); i++) {
    char *folder = folder_damaged(cuts[i], false);
    g_autoptr(GError) error = NULL;
    g_assert_null(open_at(folder, &error));
    g_assert_nonnull(strstr(error->message, "model.safetensors: "));
    folder_end(folder);
  }
  char *folder = folder_damaged(64, true);
  g_autoptr(TextEncoder) e = open_at(folder, NULL);
  g_autoptr(GError) error = NULL;
  float x[CLIP_FIXTURE_DIM];
  g_assert_nonnull(e);
  g_assert_false(text_encoder_encode(e, "fox", x, NULL, &error));
  g_assert_nonnull(strstr(error->message, "model.safetensors: the weights give NaN"));
  folder_end(folder);
}

/* A mapped file that shrinks under us is an error, not a signal. */
static void test_changed(void) {
  char *folder = folder_new();
  g_autofree char *config = config_for("gelu");
  clip_fixture_write(folder, &(ClipFixture){.config = config, .prefix = "text_model."});
  g_autoptr(TextEncoder) e = open_at(folder, NULL);
  g_autofree char *path = g_build_filename(folder, "model.safetensors", NULL);
  g_assert_cmpint(truncate(path, 100), ==, 0);
  float x[CLIP_FIXTURE_DIM];
  g_autoptr(GError) error = NULL;
  g_assert_false(text_encoder_embed(e, "fox", x, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_STATE);
  g_assert_nonnull(strstr(error->message, "model.safetensors: the file was changed while it was in use: start again"));
  folder_end(folder);
}

static void test_fingerprint(void) {
  char *a = folder_new(), *b = folder_new();
  g_autofree char *one = config_for("gelu"), *two = config_for("quick_gelu");
  clip_fixture_write(a, &(ClipFixture){.config = one, .prefix = "text_model."});
  clip_fixture_write(b, &(ClipFixture){.config = two, .prefix = "text_model."});
  g_autoptr(TextEncoder) x = open_at(a, NULL), y = open_at(b, NULL), z = open_at(a, NULL);
  g_assert_cmpstr(text_encoder_fingerprint(x), !=, text_encoder_fingerprint(y));
  g_assert_cmpstr(text_encoder_fingerprint(x), ==, text_encoder_fingerprint(z));
  folder_end(a);
  folder_end(b);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/clip/activations", test_activations);
  g_test_add_func("/clip/layouts", test_layouts);
  g_test_add_func("/clip/half-precision", test_half_precision);
  g_test_add_func("/clip/pipeline", test_pipeline);
  g_test_add_func("/clip/many", test_many);
  g_test_add_func("/clip/refused", test_refused);
  g_test_add_func("/clip/damaged", test_damaged);
  g_test_add_func("/clip/changed", test_changed);
  g_test_add_func("/clip/fingerprint", test_fingerprint);
  return g_test_run();
}
