/* SPDX-License-Identifier: Apache-2.0 */
/* CLIP's tokenizer on recorded ids. tests/fixtures/clip holds strings with their ids under a small
 * vocabulary made for the purpose and under the published one; the latter is tried when the
 * environment variable COPSE_CLIP_DIR names a folder with its vocab.json and merges.txt. */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "encoders/clip/clip_text.h"
#include "encoders/clip/clip_tokenizer.h"
#include "encoders/tokenizer_file.h"

static char *fixture(const char *name) {
  return g_build_filename(g_getenv("G_TEST_SRCDIR"), "fixtures", "clip", name, NULL);
}

static ClipTokenizer *open_small(void) {
  g_autofree char *folder = fixture("");
  g_autoptr(GError) error = NULL;
  ClipTokenizer *t = clip_tokenizer_open(folder, &error);
  g_assert_no_error(error);
  return t;
}

static char *ids_text(const ClipTokenizer *t, const char *text, size_t limit) {
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  clip_tokenizer_encode(t, text, limit, ids);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf(out, "%s%u", i ? " " : "", g_array_index(ids, uint32_t, i));
  return g_string_free(out, FALSE);
}

/* Compares every line with column `column`; returns how many there are. */
static unsigned expect_recorded(const ClipTokenizer *t, int column) {
  g_autofree char *path = fixture("tokens.tsv"), *bytes = NULL;
  g_assert_true(g_file_get_contents(path, &bytes, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(bytes, "\n", -1);
  unsigned n = 0;
  for (char **line = lines + 1; *line && **line; line++, n++) {
    g_auto(GStrv) columns = g_strsplit(*line, "\t", -1);
    g_assert_cmpuint(g_strv_length(columns), ==, 3);
    g_autofree char *text = g_strcompress(columns[0]);
    g_autofree char *ids = ids_text(t, text, CLIP_CONTEXT);
    if (strcmp(ids, columns[column]) != 0) g_test_message("line %u: '%s'", n + 2, columns[0]);
    g_assert_cmpstr(ids, ==, columns[column]);
  }
  return n;
}

static void test_small(void) {
  g_autoptr(ClipTokenizer) t = open_small();
  g_assert_cmpuint(expect_recorded(t, 1), >=, 200);
}

static void test_published(void) {
  const char *folder = g_getenv("COPSE_CLIP_DIR");
  if (!folder) {
    g_test_skip("COPSE_CLIP_DIR names no folder with CLIP's vocab.json and merges.txt");
    return;
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(ClipTokenizer) t = clip_tokenizer_open(folder, &error);
  g_assert_no_error(error);
  g_autofree char *fox = ids_text(t, "a photo of a fox", CLIP_CONTEXT);
  g_assert_cmpstr(fox, ==, "49406 320 1125 539 320 3240 49407");
  g_assert_cmpuint(expect_recorded(t, 2), >=, 200);
}

/* One tokenizer in both spellings of tokenizer.json, and in two files, gives the same ids. */
static char *as_tokenizer_json(bool paired) {
  g_autofree char *vocab_path = fixture("vocab.json"), *merges_path = fixture("merges.txt");
  g_autofree char *vocab = NULL, *merges = NULL;
  g_assert_true(g_file_get_contents(vocab_path, &vocab, NULL, NULL));
  g_assert_true(g_file_get_contents(merges_path, &merges, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(merges, "\n", -1);
  GString *s = g_string_new(
      "{\"added_tokens\":[{\"id\":1213,\"content\":\"<|endoftext|>\"}],"
      "\"model\":{\"merges\":[");
  for (char **line = lines + 1; *line && **line; line++) {
    g_auto(GStrv) parts = g_strsplit(*line, " ", 2);
    g_autoptr(GString) left = g_string_new(parts[0]), right = g_string_new(parts[1]);
    GString *const both[] = {left, right};
    for (int i = 0; i < 2; i++) {
      g_string_replace(both[i], "\\", "\\\\", 0);
      g_string_replace(both[i], "\"", "\\\"", 0);
    }
    g_string_append_printf(s, paired ? "%s[\"%s\",\"%s\"]" : "%s\"%s %s\"", line > lines + 1 ? "," : "", left->str,
                           right->str);
  }
  g_string_append_printf(s, "],\"vocab\":%s,\"end_of_word_suffix\":\"</w>\"}}", vocab);
  return g_string_free(s, FALSE);
}

static void test_tokenizer_json(void) {
  g_autoptr(ClipTokenizer) two = open_small();
  for (int paired = 0; paired < 2; paired++) {
    g_autofree char *json = as_tokenizer_json(paired);
    g_autoptr(GError) error = NULL;
    g_autoptr(ClipTokenizer) t = clip_tokenizer_parse(json, strlen(json), NULL, 0, "t", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(clip_tokenizer_hash(t), ==, clip_tokenizer_hash(two));
    expect_recorded(t, 1);
  }
}

static void expect_refused(const char *vocabulary, const char *merges, const char *words) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ClipTokenizer) t =
      clip_tokenizer_parse(vocabulary, strlen(vocabulary), merges, merges ? strlen(merges) : 0, "here", &error);
  g_assert_null(t);
  g_assert_nonnull(error);
  if (!strstr(error->message, words) || !g_str_has_prefix(error->message, "here"))
    g_error("'%s' does not say '%s'", error->message, words);
}

static void test_refused(void) {
  g_autofree char *vocab_path = fixture("vocab.json"), *vocab = NULL;
  g_assert_true(g_file_get_contents(vocab_path, &vocab, NULL, NULL));
  expect_refused("[]", "", "an object is expected");
  expect_refused("{\"a\":1} x", "", "text after the object");
  expect_refused("{\"a\":4294967296}", "", "a token's id is too large");
  expect_refused("{\"a\":-1}", "", "whole number");
  expect_refused("{\"a\":1}", "", "no symbol for byte 0x00");
  expect_refused(vocab, "#version: 0.2\nqqq qqq\n", "line 2");
  expect_refused(vocab, "nospace", "line 1");
  expect_refused("{}", NULL, "no 'model'");
  expect_refused("{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}", NULL, "type BPE is expected");
  expect_refused("{\"model\":{\"merges\":[\"ab\"]}}", NULL, "a merge without two parts");
  expect_refused("{\"model\":{\"merges\":[[\"a\",\"b\",\"c\"]]}}", NULL, "a merge of more than two parts");
  g_autoptr(GError) error = NULL;
  g_assert_null(clip_tokenizer_open("/nonexistent", &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_assert_nonnull(
      strstr(error->message, "no tokenizer: vocab.json with merges.txt, or tokenizer.json, is expected there or in"));
}

/* A file that says which symbols a byte lacks at the end of a word, and one without specials. */
static void test_specials_are_needed(void) {
  g_autofree char *vocab_path = fixture("vocab.json"), *vocab = NULL;
  g_assert_true(g_file_get_contents(vocab_path, &vocab, NULL, NULL));
  char *end = strstr(vocab, "<|endoftext|>");
  g_assert_nonnull(end);
  end[2] = 'x';
  expect_refused(vocab, "", "<|endoftext|>");
}

/* The end is kept when a text is cut, whatever the limit. */
static void test_limits(void) {
  g_autoptr(ClipTokenizer) t = open_small();
  for (size_t limit = 2; limit < 12; limit++) {
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    clip_tokenizer_encode(t, "one two three four five six seven eight", limit, ids);
    g_assert_cmpuint(ids->len, ==, limit);
    g_assert_cmpuint(g_array_index(ids, uint32_t, limit - 1), ==, clip_tokenizer_end(t));
  }
}

/* A long word takes n log n steps: a second of time is far more than it needs. */
static void test_long_word(void) {
  g_autoptr(ClipTokenizer) t = open_small();
  g_autofree char *word = g_malloc(1000001);
  for (int i = 0; i < 1000000; i++) word[i] = "thein"[i % 5];
  word[1000000] = '\0';
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  gint64 start = g_get_monotonic_time();
  clip_tokenizer_encode(t, word, CLIP_CONTEXT, ids);
  g_assert_cmpuint(ids->len, ==, CLIP_CONTEXT);
  g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
}

static void test_show(void) {
  g_autoptr(ClipTokenizer) t = open_small();
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  clip_tokenizer_encode(t, "caf\xc3\xa9 fox", CLIP_CONTEXT, ids);
  g_autoptr(GString) all = g_string_new(NULL);
  for (guint i = 1; i + 1 < ids->len; i++) {
    g_autofree SafeText *shown = clip_tokenizer_show(t, g_array_index(ids, uint32_t, i));
    g_assert_true(text_is_safe(shown, -1));
    g_string_append(all, shown);
  }
  g_assert_nonnull(strstr(all->str, "fox</w>"));
  g_assert_true(g_str_has_prefix(all->str, "caf"));
}

static void test_clean(void) {
  g_autofree char *a = clip_text_clean("  E\xcc\x81\t\n\xe2\x80\x83X\xff", -1);
  g_assert_cmpstr(a, ==, " \xc3\xa9 x\xef\xbf\xbd");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tokenizer/small", test_small);
  g_test_add_func("/tokenizer/published", test_published);
  g_test_add_func("/tokenizer/tokenizer-json", test_tokenizer_json);
  g_test_add_func("/tokenizer/refused", test_refused);
  g_test_add_func("/tokenizer/specials", test_specials_are_needed);
  g_test_add_func("/tokenizer/limits", test_limits);
  g_test_add_func("/tokenizer/long-word", test_long_word);
  g_test_add_func("/tokenizer/show", test_show);
  g_test_add_func("/tokenizer/clean", test_clean);
  return g_test_run();
}
