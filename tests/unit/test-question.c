/* SPDX-License-Identifier: Apache-2.0 */
/* The query language: reading, filtering, ordering, completing; what names say; odds. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/rng.h"
#include "search/date.h"
#include "search/fusion.h"
#include "search/question_field.h"
#include "search/card_words.h"

static Question *parse(const char *text) {
  g_autoptr(GError) error = NULL;
  Question *q = question_parse(text, NULL, &error);
  g_assert_no_error(error);
  return q;
}

static const Term *term(const Question *q, guint i) {
  g_assert_cmpuint(i, <, q->terms->len);
  return q->terms->pdata[i];
}

static void test_items(void) {
  g_autoptr(Question) q = parse(
      " a red -black \"striped star\" -\"old fox\" like:m1 -like:\"m 2\" "
      "kind:lora sort:-params http://x 3:4 - ");
  g_autofree char *wanted = question_words(q, false), *unwanted = question_words(q, true);
  g_assert_cmpstr(wanted, ==, "a red http://x 3:4 -");
  g_assert_cmpstr(unwanted, ==, "black");
  g_assert_cmpint(term(q, 3)->kind, ==, TERM_PHRASE);
  g_assert_cmpstr(term(q, 3)->text, ==, "striped star");
  g_assert_false(term(q, 3)->minus);
  g_assert_true(term(q, 4)->minus);
  g_assert_cmpint(term(q, 5)->kind, ==, TERM_LIKE);
  g_assert_cmpstr(term(q, 6)->text, ==, "m 2");
  g_assert_true(term(q, 6)->minus);
  g_assert_cmpuint(term(q, 3)->at, ==, 14);
  g_assert_cmpuint(term(q, 3)->length, ==, 14);
  g_assert_cmpstr(q->sort, ==, "params");
  g_assert_true(q->descending);
  g_assert_true(question_asks(q));
  g_autoptr(Question) filters = parse("kind:lora params:<5");
  g_assert_false(question_asks(filters));
  g_autoptr(Question) signs = parse("a->b c++ <3 -params>=5M tag!=\"night fox\" x- = y");
  g_assert_cmpuint(signs->terms->len, ==, 8);
  g_assert_cmpint(term(signs, 0)->kind, ==, TERM_WORD);
  g_assert_cmpint(term(signs, 3)->kind, ==, TERM_FILTER);
  g_assert_true(term(signs, 3)->minus);
  g_assert_cmpfloat(term(signs, 3)->low, ==, 5e6);
  g_assert_cmpstr(term(signs, 4)->values[0], ==, "night fox");
  g_assert_true(term(signs, 4)->minus);
  g_autoptr(Question) empty = parse("  ");
  g_assert_cmpuint(empty->terms->len, ==, 0);
}

/* What leads in to a question is no part of it. */
static void test_question_opening(void) {
  static const char *const cases[][2] = {
      {"show me a picture of a striped star", "striped star"},
      {"Which of these models draws foxes", "foxes"},
      {"which draws a fox", "fox"},
      {"find all LoRAs that paint snow", "snow"},
      {"a photo of kind:lora the fox", "fox"},
      {"photo of a picture frame", "picture frame"},
      {"picture frame", "picture frame"},
      {"a picture frame", "a picture frame"},
      {"draw bridge", "draw bridge"},
      {"the red star", "the red star"},
      {"a model", "a model"},
      {"show me", "show me"},
      {"fox in a picture of snow", "fox in a picture of snow"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Question) q = parse(cases[i][0]);
    g_autofree char *words = question_words(q, false);
    g_assert_cmpstr(words, ==, cases[i][1]);
  }
}

