/* SPDX-License-Identifier: Apache-2.0 */
/* Questions on six models of two architectures and an expert for each, whose answers can be reckoned by hand. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "search/query.h"
#include "tests/unit/expert_fixture.h"

/* Four models of the one architecture, of which two are alike, and two of the other. */
static void put_six(Fixture *f, bool labelled) {
  put_column(f, "a/m1.safetensors", "mid", (const float[]){1, 0, 0, 0}, labelled ? "fox" : NULL);
  put_column(f, "a/m2.safetensors", "mid", (const float[]){0, 1, 0, 0}, labelled ? "cat" : NULL);
  put_column(f, "a/m4.safetensors", "mid", (const float[]){0.8f, 0.6f, 0, 0}, NULL);
  put_column(f, "a/m3.safetensors", "mid", (const float[]){0.8f, 0.6f, 0, 0}, NULL);
  put_column(f, "b/n1.safetensors", "top", (const float[]){0, 0, 1, 0}, labelled ? "owl" : NULL);
  put_column(f, "b/n2.safetensors", "top", (const float[]){0.6f, 0, 0.8f, 0}, NULL);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 6);
}

static void keep_first(Fixture *f, double floor) {
  g_autoptr(Expert) x = column_expert(f, "mid", model_at(f, "a/m1.safetensors"));
  x->floor = floor;
  keep_expert(f, x, "first");
}

static void keep_second(Fixture *f) {
  g_autoptr(Expert) x = column_expert(f, "top", model_at(f, "b/n1.safetensors"));
  keep_expert(f, x, "second");
}

static QueryIndex *open_index(Fixture *f) {
  g_autoptr(GError) error = NULL;
  QueryIndex *index = query_index_open(f->collection, f->models, NULL, &error);
  g_assert_no_error(error);
  return index;
}

static QueryAnswer *ask(QueryIndex *index, const char *question, unsigned limit) {
  g_autoptr(GError) error = NULL;
  QueryAnswer *answer = query_run(index, question, limit, &error);
  g_assert_no_error(error);
  return answer;
}

static const QueryHit *hit_at(const QueryAnswer *a, guint i) { return &g_array_index(a->hits, QueryHit, i); }

/* The hits' names with a space between: "m1 m3". */
static void expect_hits(const QueryAnswer *a, const char *want) {
  g_autoptr(GString) got = g_string_new(NULL);
  for (guint i = 0; i < a->hits->len; i++) {
    g_autofree char *name = g_path_get_basename(hit_at(a, i)->model->path);
    name[strcspn(name, ".")] = '\0';
    g_string_append_printf(got, "%s%s", i ? " " : "", name);
  }
  g_assert_cmpstr(got->str, ==, want);
}

static void expect_answer(QueryIndex *index, const char *question, unsigned limit, const char *want) {
  g_autoptr(QueryAnswer) a = ask(index, question, limit);
  expect_hits(a, want);
}

static void expect_error(QueryIndex *index, const char *question, int code, const char *words) {
  g_autoptr(GError) error = NULL;
  g_autoptr(QueryAnswer) a = query_run(index, question, 0, &error);
  g_assert_null(a);
  g_assert_error(error, COPSE_ERROR, code);
  if (!strstr(error->message, words)) g_error("\"%s\" lacks \"%s\"", error->message, words);
}

static bool any_says(const GPtrArray *lines, const char *words) {
  for (guint i = 0; i < lines->len; i++)
    if (strstr(lines->pdata[i], words)) return true;
  return false;
}

static void near(double x, double want) { g_assert_cmpfloat(fabs(x - want), <, 1e-5); }

/* --- one expert --------------------------------------------------------------------------------- */

