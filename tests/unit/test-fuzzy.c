/* SPDX-License-Identifier: Apache-2.0 */
/* Finding one of many texts by a few letters. */
#include <string.h>
#include <time.h>

#include "search/fuzzy.h"

static const char *const texts[] = {
    "checkered-lora",                       /* 0 */
    "red-fox\nbirch/red-fox",               /* 1 */
    "fox in red",                           /* 2 */
    "redwood",                              /* 3 */
    "flux-of-xenon",                        /* 4 */
    "\xe7\x8b\x90\xe3\x81\xae\xe6\x9c\xa8", /* 5 */
};

static void check(Fuzzy *f, const char *typed, const char *want) {
  guint best[G_N_ELEMENTS(texts)];
  g_autoptr(GString) got = g_string_new(NULL);
  fuzzy_type(f, typed);
  guint n = fuzzy_best(f, best, G_N_ELEMENTS(best));
  g_assert_cmpuint(n, ==, fuzzy_count(f));
  for (guint i = 0; i < n; i++) g_string_append_printf(got, "%u", best[i]);
  g_assert_cmpstr(got->str, ==, want);
}

/* Whole words first, then beginnings, then the inside of words, then letters with gaps. */
static void test_ranks(void) {
  g_autoptr(Fuzzy) f = fuzzy_new(texts, NULL, G_N_ELEMENTS(texts));
  check(f, "", "012345");
  check(f, "red", "1230");
  check(f, "Red FOX", "12"); /* all words, in any order */
  check(f, "fox red", "12");
  check(f, "fx", "124"); /* letters in their order, and near each other */
  check(f, "cklora", "0");
  check(f, "xo", "4");
  check(f, "red x", "12");
  check(f, "red xy", "");
  check(f, "\xe6\x9c\xa8", "5"); /* a script without spaces has words everywhere */
  check(f, "  ", "012345");
  check(f, "q", "");
}

/* A search goes to those that were found in the best way alone. */
static void test_marks(void) {
  g_autoptr(Fuzzy) f = fuzzy_new(texts, NULL, G_N_ELEMENTS(texts));
  guint8 marks[G_N_ELEMENTS(texts)];
  g_assert_cmpuint(fuzzy_mark(f, marks), ==, 0);
  fuzzy_type(f, "red");
  g_assert_cmpuint(fuzzy_mark(f, marks), ==, 3); /* not the one that is checkered */
  g_assert_cmpuint(marks[0], ==, 0);
  fuzzy_type(f, "ered");
  g_assert_cmpuint(fuzzy_mark(f, marks), ==, 1);
  g_assert_cmpuint(marks[0], ==, 1);
  fuzzy_type(f, "fx");
  g_assert_cmpuint(fuzzy_mark(f, marks), ==, 3);
}

/* Letter by letter or at once: the same. */
static void test_narrowing(void) {
  static const char typed[] = "red fo";
  g_autoptr(Fuzzy) slow = fuzzy_new(texts, NULL, G_N_ELEMENTS(texts));
  for (gsize n = 1; n < sizeof typed; n++) {
    g_autofree char *part = g_strndup(typed, n);
    g_autoptr(Fuzzy) once = fuzzy_new(texts, NULL, G_N_ELEMENTS(texts));
    fuzzy_type(slow, part);
    fuzzy_type(once, part);
    guint a[2], b[2];
    g_assert_cmpuint(fuzzy_count(slow), ==, fuzzy_count(once));
    guint k = fuzzy_best(slow, a, 2);
    g_assert_cmpuint(k, ==, fuzzy_best(once, b, 2));
    g_assert_cmpmem(a, k * sizeof *a, b, k * sizeof *b);
  }
  fuzzy_type(slow, "re"); /* letters taken back widen it again */
  g_assert_cmpuint(fuzzy_count(slow), ==, 4);
}

/* Looked at piece by piece, and gone on typing before all were: the same as each text by itself. */
static void test_slices(void) {
  enum { MANY = 3000 };
  static const char *const typed[] = {"r", "re", "red", "red ", "red f", "red fo", "red",
                                      "x", "xe", "fl",  "",     "odd 1", "odd 17"};
  g_autofree const char **many = g_new(const char *, MANY);
  g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < MANY; i++) {
    g_ptr_array_add(own, g_strdup_printf("%s %s %u", i % 7 ? "even" : "odd", texts[i % G_N_ELEMENTS(texts)], i));
    many[i] = own->pdata[i];
  }
  for (guint patience = 0; patience < 9; patience++) {
    g_autoptr(Fuzzy) sliced = fuzzy_new(many, NULL, MANY);
    for (guint k = 0; k < G_N_ELEMENTS(typed); k++) {
      guint a[MANY], b[MANY], pieces = 0;
      guint8 found[MANY], once_found[MANY];
      fuzzy_begin(sliced, typed[k]);
      bool last = k + 1 == G_N_ELEMENTS(typed) || (k + patience) % 3 == 0;
      while (fuzzy_work(sliced, 97) && (last || pieces < patience)) pieces++;
      if (!last) continue;
      g_autoptr(Fuzzy) once = fuzzy_new(many, NULL, MANY);
      fuzzy_type(once, typed[k]);
      guint n = fuzzy_best(sliced, a, MANY);
      g_assert_cmpuint(n, ==, fuzzy_best(once, b, MANY));
      g_assert_cmpmem(a, n * sizeof *a, b, n * sizeof *b);
      g_assert_cmpuint(fuzzy_mark(sliced, found), ==, fuzzy_mark(once, once_found));
      g_assert_cmpmem(found, MANY, once_found, MANY);
    }
  }
}

/* Of very many the best few are the best, and a letter takes no longer than a frame. */
static void test_many(void) {
  enum { MANY = 100000, KEPT = 50 };
  g_autofree char **many = g_new0(char *, MANY);
  for (guint i = 0; i < MANY; i++)
    many[i] = g_strdup_printf("family-%02u-model-%06u\nhub/models/family-%02u/model-%06u\na striped red star", i % 97,
                              i, i % 97, i);
  g_autofree guint64 *letters = g_new(guint64, MANY);
  for (guint i = 0; i < MANY; i++) letters[i] = fuzzy_letters(many[i]);
  g_autoptr(Fuzzy) f = fuzzy_new((const char *const *)many, letters, MANY);
  static const char typed[] = "model-0771 star";
  double worst = 0;
  guint best[KEPT];
  for (gsize n = 1; n < sizeof typed; n++) {
    g_autofree char *part = g_strndup(typed, n);
    clock_t before = clock(); /* the processor's time: others may be at work, too */
    fuzzy_type(f, part);
    g_assert_cmpuint(fuzzy_best(f, best, KEPT), >, 0);
    worst = MAX(worst, 1000.0 * (double)(clock() - before) / CLOCKS_PER_SEC);
  }
  g_assert_cmpuint(best[0], ==, 77100);
  g_assert_true(strstr(many[best[KEPT - 1]], "0771"));
  g_test_minimized_result(worst, "milliseconds a letter over 100,000 texts, at worst: %.1f", worst);
  g_assert_cmpfloat(worst, <, 200); /* under a sanitizer, too */
  for (guint i = 0; i < MANY; i++) g_free(many[i]);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/fuzzy/ranks", test_ranks);
  g_test_add_func("/fuzzy/marks", test_marks);
  g_test_add_func("/fuzzy/narrowing", test_narrowing);
  g_test_add_func("/fuzzy/slices", test_slices);
  g_test_add_func("/fuzzy/many", test_many);
  return g_test_run();
}