/* What is wrong, and at which byte and character. */
static void test_errors(void) {
  static const struct {
    const char *text;
    size_t at;
    const char *message;
  } bad[] = {
      {"star \"open", 5, "character 6: the quote is not closed"},
      {"\xc3\xa9t\xc3\xa9 \"", 6, "character 5: the quote is not closed"},
      {"a \"\"", 2, "character 3: the quotes are empty"},
      {"a \"b\"c", 5, "character 6: a space is expected"},
      {"kind:", 5, "character 6: a value is expected"},
      {"kind:=", 6, "character 7: a value is expected after the sign"},
      {"kind:a,,b", 5, "character 6: a value between commas"},
      {"params<", 7, "character 8: a number such as"},
      {"red params<10Q", 11, "character 12: a number such as"},
      {"sort=name", 4, "character 5: a colon is expected"},
      {"date:>2024-13", 6, "character 7: a number such as"},
      {"date:2024-02..2024-02-30", 14, "character 15: a date such as"},
      {"date:2024-05..2024-04", 5, "character 6: the range ends before it begins"},
      {"params:<abc", 8, "character 9: a number such as"},
      {"params:>=1x", 9, "character 10: a number such as"},
      {"params:5M..zz", 11, "character 12: a number such as"},
      {"params:5M..4M", 7, "character 8: the range ends before it begins"},
      {"sort:", 5, "character 6: a field to sort by"},
      {"sort:-", 5, "character 6: a field to sort by"},
      {"-sort:name", 0, "character 1: the minus goes behind the colon"},
      {"sort:name x sort:path", 12, "character 13: sort: is there already"},
      {"x like:", 7, "character 8: a model is expected"},
      {"kind:\"lora", 5, "character 6: the quote is not closed"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    size_t at = 999;
    g_assert_null(question_parse(bad[i].text, &at, &error));
    g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
    if (at != bad[i].at || !g_str_has_prefix(error->message, bad[i].message))
      g_error("'%s': byte %zu, '%s'", bad[i].text, at, error->message);
  }
}

static void test_numbers(void) {
  static const struct {
    const char *text;
    double value, spread;
  } good[] = {{"16", 16, 0},    {"100M", 1e8, 5e5}, {"1.5GB", 1.5e9, 5e7},
              {"7B", 7e9, 5e8}, {"2Ki", 2048, 512}, {"0.25", 0.25, 0.005},
              {"-3", -3, 0},    {"1e-4", 1e-4, 0},  {"1.5e6", 1.5e6, 5e4}};
  double value, spread;
  for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
    g_assert_true(question_number(good[i].text, &value, &spread));
    g_assert_cmpfloat(fabs(value - good[i].value), <, 1e-9);
    g_assert_cmpfloat(fabs(spread - good[i].spread), <, 1e-6);
  }
  static const char *const bad[] = {"", "M", "1x", "1.2.3", "--1", "1e", "e5", "1e-", "nan", "12 M"};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
    if (question_number(bad[i], &value, NULL)) g_error("'%s' is no number", bad[i]);
}

/* --- models ------------------------------------------------------------------------------------- */

static Model *model_made(const char *path, const char *name, ModelKind kind, uint64_t params) {
  Model *m = model_new();
  m->path = g_strdup(path);
  m->shown = g_strdup(path);
  m->file = g_strdup(path);
  m->name = g_strdup(name);
  m->format = g_strdup("safetensors");
  m->shapes = g_strdup("");
  m->kind = kind;
  m->params = params;
  m->bytes = 2 * params;
  m->tree = -1;
  return m;
}

static GPtrArray *some_models(void) {
  GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  Model *a = model_made("lora/fox.safetensors", "snow_fox-v2", MODEL_LORA, 3000000);
  a->dtypes[DTYPE_F16] = 10;
  model_add_fact(a, "tags", "anime", "card");
  model_add_fact(a, "tags", "night fox", "card");
  model_add_fact(a, "license", "apache-2.0", "card");
  model_add_fact(a, "rank", "16", "metadata");
  model_add_fact(a, "modelspec.date", "2024-03-01T12:30:00", "metadata");
  Model *b = model_made("full/llama", "Llama 7b", MODEL_FULL, 6738415616);
  b->dtypes[DTYPE_BF16] = 10;
  b->tree = 4;
  model_add_fact(b, "license", "other", "card");
  model_add_fact(b, "rank", "8", "metadata");
  model_add_fact(b, "ss_training_finished_at", "1709337600.5", "metadata"); /* 2 March 2024 */
  Model *c = model_made("full/vit", "vit", MODEL_FULL, 86000000);
  g_ptr_array_add(all, a);
  g_ptr_array_add(all, b);
  g_ptr_array_add(all, c);
  return all;
}