/* By cosine, equal ones by path, and all of the expert's, whatever their cosine. */
static void test_order(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  keep_first(f, NAN);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "fox", 0);
  expect_hits(a, "m1 m3 m4 m2");
  const double scores[] = {1, 0.8, 0.8, 0};
  for (guint i = 0; i < 4; i++) {
    near(hit_at(a, i)->score, scores[i]);
    g_assert_cmpstr(hit_at(a, i)->expert->name, ==, "first");
    g_assert_true(isnan(hit_at(a, i)->match)); /* there is nobody to compare with */
    g_assert_false(hit_at(a, i)->declared);
    g_assert_null(hit_at(a, i)->declared_by);
  }
  g_assert_cmpuint(a->total, ==, 4);
  g_assert_cmpuint(a->speakers->len, ==, 1);
  g_assert_true(any_says(a->cannot, "an architecture of 2 models such as b/n1.safetensors"));
  expect_answer(index, "cat", 0, "m2 m3 m4 m1");
}

/* The best are kept whatever their number, also where a tie is cut through. */
static void test_limit(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  keep_first(f, NAN);
  g_autoptr(QueryIndex) index = open_index(f);
  static const char *const want[] = {"m1 m3 m4 m2", "m1", "m1 m3", "m1 m3 m4", "m1 m3 m4 m2", "m1 m3 m4 m2"};
  for (unsigned limit = 0; limit < G_N_ELEMENTS(want); limit++) {
    g_autoptr(QueryAnswer) a = ask(index, "fox", limit);
    expect_hits(a, want[limit]);
    g_assert_cmpuint(a->total, ==, 4);
  }
  expect_answer(index, "fox sort:-name", 2, "m4 m3");
}

/* The best of many are those that a whole sort would put first. */
static void test_limit_of_many(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < 60; i++) {
    g_autofree char *path = g_strdup_printf("m%02d.safetensors", i);
    float x = (float)(i * 37 % 20) / 20; /* each three times */
    put_column(f, path, "mid", (const float[]){x, sqrtf(1 - x * x), 0, 0}, NULL);
  }
  scan(f);
  g_autoptr(Expert) x = column_expert(f, "mid", f->models->pdata[0]);
  keep_expert(f, x, "first");
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) all = ask(index, "fox", 0);
  for (guint i = 1; i < all->hits->len; i++) {
    double before = hit_at(all, i - 1)->score, after = hit_at(all, i)->score;
    g_assert_true(before > after ||
                  (before == after && strcmp(hit_at(all, i - 1)->model->path, hit_at(all, i)->model->path) < 0));
  }
  for (unsigned limit = 1; limit < 60; limit += 7) {
    g_autoptr(QueryAnswer) some = ask(index, "fox", limit);
    g_assert_cmpuint(some->hits->len, ==, limit);
    g_assert_cmpuint(some->total, ==, 60);
    for (guint i = 0; i < limit; i++) g_assert_true(hit_at(some, i)->model == hit_at(all, i)->model);
  }
}

static void test_negation(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  keep_first(f, NAN);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "fox -cat", 0);
  expect_hits(a, "m1 m3 m4 m2");
  near(hit_at(a, 0)->score, sqrt(0.5));
  near(hit_at(a, 1)->score, 0.2 * sqrt(0.5));
  near(hit_at(a, 3)->score, -sqrt(0.5));
  g_autoptr(QueryAnswer) both = ask(index, "\"fox\" \"cat\"", 0); /* two phrases: their mean */
  expect_hits(both, "m3 m4 m1 m2");
  near(hit_at(both, 0)->score, 1.4 * sqrt(0.5));
  expect_answer(index, "fox -xyzzy", 0, "m1 m3 m4 m2"); /* not wanted, and not known either */
  expect_error(index, "fox -fox", COPSE_ERROR_NOT_FOUND,
               "what is wanted and what is not come to the same: nothing is left to ask for");
  expect_error(index, "xyzzy", COPSE_ERROR_NOT_FOUND, "xyzzy");
}

static void test_like(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  keep_first(f, NAN);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "like:m4", 0);
  expect_hits(a, "m3 m4 m1 m2");
  near(hit_at(a, 1)->score, 1);
  expect_answer(index, "-like:m1 cat", 2, "m2 m3");
  expect_error(index, "like:n1", COPSE_ERROR_NOT_FOUND, "another architecture");
  expect_error(index, "like:nobody", COPSE_ERROR_NOT_FOUND, "nobody");
  expect_error(index, "like:/etc/passwd", COPSE_ERROR_NOT_FOUND, "passwd"); /* no model: nothing outside is opened */
}

