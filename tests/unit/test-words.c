/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "encoders/concept_list.h"
#include "encoders/encoder.h"

static double similar(TextEncoder *e, const char *a, const char *b) {
  g_autofree float *x = g_new(float, text_encoder_dim(e)), *y = g_new(float, text_encoder_dim(e));
  g_assert_true(text_encoder_encode(e, a, x, NULL, NULL));
  g_assert_true(text_encoder_encode(e, b, y, NULL, NULL));
  return (double)dot(x, y, text_encoder_dim(e));
}

static void test_meaning(void) {
  g_autoptr(TextEncoder) e = text_encoder_open("words", NULL);
  g_assert_nonnull(e);
  g_assert_cmpuint(text_encoder_dim(e), ==, 100);
  g_assert_cmpfloat(similar(e, "king", "queen"), >, similar(e, "king", "carrot") + 0.3);
  g_assert_cmpfloat(similar(e, "a red star", "the RED star"), >, 0.95);
  g_assert_cmpfloat(fabs(similar(e, "red", "red") - 1), <, 1e-5);
  /* Small words count for little. */
  g_assert_cmpfloat(similar(e, "the fox of the wood", "fox wood"), >, 0.9);
}

static void test_unknown(void) {
  g_autoptr(TextEncoder) e = text_encoder_open("words", NULL);
  float x[100];
  g_auto(GStrv) unknown = NULL;
  g_autoptr(GError) error = NULL;
  g_assert_true(text_encoder_encode(e, "a blorgx fox-zzqy", x, &unknown, &error));
  g_assert_cmpuint(g_strv_length(unknown), ==, 2);
  g_assert_cmpstr(unknown[0], ==, "blorgx");
  g_assert_cmpstr(unknown[1], ==, "zzqy");
  g_assert_false(text_encoder_encode(e, "blorgx \xff 123", x, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_assert_true(x[0] == 0);
  g_clear_error(&error);
  g_assert_false(text_encoder_encode(e, "", x, NULL, &error));
  g_clear_error(&error);
  g_assert_null(text_encoder_open("nonsense", &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
}

/* A word without a vector is read as its relatives, and that is said. */
static void test_relatives(void) {
  g_autoptr(TextEncoder) e = text_encoder_open("words", NULL);
  float x[100];
  g_auto(GStrv) unknown = NULL;
  g_assert_true(text_encoder_encode(e, "a blorgx dugong", x, &unknown, NULL));
  g_assert_cmpuint(g_strv_length(unknown), ==, 2);
  g_assert_true(g_str_has_prefix(unknown[1], "dugong ("));
  g_autofree char *said = text_encoder_unknown_text(unknown);
  g_assert_true(g_str_has_prefix(said, "unknown words, left out: blorgx; read as others: dugong ("));
  g_assert_null(text_encoder_unknown_text(NULL));
  g_assert_cmpfloat(similar(e, "platypus", "mammal"), >, similar(e, "platypus", "parliament") + 0.3);
}

/* What WordNet has taught the vectors. */
static void test_neighbours(void) {
  g_autoptr(TextEncoder) e = text_encoder_open("words", NULL);
  g_assert_cmpfloat(similar(e, "fox", "wolf"), >, similar(e, "fox", "nbc"));
  g_assert_cmpfloat(similar(e, "tiger", "lion"), >, similar(e, "tiger", "golf"));
  g_assert_cmpfloat(similar(e, "apple", "pear"), >, similar(e, "apple", "software"));
}

/* Words that are not in the list, and neighbours that are one word there. */
static void test_stand_ins(void) {
  g_autoptr(TextEncoder) e = text_encoder_open("words", NULL);
  static const char *const same[][2] = {{"hip hop", "hip-hop"},
                                        {"sun flower", "sunflower"},
                                        {"chartreuses", "chartreuse"},
                                        {"the fox's den", "the fox den"},
                                        {"octagon-paisley", "octagon paisley"},
                                        {"bullfrog", "bull frog"},
                                        {"Birdhouses", "bird houses"}};
  for (size_t i = 0; i < G_N_ELEMENTS(same); i++)
    if (similar(e, same[i][0], same[i][1]) < 0.999)
      g_error("'%s' and '%s': %g", same[i][0], same[i][1], similar(e, same[i][0], same[i][1]));
  /* What is no word, and is made of none, stays unknown; so does what begins with a small word. */
  float x[100];
  static const char *const unknown[] = {"blorgxstar", "thezzqyfox", "asdfqwer"};
  for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) g_assert_false(text_encoder_encode(e, unknown[i], x, NULL, NULL));
  /* Words that every sentence has never join: this is no washer. */
  g_assert_cmpfloat(similar(e, "it was her", "it her was"), >, 0.999);
}

typedef struct {
  double judged, cosine;
} Pair;

/* The rank of pair i by either figure; equal ones share theirs. */
static double rank_of(const GArray *pairs, guint i, bool judged) {
  double rank = 0, mine = judged ? g_array_index(pairs, Pair, i).judged : g_array_index(pairs, Pair, i).cosine;
  for (guint j = 0; j < pairs->len; j++) {
    const Pair *p = &g_array_index(pairs, Pair, j);
    double other = judged ? p->judged : p->cosine;
    rank += other < mine ? 1 : other == mine ? 0.5 : 0;
  }
  return rank;
}

/* Spearman's correlation of the two figures. */
static double rank_correlation(const GArray *pairs) {
  double x2 = 0, y2 = 0, xy = 0, middle = pairs->len / 2.0;
  for (guint i = 0; i < pairs->len; i++) {
    double x = rank_of(pairs, i, true) - middle, y = rank_of(pairs, i, false) - middle;
    x2 += x * x, y2 += y * y, xy += x * y;
  }
  return xy / sqrt(x2 * y2);
}

/* Cosines go with how alike people find words. */
static void test_similarity_list(void) {
  g_autoptr(TextEncoder) e = text_encoder_open("words", NULL);
  g_autofree char *path = g_build_filename(g_getenv("G_TEST_SRCDIR"), "fixtures", "similar-words.tsv", NULL);
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
  for (char **line = lines + 1; *line && **line; line++) {
    g_auto(GStrv) columns = g_strsplit(*line, "\t", -1);
    Pair p = {g_ascii_strtod(columns[2], NULL), 0};
    float x[100];
    if (!text_encoder_encode(e, columns[0], x, NULL, NULL) || !text_encoder_encode(e, columns[1], x, NULL, NULL))
      continue;
    p.cosine = similar(e, columns[0], columns[1]);
    g_array_append_val(pairs, p);
  }
  g_assert_cmpuint(pairs->len, >, 90);
  double rho = rank_correlation(pairs);
  g_test_message("rank correlation %.3f over %u pairs", rho, pairs->len);
  g_assert_cmpfloat(rho, >, 0.55);
}

static void test_nearest(void) {
  g_autoptr(TextEncoder) e = text_encoder_open("words", NULL);
  g_autoptr(GArray) own = text_encoder_nearest(e, "violin", NULL, 5, NULL);
  g_assert_cmpuint(own->len, ==, 5);
  bool music = false;
  for (guint i = 0; i < 5; i++) {
    const NearWord *w = &g_array_index(own, NearWord, i);
    music |= strcmp(w->word, "cello") == 0 || strcmp(w->word, "viola") == 0;
    g_assert_cmpstr(w->word, !=, "violin");
    if (i) g_assert_cmpfloat(w->cosine, <=, g_array_index(own, NearWord, i - 1).cosine);
  }
  g_assert_true(music);
  char *const among[] = {(char *)"cabbage", (char *)"cello", (char *)"qqzzx", NULL};
  g_autoptr(GArray) chosen = text_encoder_nearest(e, "violin", among, 5, NULL);
  g_assert_cmpuint(chosen->len, ==, 2);
  g_assert_cmpstr(g_array_index(chosen, NearWord, 0).word, ==, "cello");
}

static guint list_length(const char *list) {
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) all = concept_list_open(list, &error);
  g_assert_no_error(error);
  return g_strv_length(all);
}

static void test_concept_lists(void) {
  g_assert_cmpuint(list_length("@cifar100"), ==, 100);
  g_assert_cmpuint(list_length("@imagenet"), ==, 1000);
  g_assert_cmpuint(list_length("@tiny-imagenet"), ==, 200);
  g_auto(GStrv) own = concept_list_open(" a fox,, red star , a fox", NULL);
  g_assert_cmpuint(g_strv_length(own), ==, 2);
  g_assert_cmpstr(own[1], ==, "red star");
  g_autofree char *path = g_build_filename(g_get_tmp_dir(), "copse-concepts-XXXXXX", NULL);
  close(g_mkstemp(path));
  g_assert_true(g_file_set_contents(path, "# animals\nfox\n\n wolf \nfox\n", -1, NULL));
  g_autofree char *list = g_strconcat("@", path, NULL);
  g_assert_cmpuint(list_length(list), ==, 2);
  unlink(path);
  static const char *const bad[] = {"", " , ", "@nowhere", "@/nowhere.txt"};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(concept_list_open(bad[i], &error));
    g_assert_nonnull(error);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/words/meaning", test_meaning);
  g_test_add_func("/words/unknown", test_unknown);
  g_test_add_func("/words/relatives", test_relatives);
  g_test_add_func("/words/neighbours", test_neighbours);
  g_test_add_func("/words/stand-ins", test_stand_ins);
  g_test_add_func("/words/similarity-list", test_similarity_list);
  g_test_add_func("/words/nearest", test_nearest);
  g_test_add_func("/words/concept-lists", test_concept_lists);
  return g_test_run();
}