/* The models that pass, as letters a, b, c. */
static void expect_passing(const char *text, const char *wanted) {
  g_autoptr(GPtrArray) models = some_models();
  g_autoptr(Question) q = parse(text);
  g_autoptr(GString) letters = g_string_new(NULL);
  for (guint i = 0; i < models->len; i++) {
    bool passes = true;
    for (guint k = 0; k < q->terms->len; k++) passes &= question_filter(term(q, k), models->pdata[i]);
    if (passes) g_string_append_c(letters, (char)('a' + i));
  }
  if (strcmp(letters->str, wanted) != 0) g_error("'%s': %s, not %s", text, letters->str, wanted);
}

static void test_filters(void) {
  expect_passing("kind:lora", "a");
  expect_passing("-kind:lora", "bc");
  expect_passing("kind:!=lora", "bc");
  expect_passing("-kind:!=lora", "a");
  expect_passing("kind:lora,full", "abc");
  expect_passing("params:<100M", "ac");
  expect_passing("params:>=86M", "bc");
  expect_passing("params:>86M", "b");
  expect_passing("params:7B", "b"); /* to the digits given */
  expect_passing("params:=7B", "");
  expect_passing("params:1M..100M", "ac");
  expect_passing("params:..3M", "a");
  expect_passing("bytes:>1GB", "b");
  expect_passing("size>1GB", "b");
  expect_passing("params<10M", "a");
  expect_passing("-params<10M", "bc");
  expect_passing("kind=lora", "a");
  expect_passing("kind!=lora", "bc");
  expect_passing("tag:ANIME", "a");
  expect_passing("tags:nig*", "a");
  expect_passing("tags:=night", "");
  expect_passing("tags:=\"night fox\"", "a");
  expect_passing("tags:=\"night\"", "");
  expect_passing("tags:!=\"night fox\"", "bc");
  expect_passing("tag:\"night fox\"", "a");
  expect_passing("license:apache", "a");
  expect_passing("licence:other", "b");
  expect_passing("rank:>=8", "ab");
  expect_passing("rank:8", "b");
  expect_passing("dtype:bf16", "b");
  expect_passing("dtype:F16", "a");
  expect_passing("dtype:*f16", "ab");
  expect_passing("dtype:=f16", "a");
  expect_passing("tree:5", "b");
  expect_passing("tree:>=1", "b");
  expect_passing("name:fox path:lora/*", "a");
  expect_passing("rank:*", "ab");
  expect_passing("-rank:*", "c");
}

static void test_dates(void) {
  expect_passing("date:2024-03", "a"); /* as the file writes it */
  expect_passing("date>2024-02", "ab");
  expect_passing("date>2024-03", "");
  expect_passing("date>=2024-03", "ab");
  expect_passing("date<2024-03-02", "a");
  expect_passing("date<=2024-03-02", "ab");
  expect_passing("date>2024-03-01", "b");
  expect_passing("date:2024-03-02..2024-04", "b");
  expect_passing("date:..2024-03-01", "a");
  expect_passing("date:2023..2024-03-01", "a");
  expect_passing("date>\"2024-03-01 12:29:00\"", "ab");
  expect_passing("date>2024-03-01T12:29:00", "ab");
  expect_passing("date>2024-03-01T12:30:00+00:00", "b");
  expect_passing("modelspec.date>2023", "a"); /* a year */
  expect_passing("modelspec.date:<2024", "");
  expect_passing("modelspec.date:2024..2025", "a");
  double start, end;
  g_assert_true(date_read("2024-02", &start, &end));
  g_assert_cmpfloat(end - start, ==, 29 * 86400);
  g_assert_true(date_read("1970", &start, &end));
  g_assert_cmpfloat(start, ==, 0);
  g_assert_true(date_read("1970-01-01T01:00:00.25+01:00", &start, &end));
  g_assert_cmpfloat(start, ==, 0.25);
  static const char *const bad[] = {"",           "24",          "2024-",       "2024-1", "2024-00", "2024-13",
                                    "2023-02-29", "2024-01-01x", "2024-01-01T", "0000",   "20245",   "9999-12-31"};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
    if (date_read(bad[i], &start, &end)) g_error("'%s' is no date", bad[i]);
}

