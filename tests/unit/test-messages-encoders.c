/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of text encoders that cannot be opened: the words, and the file. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "core/files.h"
#include "encoders/encoder.h"
#include "tests/unit/clip_fixture.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_open.h"

static void put(const char *folder, const char *name, const char *text) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* The folder, or the file in it, does not open as that kind of encoder; the words, and its path, are in the message. */
static void refused(const char *kind, const char *folder, const char *name, const char *words) {
  g_autofree char *path = g_build_filename(folder, name, NULL), *description = g_strconcat(kind, ":", path, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = text_encoder_open(description, &error);
  if (e) g_test_fail_printf("%s opens, instead of: %s", kind, words);
  else if (!strstr(error->message, words)) g_test_fail_printf("\"%s\" lacks \"%s\"", error->message, words);
  else if (!g_str_has_prefix(error->message, folder)) g_test_fail_printf("\"%s\" lacks the file", error->message);
}

/* --- CLIP ------------------------------------------------------------------------------------- */

#define CONFIG(fields) "{\"model_type\":\"clip_text_model\",\"num_attention_heads\":2" fields "}"
#define OPEN_CLIP(fields) "{\"model_cfg\":{\"text_cfg\":{" fields "}}}"

/* A folder that is as it should be but for one file. */
static void test_clip(void) {
  static const struct {
    const char *file, *text, *words;
  } bad[] = {
      {"config.json", CONFIG(",\"hidden_act\":\"swish\""),
       "config.json: hidden_act must be quick_gelu, gelu, gelu_new or gelu_pytorch_tanh, not 'swish'"},
      {"config.json", CONFIG(",\"layer_norm_eps\":2"), "layer_norm_eps must lie between 0 and 1"},
      {"config.json", "{\"model_type\":\"bert\"}",
       "a CLIP text model is expected (model_type clip or clip_text_model), and this is 'bert'"},
      {"config.json", OPEN_CLIP("\"hf_model_name\":\"x\""), "the text tower is no CLIP but 'x'"},
      {"config.json", OPEN_CLIP("\"no_causal_mask\":true"), "the text tower is not causal: 'no_causal_mask'"},
      {"config.json", OPEN_CLIP("\"pool_type\":\"last\""), "pool_type must be argmax, not 'last'"},
      {"config.json", "{\"model_type\":\"clip_text_model\",\"num_attention_heads\":3}",
       "width 16 cannot be cut into 3 attention heads, as the configuration says"},
      {"added_tokens.json", "{", "added_tokens.json: this is no JSON"},
      {"added_tokens.json", "[]", "an object of tokens and ids is expected"},
      {"added_tokens.json", "{\"a\":\"b\"}", "an added token whose id is none"},
      {"tokenizer_config.json", "{\"added_tokens_decoder\":{\"9\":{}}}", "an added token without content or id"},
      {"vocab.json", "{\"a\":1} x", "vocab.json at byte 8: text after the object"},
      {"merges.txt", "#version: 0.2\nq zz\n",
       "merges.txt: line 2 is no merge of two tokens into one that the vocabulary has"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL);
    clip_fixture_write(folder, &(ClipFixture){.config = CONFIG(""), .prefix = "text_model."});
    put(folder, bad[i].file, bad[i].text);
    refused("clip", folder, "", bad[i].words);
    g_assert_true(dir_remove(folder, NULL));
  }
}

/* The same with a part of the weights' header that is another of the same length. */
static void test_clip_weights(void) {
  static const struct {
    const char *from, *to, *words;
  } bad[] = {{"[1214,16]", "[19424  ]", "token_embedding.weight should be a matrix and is [19424]"},
             {"\"F32\"", "\"I32\"", " is I32; F32, F16 or BF16 is expected"}};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL), *bytes = NULL;
    g_autofree char *path = g_build_filename(folder, "model.safetensors", NULL);
    gsize n, k = strlen(bad[i].from);
    clip_fixture_write(folder, &(ClipFixture){.config = CONFIG(""), .prefix = "text_model."});
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    for (char *at = bytes; (at = memmem(at, n - (gsize)(at - bytes), bad[i].from, k)); at += k)
      memcpy(at, bad[i].to, k);
    g_assert_true(g_file_set_contents(path, bytes, (gssize)n, NULL));
    refused("clip", folder, "", bad[i].words);
    g_assert_true(dir_remove(folder, NULL));
  }
  g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL);
  const char *table = "text_model.embeddings.token_embedding.weight";
  clip_fixture_write(folder, &(ClipFixture){.config = CONFIG(""), .prefix = "text_model.", .misshape = table});
  refused("clip", folder, "", "the token table should have 1214 rows, one a token of the vocabulary, and has 1213");
  g_assert_true(dir_remove(folder, NULL));
}