/* Below one half and below what right answers reach: perhaps nothing here is like that. */
static void test_doubtful(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  keep_first(f, 0.7);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) nothing = ask(index, "owl", 0), fox = ask(index, "fox", 0),
                         listed = ask(index, "kind:full", 0);
  g_assert_true(nothing->doubtful);
  g_assert_false(fox->doubtful);
  g_assert_false(listed->doubtful);
}

static void test_no_doubt_without_floor(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  keep_first(f, NAN);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "owl", 0);
  g_assert_false(a->doubtful);
}

/* --- filters and order -------------------------------------------------------------------------- */

static void test_filters(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  keep_first(f, NAN);
  keep_second(f);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "kind:full", 0);
  expect_hits(a, "m1 m2 m3 m4 n1 n2"); /* nobody is asked: by path */
  g_assert_true(isnan(hit_at(a, 0)->score) && !hit_at(a, 0)->expert);
  g_assert_cmpuint(a->speakers->len + a->cannot->len, ==, 0);
  expect_answer(index, "path:b/*", 0, "n1 n2");
  expect_answer(index, "-path:b/* sort:-name", 0, "m4 m3 m2 m1");
  expect_answer(index, "fox name:m*", 2, "m1 m3");
  expect_answer(index, "fox layer:mid", 0, "m1 m3 m4 m2");
  expect_answer(index, "fox -layer:mi*", 0, "n2 n1");
  expect_answer(index, "fox layer=mi", 0, "");
  expect_answer(index, "fox expert:second", 0, "n2 n1");
  expect_answer(index, "layer:mid", 0, ""); /* nobody spoke */
  expect_answer(index, "fox expert:second sort:score", 0, "n1 n2");
  expect_answer(index, "fox expert:second sort:-score", 0, "n2 n1");
  expect_answer(index, "fox name:m* sort:params", 0, "m1 m3 m4 m2"); /* equal ones keep their rank */
  expect_error(index, "fox nonsense:1", COPSE_ERROR_USAGE, "nonsense");
  expect_error(index, "fox \"cat", COPSE_ERROR_USAGE, "");
}

/* --- what names and cards say ------------------------------------------------------------------- */

/* Those that fit by their weights, those that say so, the others. */
static void test_declared(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_column(f, "c/fox-lair.safetensors", "other", (const float[]){0, 0, 0, 1}, NULL);
  put_column(f, "c/told.safetensors", "other", (const float[]){0, 0, 0, 1}, "fox");
  put_column(f, "c/mute.safetensors", "other", (const float[]){0, 0, 0, 1}, NULL);
  put_column(f, "a/m1.safetensors", "mid", (const float[]){1, 0, 0, 0}, "fox");
  put_column(f, "a/m2.safetensors", "mid", (const float[]){0.2f, 1, 0, 0}, NULL);
  scan(f);
  g_autoptr(Expert) x = column_expert(f, "mid", model_at(f, "a/m1.safetensors"));
  keep_expert(f, x, "first");
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "fox", 0);
  expect_hits(a, "m1 fox-lair told m2");
  g_assert_false(hit_at(a, 0)->declared);
  g_assert_cmpstr(hit_at(a, 0)->declared_by, ==, "concept"); /* the weights say so, and a card too */
  g_assert_true(hit_at(a, 1)->declared && isnan(hit_at(a, 1)->score) && !hit_at(a, 1)->expert);
  g_assert_cmpstr(hit_at(a, 1)->declared_by, ==, "name");
  g_assert_cmpstr(hit_at(a, 2)->declared_by, ==, "concept");
  g_assert_null(hit_at(a, 3)->declared_by);
  expect_answer(index, "fox", 2, "m1 fox-lair");
  expect_answer(index, "fox -lair", 0, "m1 told m2");
}