static void expect_unknown(const char *text, size_t at, const char *message) {
  g_autoptr(GPtrArray) models = some_models();
  g_autoptr(Question) q = parse(text);
  g_autoptr(GError) error = NULL;
  size_t place = 999;
  g_assert_false(question_check(q, text, models, FIELD_OF_MODEL, &place, &error));
  if (place != at || !strstr(error->message, message)) g_error("'%s': byte %zu, '%s'", text, place, error->message);
}

static void test_unknown_fields(void) {
  expect_unknown("fox knd:lora", 4, "is 'kind' meant?");
  expect_unknown("-lisence:x", 1, "is 'license' meant?");
  expect_unknown("a -params:many", 10, "character 11: params is compared with a number");
  expect_unknown("size=big", 4, "size is compared with a number");
  expect_unknown("sort:prams", 5, "is 'params' meant?");
  expect_unknown("zzzzzz:1", 0, "character 1: no model has a field 'zzzzzz'; a word");
  g_autoptr(GPtrArray) models = some_models();
  static const char *const good[] = {"kind:x rank:1 tag:x", "sort:rank", "sort:-score fox", "layer:mid expert:x",
                                     "like:unknown"};
  for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
    g_autoptr(Question) q = parse(good[i]);
    g_assert_true(question_check(q, good[i], models, FIELD_OF_MODEL, NULL, NULL));
  }
}

static int compare_by(const char *field, bool descending, const Model *x, const Model *y) {
  SortKey a = question_sort_key(x, field), b = question_sort_key(y, field);
  int c = sort_key_compare(&a, &b, descending);
  g_free(a.text);
  g_free(b.text);
  return c;
}

static void test_order(void) {
  g_autoptr(GPtrArray) models = some_models();
  const Model *a = models->pdata[0], *b = models->pdata[1], *c = models->pdata[2];
  g_assert_cmpint(compare_by("params", false, a, b), <, 0);
  g_assert_cmpint(compare_by("params", true, a, b), >, 0);
  g_assert_cmpint(compare_by("rank", false, a, b), >, 0); /* 16 and 8 are numbers */
  g_assert_cmpint(compare_by("rank", false, b, c), <, 0); /* without it: last, either way */
  g_assert_cmpint(compare_by("rank", true, b, c), <, 0);
  g_assert_cmpint(compare_by("license", false, a, b), <, 0);
  g_assert_cmpint(compare_by("date", false, a, b), <, 0); /* however they write it */
  g_autoptr(GPtrArray) years = some_models();
  Model *year = years->pdata[2];
  model_add_fact(year, "date", "2024", "card");
  g_assert_cmpint(compare_by("date", false, year, a), <, 0); /* a bare year begins in January */
}

/* --- completion --------------------------------------------------------------------------------- */

static void expect_completion(const char *text, size_t from, const char *first, guint at_least) {
  g_autoptr(GPtrArray) models = some_models();
  g_autoptr(Completion) c = question_complete(text, strlen(text), models, 100);
  g_assert_cmpuint(c->from, ==, from);
  g_assert_cmpuint(c->texts->len, >=, at_least);
  if (first) g_assert_cmpstr(c->texts->pdata[0], ==, first);
}

