/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that are remembered: each once, the last asked last, and not more than there is room for. */
#include "session/history.h"

static void test_once(void) {
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  history_add(lines, "fox");
  history_add(lines, "owl");
  history_add(lines, "fox");
  g_assert_cmpuint(lines->len, ==, 2);
  g_assert_cmpstr(lines->pdata[0], ==, "owl");
  g_assert_cmpstr(lines->pdata[1], ==, "fox");
}

static void test_most(void) {
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (int i = 0; i < MEMORY_LINES + 3; i++) {
    g_autofree char *line = g_strdup_printf("line %d", i);
    history_add(lines, line);
  }
  g_assert_cmpuint(lines->len, ==, MEMORY_LINES);
  g_assert_cmpstr(lines->pdata[0], ==, "line 3");
  history_add(lines, "line 7");
  g_assert_cmpuint(lines->len, ==, MEMORY_LINES);
  g_assert_cmpstr(lines->pdata[0], ==, "line 3");
  g_assert_cmpstr(lines->pdata[MEMORY_LINES - 1], ==, "line 7");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/history/once", test_once);
  g_test_add_func("/history/most", test_most);
  return g_test_run();
}