/* However short a word is, and whatever script it is written in. */
static void test_short_words(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_column(f, "c/oak-v2.safetensors", "other", (const float[]){0, 0, 0, 1}, NULL);
  put_column(f, "c/net.safetensors", "other", (const float[]){0, 0, 0, 1}, "赤狐の木");
  put_column(f, "c/av20.safetensors", "other", (const float[]){0, 0, 0, 1}, NULL);
  scan(f);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) version = ask(index, "oak v2", 0), fox = ask(index, "狐", 0);
  expect_hits(version, "oak-v2");
  expect_hits(fox, "net");
}

static void test_no_expert(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, true);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "fox", 0);
  expect_hits(a, "m1");
  g_assert_true(hit_at(a, 0)->declared);
  g_assert_false(a->doubtful);
  expect_error(index, "oak", COPSE_ERROR_NOT_FOUND, "no expert can answer yet");
}

/* --- several experts ---------------------------------------------------------------------------- */

static void test_two_experts(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, true);
  keep_first(f, NAN);
  keep_second(f);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "fox", 0);
  g_assert_cmpuint(a->hits->len, ==, 6);
  g_assert_cmpuint(a->speakers->len, ==, 2);
  g_assert_cmpuint(a->cannot->len, ==, 0);
  for (guint i = 0; i < 6; i++) {
    const QueryHit *h = hit_at(a, i);
    g_assert_true(h->match > 0 && h->match < 1);
    for (guint k = 0; k < i; k++) { /* within one expert cosines decide */
      if (hit_at(a, k)->expert == h->expert) g_assert_cmpfloat(hit_at(a, k)->score, >=, h->score);
      g_assert_cmpfloat(hit_at(a, k)->match, >=, h->match);
    }
    const Fusion *own = NULL;
    for (guint s = 0; s < a->speakers->len; s++) {
      const QuerySpeaker *speaker = &g_array_index(a->speakers, QuerySpeaker, s);
      if (speaker->expert == h->expert) own = &speaker->fusion;
    }
    near(h->match, 1 / (1 + exp(-(own->a * h->score + own->b))));
  }
  g_assert_cmpstr(hit_at(a, 0)->model->name, ==, "m1");
  g_autoptr(QueryAnswer) half = ask(index, "like:n1", 0); /* the first has nothing like it */
  expect_hits(half, "n1 n2");
  g_assert_true(any_says(half->cannot, "expert first: nothing is like"));
}

/* One that was trained on a tree answers for that tree. */
static void test_trees(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  for (guint i = 0; i < f->models->len; i++) ((Model *)f->models->pdata[i])->tree = i % 2 ? 4 : 2;
  for (int tree = 2; tree <= 4; tree += 2) {
    g_autoptr(Expert) x = column_expert(f, "mid", model_at(f, "a/m1.safetensors"));
    x->tree = tree;
    g_autofree char *name = g_strdup_printf("tree-%d", tree);
    if (tree == 2) keep_expert(f, x, name);
  }
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "fox", 0);
  for (guint i = 0; i < a->hits->len; i++) g_assert_cmpint(hit_at(a, i)->model->tree, ==, 2);
  g_assert_cmpuint(a->hits->len, ==, 2);
  g_assert_true(any_says(a->cannot, "tree 5 of 3 models"));
}

/* The better of two speaks for an architecture; the other is not heard. */
static void test_best_speaks(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  g_autoptr(Expert) good = column_expert(f, "mid", model_at(f, "a/m1.safetensors"));
  g_autoptr(Expert) poor = column_expert(f, "mid", model_at(f, "a/m1.safetensors"));
  const size_t first[] = {0, 0, 0}, second[] = {1, 1, 0};
  good->val = score_from_ranks(first, NULL, 3, 4);
  poor->val = score_from_ranks(second, NULL, 3, 4);
  keep_expert(f, poor, "a-poor");
  keep_expert(f, good, "b-good");
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "fox", 0);
  g_assert_cmpuint(a->speakers->len, ==, 1);
  g_assert_cmpstr(hit_at(a, 0)->expert->name, ==, "b-good");
}

