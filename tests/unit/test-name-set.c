/* SPDX-License-Identifier: Apache-2.0 */
/* Long names in little room: whatever fits fits, and names that differ look different. */
#include <string.h>

#include "core/name_set.h"
#include "numerics/rng.h"

static char *fit(const char *const *names, guint n, guint i, int columns) {
  g_autoptr(NameSet) set = name_set_new(names, n);
  return name_set_fit(set, i, columns, "…");
}

static void expect(const char *const *names, guint n, guint i, int columns, const char *want) {
  g_autofree char *have = fit(names, n, i, columns);
  g_assert_cmpstr(have, ==, want);
}

static void test_cuts(void) {
  static const char *const steps[] = {"Model-24B-Instruct-step100", "Model-24B-Instruct-step1000",
                                      "Model-24B-Instruct-step200", "other"};
  expect(steps, 4, 0, 26, "Model-24B-Instruct-step100");
  expect(steps, 4, 0, 16, "Model-2…-step100");
  expect(steps, 4, 1, 16, "Model-…-step1000");
  expect(steps, 4, 2, 16, "Model-2…-step200");
  expect(steps, 4, 3, 16, "other");
  static const char *const heads[] = {"fox-model-of-the-wood-v1", "owl-model-of-the-wood-v1"};
  expect(heads, 2, 0, 10, "fox-model…"); /* the beginning tells */
  static const char *const alone[] = {"a-very-long-name-of-one-model"};
  expect(alone, 1, 0, 10, "a-very-lo…");
  expect(alone, 1, 0, 1, "…");
  expect(alone, 1, 0, 0, "");
}

/* A character of two columns is never cut in two. */
static void test_wide(void) {
  static const char *const names[] = {"大模型微调版本测试一号甲", "大模型微调版本测试一号乙"};
  for (int columns = 0; columns < 26; columns++) {
    g_autofree char *a = fit(names, 2, 0, columns), *b = fit(names, 2, 1, columns);
    g_assert_true(g_utf8_validate(a, -1, NULL));
    g_assert_cmpint(text_width(a), <=, columns);
    if (columns >= 8) g_assert_cmpstr(a, !=, b);
  }
}

/* Names of three parts with two or three values each, cut to two thirds: those that differ in any part differ. */
static void test_apart(void) {
  static const char *const size[] = {"7B", "13B"}, *const kind[] = {"Instruct", "Base"},
                           *const step[] = {"step100", "step200", "step1000"};
  char *names[12];
  guint n = 0;
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 2; b++)
      for (int c = 0; c < 3; c++)
        names[n++] = g_strdup_printf("Example-Large-%s-%s-abliterated-by-somebody-%s", size[a], kind[b], step[c]);
  g_autoptr(NameSet) set = name_set_new((const char *const *)names, n);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < n; i++) g_hash_table_add(seen, name_set_fit(set, i, 46, "…"));
  g_assert_cmpuint(g_hash_table_size(seen), ==, n);
  for (guint i = 0; i < n; i++) g_free(names[i]);
}

/* Whatever the names, the room is kept and the text is whole. */
static void test_any(void) {
  Rng rng;
  rng_init(&rng, 5, 0);
  for (int round = 0; round < 200; round++) {
    char text[24][40];
    const char *names[24];
    for (int i = 0; i < 24; i++) {
      size_t n = rng_below(&rng, 39);
      for (size_t j = 0; j < n; j++) text[i][j] = "aab-_."[rng_below(&rng, 6)];
      text[i][n] = '\0';
      names[i] = text[i];
    }
    g_autoptr(NameSet) set = name_set_new(names, 24);
    for (guint i = 0; i < 24; i++)
      for (int columns = 0; columns < 40; columns += 3) {
        g_autofree char *cut = name_set_fit(set, i, columns, "~");
        g_assert_cmpint(text_width(cut), <=, columns);
      }
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/name-set/cuts", test_cuts);
  g_test_add_func("/name-set/wide", test_wide);
  g_test_add_func("/name-set/apart", test_apart);
  g_test_add_func("/name-set/any", test_any);
  return g_test_run();
}