/* The same weights with one position. */
static void test_clip_positions(void) {
  enum { MOST = 64 };
  g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "model.safetensors", NULL);
  float *numbers[MOST] = {NULL};
  TensorOut out[MOST];
  clip_fixture_write(folder, &(ClipFixture){.config = CONFIG(""), .prefix = "text_model."});
  WeightFile *f = weight_file_open(path, NULL);
  const size_t n = weight_file_count(f);
  g_assert_cmpuint(n, <=, MOST);
  for (size_t i = 0; i < n; i++) {
    const TensorInfo *t = weight_file_info(f, i);
    numbers[i] = g_new(float, t->count);
    g_assert_true(weight_file_read_f32(f, i, 0, t->count, numbers[i], NULL));
    out[i] = (TensorOut){t->name, DTYPE_F32, t->rank, {t->shape[0], t->shape[1]}, numbers[i]};
    if (strstr(t->name, "position_embedding")) out[i].shape[0] = 1;
  }
  g_autofree char *other = g_build_filename(folder, "other", NULL);
  g_assert_true(safetensors_write(other, out, n, NULL, NULL));
  weight_file_free(f);
  g_assert_cmpint(g_rename(other, path), ==, 0);
  refused("clip", folder, "", "at least 2 positions are needed, and its table has fewer: damaged? fetch it again");
  for (size_t i = 0; i < n; i++) g_free(numbers[i]);
  g_assert_true(dir_remove(folder, NULL));
}

/* --- tables of tokens ------------------------------------------------------------------------- */

/* A tokenizer of byte pairs with a symbol for each byte, and these fields in its model. */
static char *byte_pairs(const char *fields) {
  GString *s = g_string_new("{\"model\":{\"type\":\"BPE\",");
  gunichar far = 0x100;
  g_string_append_printf(s, "%s,\"vocab\":{", fields);
  for (unsigned byte = 0; byte < 256; byte++) {
    bool shown = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
    char c[8] = "";
    c[g_unichar_to_utf8(shown ? byte : far++, c)] = '\0';
    g_string_append_printf(s, "%s\"%s%s\":%u", byte ? "," : "", byte == '"' || byte == '\\' ? "\\" : "", c, byte);
  }
  g_string_append(s, "}}}");
  return g_string_free(s, FALSE);
}

static void test_tokens(void) {
  g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL),
                  *path = g_build_filename(folder, "model.safetensors", NULL);
  static const float rows[] = {1, 2, NAN, 4};
  const TensorOut nan[] = {{"embeddings", DTYPE_F32, 2, {2, 2}, rows}, {"weights", DTYPE_F32, 1, {2}, rows + 1}};
  const TensorOut wide[] = {{"embeddings", DTYPE_F32, 2, {1, 2}, rows}, {"weights", DTYPE_F32, 2, {1, 2}, rows}};
  g_autofree char *ends = byte_pairs("\"end_of_word_suffix\":\"</w>\""), *merges = byte_pairs("\"merges\":[\"q zz\"]");
  g_autofree char *prefix = g_strnfill(65, '#');
  g_autofree char *pieces = g_strdup_printf(
      "{\"model\":{\"type\":\"WordPiece\",\"continuing_subword_prefix\":\"%s\",\"vocab\":{\"a\":0}}}", prefix);
  const struct {
    const char *text, *words;
  } bad[] = {{ends, "no symbol for byte 0x00 at a word's end, which byte-pair encoding needs"},
             {merges, "merge 1 is of tokens that the vocabulary lacks"},
             {pieces, "a prefix of 65 bytes inside words; 64 are taken"},
             {"{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}",
              "a tokenizer of type WordPiece or BPE is expected, and this is 'Unigram'"},
             {"{\"added_tokens\":[{\"id\":1}]}", "an added token without content or id"},
             {"{\"added_tokens\":[]}", "there is no 'model'"}};
  g_assert_true(safetensors_write(path, wide, 1, NULL, NULL));
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    put(folder, "tokenizer.json", bad[i].text);
    refused("model2vec", folder, "", bad[i].words);
  }
  put(folder, "tokenizer.json", "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0,\"b\":1}}}");
  g_assert_true(safetensors_write(path, nan, 2, NULL, NULL));
  refused("model2vec", folder, "", "tensor weights holds what is no number, at 1");
  g_assert_true(safetensors_write(path, wide, 2, NULL, NULL));
  refused("model2vec", folder, "", "tensor weights should be one number a token");
  g_assert_true(safetensors_write(path, NULL, 0, NULL, NULL));
  refused("table", folder, "model.safetensors", "no vectors by name, nor 'embeddings'");
  g_assert_true(dir_remove(folder, NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/messages/clip/files", test_clip);
  g_test_add_func("/messages/clip/weights", test_clip_weights);
  g_test_add_func("/messages/clip/positions", test_clip_positions);
  g_test_add_func("/messages/tokens", test_tokens);
  return g_test_run();
}