/* An expert that cannot be heard is named, with the reason. */
static void test_mute_experts(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  g_autoptr(Expert) x = column_expert(f, "mid", model_at(f, "a/m1.safetensors"));
  x->fingerprint = g_strdup("table:another");
  keep_expert(f, x, "stranger");
  g_autoptr(Expert) y = column_expert(f, "top", model_at(f, "b/n1.safetensors"));
  g_free(y->encoder);
  y->encoder = g_strdup("table:/nowhere.safetensors");
  keep_expert(f, y, "lost");
  g_autofree char *bad = g_build_filename(f->state, "experts", "bad.safetensors", NULL);
  g_assert_true(g_file_set_contents(bad, "no checkpoint", -1, NULL));
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "\"m1\"", 0);
  expect_hits(a, "m1");
  g_assert_true(any_says(a->cannot, "expert stranger was trained with another text encoder"));
  g_assert_true(any_says(a->cannot, "expert lost: "));
  g_assert_true(any_says(a->cannot, "bad.safetensors"));
}

static void test_many_silent_groups(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < 8; i++) {
    g_autofree char *path = g_strdup_printf("m%d.safetensors", i), *layer = g_strdup_printf("layer%d", i);
    put_column(f, path, layer, (const float[]){1, 0, 0, 0}, NULL);
  }
  put_column(f, "n.safetensors", "layer7", (const float[]){1, 0, 0, 0}, NULL);
  scan(f);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "\"m0\"", 0);
  g_assert_cmpstr(a->cannot->pdata[0], ==, "an architecture of 2 models such as m7.safetensors: no expert was trained");
  g_assert_cmpstr(a->cannot->pdata[1], ==, "m0.safetensors: no expert was trained for it");
  g_assert_cmpstr(a->cannot->pdata[5], ==, "3 models of 3 smaller trees or architectures: no expert was trained");
  g_assert_cmpuint(a->cannot->len, ==, 6);
}

/* A model whose numbers are none is left out and named. */
static void test_broken_model(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  put_column(f, "a/m5.safetensors", "mid", (const float[]){NAN, 0, 0, 0}, NULL);
  scan(f);
  keep_first(f, NAN);
  g_autoptr(QueryIndex) index = open_index(f);
  g_autoptr(QueryAnswer) a = ask(index, "fox", 0);
  expect_hits(a, "m1 m3 m4 m2");
  g_assert_true(any_says(a->cannot, "a/m5.safetensors: layer mid is not all numbers"));
}

static void test_cancelled(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_six(f, false);
  keep_first(f, NAN);
  CancelToken token;
  cancel_token_init(&token);
  cancel_token_set(&token);
  const Progress progress = {.cancel = &token};
  g_autoptr(GError) error = NULL;
  g_autoptr(QueryIndex) index = query_index_open(f->collection, f->models, &progress, &error);
  g_assert_null(index);
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_CANCELLED);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/query", "order", test_order);
  add_test("/query", "limit", test_limit);
  add_test("/query", "limit-of-many", test_limit_of_many);
  add_test("/query", "negation", test_negation);
  add_test("/query", "like", test_like);
  add_test("/query", "doubtful", test_doubtful);
  add_test("/query", "no-doubt-without-floor", test_no_doubt_without_floor);
  add_test("/query", "filters", test_filters);
  add_test("/query", "declared", test_declared);
  add_test("/query", "short-words", test_short_words);
  add_test("/query", "no-expert", test_no_expert);
  add_test("/query", "two-experts", test_two_experts);
  add_test("/query", "trees", test_trees);
  add_test("/query", "best-speaks", test_best_speaks);
  add_test("/query", "mute-experts", test_mute_experts);
  add_test("/query", "many-silent-groups", test_many_silent_groups);
  add_test("/query", "broken-model", test_broken_model);
  add_test("/query", "cancelled", test_cancelled);
  return g_test_run();
}
