/* SPDX-License-Identifier: Apache-2.0 */
/* Encoders that look vectors up: model2vec's tables, word vectors as text, tables of texts. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "encoders/encoder.h"
#include "weights/formats/safetensors.h"

typedef struct {
  char *folder;
} Place;

static void place_begin(Place *p, gconstpointer unused) {
  (void)unused;
  p->folder = g_dir_make_tmp("copse-encoders-XXXXXX", NULL);
  g_assert_nonnull(p->folder);
}

static void place_end(Place *p, gconstpointer unused) {
  (void)unused;
  dir_remove(p->folder, NULL);
  g_free(p->folder);
}

static void write_text(const Place *p, const char *name, const char *text) {
  g_autofree char *path = g_build_filename(p->folder, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void write_tensors(const Place *p, const char *name, const TensorOut *tensors, size_t n,
                          const char *const *metadata) {
  g_autofree char *path = g_build_filename(p->folder, name, NULL);
  g_autoptr(GError) error = NULL;
  safetensors_write(path, tensors, n, metadata, &error);
  g_assert_no_error(error);
}

static TextEncoder *open_kind(const Place *p, const char *kind, const char *name, GError **error) {
  g_autofree char *path = g_build_filename(p->folder, name, NULL);
  g_autofree char *description = g_strconcat(kind, ":", path, NULL);
  return text_encoder_open(description, error);
}

static void expect_refused(const Place *p, const char *kind, const char *name, const char *words) {
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = open_kind(p, kind, name, &error);
  g_assert_null(e);
  g_assert_nonnull(error);
  if (!strstr(error->message, words)) g_error("'%s' does not say '%s'", error->message, words);
}

static void expect_vector(TextEncoder *e, const char *text, const float *wanted) {
  g_autofree float *x = g_new(float, text_encoder_dim(e));
  g_autoptr(GError) error = NULL;
  text_encoder_embed(e, text, x, NULL, &error);
  g_assert_no_error(error);
  for (size_t i = 0; i < text_encoder_dim(e); i++)
    if (fabsf(x[i] - wanted[i]) > 1e-5f)
      g_error("'%s': number %zu is %g, not %g", text, i, (double)x[i], (double)wanted[i]);
}

static char *ids_of(TextEncoder *e, const char *text) {
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  g_assert_true(text_encoder_tokens(e, text, ids, NULL, NULL));
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf(out, "%s%u", i ? " " : "", g_array_index(ids, uint32_t, i));
  return g_string_free(out, FALSE);
}

static void expect_ids(TextEncoder *e, const char *text, const char *wanted) {
  g_autofree char *ids = ids_of(e, text);
  g_assert_cmpstr(ids, ==, wanted);
}

/* --- model2vec ---------------------------------------------------------------------------------- */

static const char word_piece[] =
    "{\"normalizer\":{\"type\":\"BertNormalizer\",\"lowercase\":true,\"strip_accents\":null},"
    "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"model\":{\"type\":\"WordPiece\","
    "\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\",\"vocab\":{\"[UNK]\":0,"
    "\"fox\":1,\"red\":2,\"##es\":3,\",\":4,\"cafe\":5,\"\xe7\x8b\x90\":6,\"foxe\":7}}}";

static const float rows[] = {9, 9, 1, 0, 0, 1, 2, 2, 0, 4, 3, 0, 0, 5, 1, 1};

static void write_word_piece(const Place *p) {
  const TensorOut t = {"embeddings", DTYPE_F32, 2, {8, 2}, rows};
  write_text(p, "tokenizer.json", word_piece);
  write_text(p, "config.json", "{\"normalize\":false}");
  write_tensors(p, "model.safetensors", &t, 1, NULL);
}

