/* SPDX-License-Identifier: Apache-2.0 */
/* The table: who gets how much room, orders, clicks, the line of a row. */
#include <locale.h>
#include <math.h>
#include <string.h>

#include "ui/toolkit/table.h"

enum { NAME, WORD, NUMBER, BAR };

static const TableColumn columns[] = {
    [NAME] = {"NAME", NULL, 8, 0, 0, TABLE_NAME | TABLE_TAIL | TABLE_SORTED},
    [WORD] = {"A LONG TITLE", "LONG", 4, 20, 0, TABLE_SORTED},
    [NUMBER] = {"N", NULL, 3, 0, 30, TABLE_RIGHT | TABLE_SORTED},
    [BAR] = {"", NULL, 6, 10, 40, TABLE_BAR},
};

typedef struct {
  const char *name, *word;
  double number;
} Row;

static const Row rows[] = {{"delta", "four", 4}, {"alpha", "one", 1}, {"echo", "none", NAN}, {"bravo", NULL, 2}};

static void cell_of(const void *all, guint row, int column, int width, bool ascii, TableCell *cell) {
  const Row *r = &((const Row *)all)[row];
  (void)width, (void)ascii;
  if (column == NAME) cell->text = g_strdup(r->name);
  if (column == WORD) cell->text = g_strdup(r->word);
  if (column == NUMBER && isfinite(r->number)) cell->text = g_strdup_printf("%.0f", r->number);
  if (column == BAR) cell->share = r->number / 4;
}

static double number_of(const void *all, guint row, int column) {
  return column == NUMBER ? ((const Row *)all)[row].number : NAN;
}

static const TableKind kind = {columns, G_N_ELEMENTS(columns), 1, cell_of, number_of};

static int width_at(int room, int column) {
  static const int needs[] = {5, 12, 3, 10};
  TablePlace places[G_N_ELEMENTS(columns)];
  table_lay_out(columns, G_N_ELEMENTS(columns), 1, room, needs, places);
  return places[column].columns;
}

/* The columns that texts need come first, and what is left is the name's; none goes over the edge. */
static void test_room(void) {
  g_assert_cmpint(width_at(100, WORD), ==, 12);
  g_assert_cmpint(width_at(100, BAR), ==, 10);
  g_assert_cmpint(width_at(100, NAME), ==, 100 - 1 - 3 - 12 - 3 - 10);
  g_assert_cmpint(width_at(39, BAR), ==, 0);
  g_assert_cmpint(width_at(29, NUMBER), ==, 0);
  g_assert_cmpint(width_at(10, WORD), ==, 0); /* the name keeps its least */
  for (int room = 4; room < 120; room++) {
    TablePlace places[G_N_ELEMENTS(columns)];
    table_lay_out(columns, G_N_ELEMENTS(columns), 1, room, NULL, places);
    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
      if (places[i].columns && room >= 9) g_assert_cmpint(places[i].x + places[i].columns, <=, room);
  }
}

static void check_order(const Table *t, const char *want) {
  g_autoptr(GString) got = g_string_new(NULL);
  for (int i = 0; i < t->list.count; i++) g_string_append_c(got, rows[table_at(t, i)].name[0]);
  g_assert_cmpstr(got->str, ==, want);
}

/* Numbers: the largest first, those that are none last, either way; words from A on. The row at hand stays. */
static void test_orders(void) {
  Table t;
  table_init(&t, &kind);
  table_set(&t, rows, G_N_ELEMENTS(rows));
  check_order(&t, "daeb");
  table_select(&t, 1);
  table_sort(&t, NUMBER, false);
  check_order(&t, "dbae");
  g_assert_cmpint(table_row(&t), ==, 1);
  g_assert_cmpint(t.list.cursor, ==, 2);
  g_assert_true(table_action(&t, ACTION_REVERSE));
  check_order(&t, "abde");
  g_assert_true(table_action(&t, ACTION_SORT)); /* past the last: as they came */
  check_order(&t, "daeb");
  g_assert_true(table_action(&t, ACTION_SORT));
  check_order(&t, "abde");
  g_assert_true(table_action(&t, ACTION_SORT));
  check_order(&t, "deab"); /* without a word last */
  g_assert_true(table_action(&t, ACTION_DOWN));
  g_assert_false(table_action(&t, ACTION_TAG));
  table_set(&t, rows, 2);
  g_assert_cmpint(t.list.count, ==, 2);
  table_set(&t, NULL, 0);
  g_assert_cmpint(table_row(&t), ==, -1);
  table_clear(&t);
}

static void test_picture(void) {
  g_autoptr(Cells) cells = cells_new(44, 4, false);
  Table t;
  table_init(&t, &kind);
  table_set(&t, rows, G_N_ELEMENTS(rows));
  g_assert_false(table_click(&t, 3)); /* nothing was drawn yet */
  table_draw(&t, cells, (Rect){0, 0, 44, 4});
  g_assert_true(cells_contain(cells, "NAME"));
  g_assert_true(cells_contain(cells, "A LONG TITLE"));
  g_assert_false(cells_contain(cells, "bravo")); /* three rows have room */
  g_assert_true(table_click(&t, 2));
  table_draw(&t, cells, (Rect){0, 0, 44, 4});
  g_autofree char *dump = cells_dump(cells);
  g_assert_true(g_str_has_prefix(dump, "▾NAME"));
  g_assert_true(table_click(&t, 2));
  g_assert_true(t.reverse);
  g_assert_false(table_click(&t, 0));
  cells_clear(cells);
  t.passive = true;
  table_draw(&t, cells, (Rect){0, 0, 20, 4});
  g_assert_true(cells_contain(cells, "LONG"));
  g_assert_false(cells_contain(cells, "A LONG"));
  for (int y = 1; y < 4; y++) g_assert_cmpint(cells_at(cells, 0, y)->style, !=, STYLE_SELECTED);
  table_clear(&t);
}

static void test_lines(void) {
  g_autofree char *first = table_line(&kind, rows, 0, false), *last = table_line(&kind, rows, 3, false);
  g_assert_cmpstr(first, ==, "delta: a long title four, n 4");
  g_assert_cmpstr(last, ==, "bravo: n 2");
}

int main(int argc, char **argv) {
  setlocale(LC_ALL, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ui/table/room", test_room);
  g_test_add_func("/ui/table/orders", test_orders);
  g_test_add_func("/ui/table/picture", test_picture);
  g_test_add_func("/ui/table/lines", test_lines);
  return g_test_run();
}