static void test_completion(void) {
  expect_completion("fox ki", 4, "kind:", 1);
  expect_completion("-par", 0, "-params:", 1);
  expect_completion("kind:", 0, "kind:full", 2);
  expect_completion("kind:lo", 0, "kind:lora", 1);
  expect_completion("kind:=lo", 0, "kind:=lora", 1);
  expect_completion("tag:ni", 0, "tag:\"night fox\"", 1);
  expect_completion("tag:\"ni", 0, "tag:\"night fox\"", 1);
  expect_completion("x tag:\"night f", 2, "tag:\"night fox\"", 1);
  expect_completion("siz", 0, "size:", 1);
  expect_completion("sort:-pa", 0, "sort:-path", 2);
  expect_completion("like:vi", 0, "like:vit", 1);
  expect_completion("lic", 0, "license:", 1);
  expect_completion("", 0, NULL, 0);
  expect_completion("zzz", 0, NULL, 0);
}

/* --- names and odds ----------------------------------------------------------------------------- */

static void expect_said(const char *text, guint model, const char *where) {
  g_autoptr(GPtrArray) models = some_models();
  DeclaredWords *said = declared_words_new(models);
  g_autoptr(Question) q = parse(text);
  const char *found = declared_words_find(said, q, model);
  if (g_strcmp0(found, where) != 0) g_error("'%s': %s", text, found ? found : "nothing");
  declared_words_free(said);
}

static void test_said(void) {
  expect_said("a Fox", 0, "name");
  expect_said("anime", 0, "tags");
  expect_said("snow anime", 0, "name");
  expect_said("\"night fox\"", 0, "tags");
  expect_said("\"fox night\"", 0, NULL);
  expect_said("fox -anime", 0, NULL);
  expect_said("ox", 0, NULL);  /* too small a word */
  expect_said("ama", 1, NULL); /* not where a word begins */
  expect_said("the", 0, NULL);
  expect_said("fox", 1, NULL);
}

/* Cosines of pairs drawn around `middle` for what fits and 0 for the rest. */
static Fusion fusion_of(double middle, double spread) {
  enum { N = 2000 };
  float cosine[N];
  bool fits[N];
  Rng rng;
  rng_init(&rng, 1, 2);
  for (int i = 0; i < N; i++) {
    fits[i] = i % 50 == 0;
    cosine[i] = rng_normal(&rng) * (float)spread + (fits[i] ? (float)middle : 0);
  }
  return fusion_regress(cosine, fits, N);
}

/* A sharp expert is sure where a weak one is not, whatever their cosines. */
static void test_fusion(void) {
  Fusion sharp = fusion_of(0.8, 0.1), weak = fusion_of(0.05, 0.1);
  g_assert_cmpuint(sharp.pairs, ==, 40);
  g_assert_cmpfloat(sharp.a * 0.8 + sharp.b, >, 3);
  g_assert_cmpfloat(sharp.a * 0.0 + sharp.b, <, -3);
  g_assert_cmpfloat(fabs(sharp.a * 0.4 + sharp.b), <, 1.5); /* half-way the odds are even */
  g_assert_cmpfloat(weak.a * 0.2 + weak.b, <, 2);
  g_assert_cmpfloat(weak.a, >, 0);
  bool none[3] = {false, false, false};
  Fusion unlabelled = fusion_regress((const float[]){0.1f, 0.2f, 0.3f}, none, 3);
  g_assert_cmpuint(unlabelled.pairs, ==, 0);
  g_assert_cmpfloat(unlabelled.a, >, 0);
  g_assert_cmpfloat(unlabelled.a * 0.2 + unlabelled.b, <, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/question/items", test_items);
  g_test_add_func("/question/lead-in", test_question_opening);
  g_test_add_func("/question/errors", test_errors);
  g_test_add_func("/question/numbers", test_numbers);
  g_test_add_func("/question/filters", test_filters);
  g_test_add_func("/question/dates", test_dates);
  g_test_add_func("/question/unknown-fields", test_unknown_fields);
  g_test_add_func("/question/order", test_order);
  g_test_add_func("/question/completion", test_completion);
  g_test_add_func("/question/said", test_said);
  g_test_add_func("/question/fusion", test_fusion);
  return g_test_run();
}