static void test_word_piece(Place *p, gconstpointer unused) {
  (void)unused;
  write_word_piece(p);
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = open_kind(p, "model2vec", "", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(text_encoder_dim(e), ==, 2);
  expect_ids(e, "Red FOX", "2 1");
  expect_ids(e, "redes,caf\xc3\xa9", "2 3 4 5");
  expect_ids(e, "red\xe7\x8b\x90red", "2 6 2");
  expect_ids(e, "foxes", ""); /* the longest piece is foxe, and what is left is no piece */
  expect_ids(e, "a\xc2\xa0red", "2");
  expect_vector(e, "red fox", (const float[]){0.5f, 0.5f});
  expect_vector(e, "redes", (const float[]){1, 1.5f});
  g_auto(GStrv) unknown = NULL;
  float x[2];
  g_assert_true(text_encoder_encode(e, "red zebra", x, &unknown, NULL));
  g_assert_cmpstr(unknown[0], ==, "zebra");
  g_assert_false(text_encoder_encode(e, "zebra", x, NULL, NULL));
}

/* Rows by way of a mapping, weighted, and brought to length 1. */
static void test_mapping(Place *p, gconstpointer unused) {
  (void)unused;
  const float table[] = {3, 0, 0, 2}, weights[] = {1, 1, 2, 1, 1, 1, 1, 1};
  const float mapping[] = {0, 0, 1, 1, 0, 0, 0, 0};
  const TensorOut t[] = {{"embeddings", DTYPE_F16, 2, {2, 2}, table},
                         {"weights", DTYPE_F32, 1, {8}, weights},
                         {"mapping", DTYPE_F32, 1, {8}, mapping}};
  write_text(p, "tokenizer.json", word_piece);
  write_tensors(p, "model.safetensors", t, 3, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = open_kind(p, "model2vec", "", &error);
  g_assert_no_error(error);
  expect_vector(e, "fox red", (const float[]){0.6f, 0.8f});
  g_autoptr(GArray) near = text_encoder_nearest(e, "fox", NULL, 3, NULL);
  g_assert_cmpuint(near->len, ==, 3);
  g_assert_cmpfloat(g_array_index(near, NearWord, 0).cosine, >, 0.999);
}

static void test_byte_pairs(Place *p, gconstpointer unused) {
  (void)unused;
  g_autoptr(GString) s = g_string_new(
      "{\"pre_tokenizer\":{\"type\":\"ByteLevel\","
      "\"add_prefix_space\":true},\"model\":{\"type\":\"BPE\","
      "\"merges\":[\"f o\",\"fo x\",\"\xc4\xa0 fox\"],\"vocab\":{");
  gunichar far = 0x100;
  for (unsigned byte = 0; byte < 256; byte++) {
    bool shown = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
    char c[8] = "";
    c[g_unichar_to_utf8(shown ? byte : far++, c)] = '\0';
    g_string_append_printf(s, "\"%s%s\":%u,", byte == '"' || byte == '\\' ? "\\" : "", c, byte);
  }
  g_string_append(s,
                  "\"fo\":256,\"fox\":257,\"\xc4\xa0"
                  "fox\":258}}}");
  g_autofree float *table = g_new0(float, 259 * 2);
  for (int i = 0; i < 259; i++) table[2 * i] = 1, table[2 * i + 1] = (float)i;
  const TensorOut t = {"embeddings", DTYPE_F32, 2, {259, 2}, table};
  write_text(p, "tokenizer.json", s->str);
  write_tensors(p, "model.safetensors", &t, 1, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = open_kind(p, "model2vec", "", &error);
  g_assert_no_error(error);
  expect_ids(e, "fox", "258");
  expect_ids(e, "fox fox's", "258 258 39 115");
  expect_ids(e, "fox  fox12", "258 32 258 49 50");
  expect_ids(e, "(fox", "32 40 257");
}

static void test_model2vec_refused(Place *p, gconstpointer unused) {
  (void)unused;
  write_word_piece(p);
  const TensorOut few = {"embeddings", DTYPE_F32, 2, {4, 2}, rows};
  write_tensors(p, "model.safetensors", &few, 1, NULL);
  expect_refused(p, "model2vec", "", "do not cover the 8 tokens");
  const float far[] = {0, 0, 0, 99, 0, 0, 0, 0};
  const TensorOut mapped[] = {few, {"mapping", DTYPE_F32, 1, {8}, far}};
  write_tensors(p, "model.safetensors", mapped, 2, NULL);
  expect_refused(p, "model2vec", "", "embeddings, weights and mapping do not cover the");
  const TensorOut other = {"other", DTYPE_F32, 2, {4, 2}, rows};
  write_tensors(p, "model.safetensors", &other, 1, NULL);
  expect_refused(p, "model2vec", "", "a matrix 'embeddings' of one row a token is expected");
  write_text(p, "tokenizer.json", "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1]]}}");
  expect_refused(p, "model2vec", "", "this is 'Unigram'");
  expect_refused(p, "model2vec", "nowhere", "tokenizer.json");
}

/* --- word vectors as text ----------------------------------------------------------------------- */

static void test_glove(Place *p, gconstpointer unused) {
  (void)unused;
  write_text(p, "v.txt", "the 1 1 1\nfox 0 2 0\nred 0 0 -3.5e0\nice cream 1 0 0\nFox 9 9 9\n");
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = open_kind(p, "glove", "v.txt", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(text_encoder_dim(e), ==, 3);
  expect_vector(e, "Fox", (const float[]){0, 1, 0});
  expect_vector(e, "foxes", (const float[]){0, 1, 0}); /* the singular stands in */
  expect_vector(e, "ice cream", (const float[]){1, 0, 0});
  float x[3];
  g_auto(GStrv) unknown = NULL;
  g_assert_true(text_encoder_encode(e, "a red, zebra", x, &unknown, NULL));
  g_assert_cmpfloat((double)x[2], ==, -1);
  g_assert_cmpstr(unknown[0], ==, "zebra");
  write_text(p, "w.txt", "2 3\nfox 0 2 0\nred 0 0 1\n");
  g_autoptr(TextEncoder) w = open_kind(p, "glove", "w.txt", &error);
  g_assert_no_error(error);
  expect_vector(w, "red", (const float[]){0, 0, 1});
  g_assert_cmpstr(text_encoder_fingerprint(e), !=, text_encoder_fingerprint(w));
}

static void test_glove_refused(Place *p, gconstpointer unused) {
  (void)unused;
  write_text(p, "a.txt", "fox 1 2 3\nred 1 x 3\n");
  expect_refused(p, "glove", "a.txt", "line 2: a word with 3 numbers");
  write_text(p, "b.txt", "fox 1 2 3\nred 1 2\n");
  expect_refused(p, "glove", "b.txt", "line 2");
  write_text(p, "c.txt", "fox 1 nan 3\nred 1 2 3\n");
  expect_refused(p, "glove", "c.txt", "line 1");
  write_text(p, "d.txt", "");
  expect_refused(p, "glove", "d.txt", "line 0");
  expect_refused(p, "glove", "nowhere", "No such file");
  expect_refused(p, "glove", "", "not a regular file");
}

/* --- tables ------------------------------------------------------------------------------------- */

static void check_table(TextEncoder *e) {
  expect_vector(e, "a red fox", (const float[]){1, 2});
  expect_vector(e, " A  Red FOX ", (const float[]){1, 2});
  float x[2];
  g_auto(GStrv) unknown = NULL, far = NULL;
  g_assert_true(text_encoder_encode(e, "blue owls", x, &unknown, NULL));
  g_assert_cmpstr(unknown[0], ==, "blue owls (taken for 'blue owl')");
  g_assert_cmpfloat(fabs((double)x[0] - 0.6), <, 1e-6);
  g_assert_true(text_encoder_encode(e, "owl", x, NULL, NULL)); /* stands in a name */
  g_assert_false(text_encoder_encode(e, "xyzzy", x, &far, NULL));
  g_assert_cmpstr(far[0], ==, "xyzzy");
}

static void test_table(Place *p, gconstpointer unused) {
  (void)unused;
  const float both[] = {1, 2, 3, 4};
  const char *const metadata[] = {"names", "[\"a red fox\",\"blue owl\"]", NULL};
  const TensorOut matrix = {"embeddings", DTYPE_F32, 2, {2, 2}, both};
  const TensorOut named[] = {{"a red fox", DTYPE_F32, 1, {2}, both}, {"blue owl", DTYPE_F32, 2, {1, 2}, both + 2}};
  write_tensors(p, "m.safetensors", &matrix, 1, metadata);
  write_tensors(p, "n.safetensors", named, 2, NULL);
  static const char *const names[] = {"m.safetensors", "n.safetensors"};
  for (int i = 0; i < 2; i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(TextEncoder) e = open_kind(p, "table", names[i], &error);
    g_assert_no_error(error);
    check_table(e);
  }
}

static void test_table_refused(Place *p, gconstpointer unused) {
  (void)unused;
  const float both[] = {1, 2, 3, 4, 5, 6};
  const char *const one[] = {"names", "[\"a red fox\"]", NULL};
  const char *const number[] = {"names", "[\"a\",7]", NULL};
  const TensorOut matrix = {"embeddings", DTYPE_F32, 2, {2, 2}, both};
  const TensorOut uneven[] = {{"a", DTYPE_F32, 1, {2}, both}, {"b", DTYPE_F32, 1, {3}, both}};
  write_tensors(p, "m.safetensors", &matrix, 1, one);
  expect_refused(p, "table", "m.safetensors",
                 "the metadata 'names' must be a JSON list with one name a row of embeddings");
  write_tensors(p, "m.safetensors", &matrix, 1, number);
  expect_refused(p, "table", "m.safetensors", "the metadata 'names' holds what is no string");
  write_tensors(p, "m.safetensors", &matrix, 1, NULL);
  expect_refused(p, "table", "m.safetensors",
                 "the metadata 'names' must be a JSON list with one name a row of embeddings");
  write_tensors(p, "m.safetensors", uneven, 2, NULL);
  expect_refused(p, "table", "m.safetensors", "every tensor must be one vector of the same length, named by its text");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/encoders/" name, Place, NULL, place_begin, test, place_end)
  ADD("word-piece", test_word_piece);
  ADD("mapping", test_mapping);
  ADD("byte-pairs", test_byte_pairs);
  ADD("model2vec-refused", test_model2vec_refused);
  ADD("glove", test_glove);
  ADD("glove-refused", test_glove_refused);
  ADD("table", test_table);
  ADD("table-refused", test_table_refused);
  return g_test_run();
}
