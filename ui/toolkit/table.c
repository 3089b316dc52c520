/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/table.h"

#include <math.h>
#include <string.h>

#include "core/text.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"

enum {
  MEASURED = 256, /* rows that are looked at for the widths of columns */
  NAME_MOST = 60  /* columns that a name may want at the others' cost */
};

void table_init(Table *t, const TableKind *kind) {
  *t = (Table){.kind = kind, .sorted = -1, .order = g_array_new(FALSE, FALSE, sizeof(guint))};
}

void table_clear(Table *t) { g_clear_pointer(&t->order, g_array_unref); }

guint table_at(const Table *t, int place) { return g_array_index(t->order, guint, place); }

int table_row(const Table *t) { return t->order->len ? (int)table_at(t, t->list.cursor) : -1; }

void table_select(Table *t, guint row) {
  for (guint i = 0; i < t->order->len; i++)
    if (table_at(t, (int)i) == row) list_select(&t->list, (int)i);
}

/* What a row is sorted by, found once for many comparisons. */
typedef struct {
  guint row;
  double number;
  char *text; /* a collation key, NULL: none */
} SortKey;

static int compare_keys(gconstpointer a, gconstpointer b, gpointer user) {
  const SortKey *x = a, *y = b;
  int order;
  if (isnan(x->number) != isnan(y->number)) return isnan(x->number) ? 1 : -1;
  if (!isnan(x->number)) order = (x->number < y->number) - (x->number > y->number);
  else if (!x->text || !y->text) return (x->text == NULL) - (y->text == NULL);
  else order = strcmp(x->text, y->text);
  if (*(const bool *)user) order = -order;
  return order ? order : (x->row > y->row) - (x->row < y->row);
}

static SortKey key_of(const Table *t, guint row) {
  SortKey key = {row, NAN, NULL};
  if (t->kind->number) key.number = t->kind->number(t->rows, row, t->sorted);
  if (!isnan(key.number)) return key;
  TableCell cell = {.share = NAN};
  t->kind->cell(t->rows, row, t->sorted, G_MAXINT, false, &cell);
  key.text = cell.text ? g_utf8_collate_key(cell.text, -1) : NULL;
  g_free(cell.text);
  return key;
}

static void put_in_order(Table *t) {
  guint n = t->order->len;
  for (guint i = 0; i < n; i++) g_array_index(t->order, guint, i) = i;
  if (t->sorted < 0) return;
  g_autofree SortKey *keys = g_new(SortKey, n + 1);
  for (guint i = 0; i < n; i++) keys[i] = key_of(t, i);
  g_qsort_with_data(keys, (int)n, sizeof *keys, compare_keys, &t->reverse);
  for (guint i = 0; i < n; i++) g_array_index(t->order, guint, i) = keys[i].row, g_free(keys[i].text);
}

void table_set(Table *t, const void *rows, guint n) {
  t->rows = rows;
  t->measured = false;
  g_array_set_size(t->order, n);
  put_in_order(t);
  list_resize(&t->list, (int)n);
}

void table_sort(Table *t, int column, bool reverse) {
  int here = table_row(t);
  t->sorted = column;
  t->reverse = reverse;
  put_in_order(t);
  if (here >= 0) table_select(t, (guint)here);
}

static bool can_sort(const Table *t, int column) { return t->kind->columns[column].flags & TABLE_SORTED; }

/* The next column that can be sorted by, and after the last the order in which the rows came. */
static bool sort_next(Table *t) {
  int next = -1, n = 0;
  for (int i = t->kind->n; i-- > 0;) {
    if (!can_sort(t, i)) continue;
    if (i > t->sorted) next = i;
    n++;
  }
  if (n) table_sort(t, next, false);
  return n > 0;
}

bool table_action(Table *t, Action action) {
  if (list_action(&t->list, action)) return true;
  if (action == ACTION_SORT) return sort_next(t);
  if (action != ACTION_REVERSE || t->sorted < 0) return false;
  table_sort(t, t->sorted, !t->reverse);
  return true;
}

/* The widest text of each column among the first rows: all of a short table. */
static void measure(Table *t, bool ascii) {
  if (t->measured) return;
  t->measured = true;
  for (int c = 0; c < t->kind->n; c++) {
    const TableColumn *column = &t->kind->columns[c];
    int most = column->flags & TABLE_NAME && !column->most ? NAME_MOST : MAX(column->most, column->least);
    t->needs[c] = 0;
    if (!most) continue; /* a column of another table of this kind */
    t->needs[c] = text_width(column->title);
    for (guint i = 0; i < MIN(t->order->len, (guint)MEASURED) && t->needs[c] < most; i++) {
      TableCell cell = {.share = NAN};
      t->kind->cell(t->rows, table_at(t, (int)i), c, most, ascii, &cell);
      if (cell.text) t->needs[c] = MIN(MAX(t->needs[c], text_width(cell.text)), most);
      g_free(cell.text);
    }
    if (column->flags & TABLE_BAR) t->needs[c] = most;
  }
}

/* Columns that one would still like: as its texts need, a name of any length, others up to their most. */
static int wanted(const TableColumn *c, const int *needs, int i, TablePlace place) {
  bool name = c->flags & TABLE_NAME;
  int most = name && !c->most ? G_MAXINT : MAX(c->most, c->least);
  int need = needs ? needs[i] : name ? c->least : most;
  return place.columns ? MAX(MIN(need, most) - place.columns, 0) : 0;
}

/* Gives the columns what they would like beyond their least, one by one in turn, so that none starves beside a long
 * name; those to spare, which any room suits, when all the others have enough. */
static int widen(const TableColumn *columns, int n, const int *needs, bool spare, int rest, TablePlace *places) {
  for (bool more = true; more && rest > 0;) {
    more = false;
    for (int i = 0; i < n && rest > 0; i++) {
      if (!(columns[i].flags & (TABLE_BAR | TABLE_SPARE)) == spare || wanted(&columns[i], needs, i, places[i]) == 0)
        continue;
      places[i].columns++, rest--;
      more = true;
    }
  }
  return rest;
}

/* Every column that may be shown gets its least; returns what is left. */
static int place_least(const TableColumn *columns, int n, int margin, int room, TablePlace *places) {
  int rest = room - margin;
  for (int i = 0; i < n; i++)
    if (columns[i].flags & TABLE_NAME) rest -= columns[i].least;
  bool first = true;
  for (int i = 0; i < n; i++) {
    const TableColumn *c = &columns[i];
    bool name = c->flags & TABLE_NAME;
    int cost = (name ? 0 : c->least) + (first ? 0 : 1);
    bool shown = name || (c->least > 0 && room >= c->from && cost <= rest);
    places[i] = (TablePlace){0, shown ? c->least : 0};
    if (shown) rest -= cost, first = false;
  }
  return rest;
}

/* What is still left belongs to the name, wherever it stands, unless that may not be so wide. */
static void give_rest(const TableColumn *columns, int n, int rest, TablePlace *places) {
  for (int i = 0; i < n; i++) {
    if (!(columns[i].flags & TABLE_NAME)) continue;
    int most = columns[i].most ? columns[i].most : G_MAXINT;
    places[i].columns = MAX(rest > most - places[i].columns ? most : places[i].columns + rest, 1);
  }
}

void table_lay_out(const TableColumn *columns, int n, int margin, int room, const int *needs, TablePlace *places) {
  int rest = place_least(columns, n, margin, room, places);
  if (rest > 0) rest = widen(columns, n, needs, false, rest, places);
  if (rest > 0) rest = widen(columns, n, needs, true, rest, places);
  give_rest(columns, n, rest, places);
  int x = margin;
  for (int i = 0; i < n; i++) {
    places[i].x = x;
    if (places[i].columns) x += places[i].columns + 1;
  }
}

int table_column_at(const TablePlace *places, int n, int x) {
  for (int i = n; i-- > 0;)
    if (places[i].columns && x >= places[i].x - (i > 0) && x < places[i].x + places[i].columns) return i;
  return -1;
}

void table_head_draw(const TableColumn *columns, int n, const TablePlace *places, int sorted, bool reverse,
                     Cells *cells, Rect area) {
  cells_fill(cells, (Rect){area.x, area.y, area.columns, 1}, STYLE_HEADER);
  for (int i = 0; i < n; i++) {
    const TableColumn *c = &columns[i];
    int x = area.x + places[i].x, width = places[i].columns;
    if (!width) continue;
    const char *title = c->brief && text_width(c->title) > width ? c->brief : c->title;
    if (c->flags & TABLE_RIGHT) paint_right(cells, x, area.y, width, STYLE_HEADER, title);
    else paint_left(cells, x, area.y, width, STYLE_HEADER, title);
    if (i == sorted && x > area.x)
      cells_put(cells, x - 1, area.y, 1, STYLE_HEADER, glyph(cells->ascii, reverse ? GLYPH_RISING : GLYPH_FALLING));
  }
}

void table_cell_draw(const TableColumn *column, TablePlace place, const TableCell *cell, Cells *cells, int x, int y) {
  if (!place.columns) return;
  x += place.x;
  if ((column->flags & TABLE_BAR) && !isnan(cell->share)) paint_bar(cells, x, y, place.columns, cell->share);
  if (!cell->text || (column->flags & TABLE_BAR)) return;
  if (column->flags & TABLE_RIGHT) paint_right(cells, x, y, place.columns, cell->style, cell->text);
  else if (column->flags & TABLE_TAIL) paint_tail(cells, x, y, place.columns, cell->style, cell->text);
  else if (column->flags & TABLE_MIDDLE) paint_middle(cells, x, y, place.columns, cell->style, cell->text);
  else paint_left(cells, x, y, place.columns, cell->style, cell->text);
}

static void draw_cells(const TableKind *kind, const void *rows, guint row, const TablePlace *places, Cells *cells,
                       Rect area) {
  for (int c = 0; c < kind->n; c++) {
    TableCell cell = {.style = STYLE_TEXT, .share = NAN};
    if (!places[c].columns) continue;
    kind->cell(rows, row, c, places[c].columns, cells->ascii, &cell);
    table_cell_draw(&kind->columns[c], places[c], &cell, cells, area.x, area.y);
    g_free(cell.text);
  }
}

void table_row_draw(const TableKind *kind, const void *rows, guint row, Cells *cells, Rect area) {
  TablePlace places[TABLE_COLUMNS_MOST];
  table_lay_out(kind->columns, kind->n, kind->margin, area.columns, NULL, places);
  draw_cells(kind, rows, row, places, cells, area);
}

static void draw_row(const Table *t, Cells *cells, Rect area, int place, const TablePlace *places) {
  draw_cells(t->kind, t->rows, table_at(t, place), places, cells, area);
  if (place != t->list.cursor || t->passive) return;
  cells_restyle(cells, area.x, area.y, area.columns, STYLE_SELECTED);
  cells->cursor_x = area.x, cells->cursor_y = area.y;
}

/* On a wide terminal the other columns stay near a short name, so that the eye need not travel; where all names are
 * known, and none would want the room. */
static void draw_near(const Table *t, TablePlace *places) {
  enum { WIDE = 100, AIR = 24 };
  if (t->columns < WIDE || t->order->len > MEASURED) return;
  for (int i = 0, back = 0; i < t->kind->n; i++) {
    places[i].x -= back;
    bool name = t->kind->columns[i].flags & TABLE_NAME;
    int spare = name && t->needs[i] < NAME_MOST ? MAX(places[i].columns - t->needs[i] - AIR, 0) : 0;
    places[i].columns -= spare;
    back += spare;
  }
}

static void lay_out(Table *t, int columns, bool ascii, TablePlace *places) {
  measure(t, ascii);
  t->columns = columns;
  table_lay_out(t->kind->columns, t->kind->n, t->kind->margin, columns, t->needs, places);
  draw_near(t, places);
}

void table_draw(Table *t, Cells *cells, Rect area) {
  TablePlace places[TABLE_COLUMNS_MOST];
  if (area.rows <= 0) return;
  lay_out(t, area.columns, cells->ascii, places);
  table_head_draw(t->kind->columns, t->kind->n, places, t->sorted, t->reverse, cells, area);
  area.y++, area.rows--;
  list_show(&t->list, area.rows);
  for (int i = 0; i < area.rows && t->list.top + i < t->list.count; i++)
    draw_row(t, cells, (Rect){area.x, area.y + i, area.columns, 1}, t->list.top + i, places);
}

bool table_click(Table *t, int x) {
  TablePlace places[TABLE_COLUMNS_MOST];
  if (!t->columns || t->order->len == 0) return false;
  lay_out(t, t->columns, false, places);
  int column = table_column_at(places, t->kind->n, x);
  if (column < 0 || !can_sort(t, column)) return false;
  table_sort(t, column, t->sorted == column && !t->reverse);
  return true;
}

/* A title as a word in a sentence. */
static void add_value(GString *line, const char *title, const char *value) {
  g_autofree char *word = g_utf8_strdown(title, -1);
  bool twice = g_str_equal(word, value); /* "keep" under KEEP */
  g_string_append_printf(line, "%s %s%s%s", line->str[line->len - 1] == ':' ? "" : ",", twice ? "" : word,
                         twice ? "" : " ", value);
}

char *table_line(const TableKind *kind, const void *rows, guint row, bool ascii) {
  GString *line = g_string_new(NULL);
  for (int pass = 0; pass < 2; pass++)
    for (int c = 0; c < kind->n; c++) {
      TableCell cell = {.share = NAN};
      bool name = kind->columns[c].flags & TABLE_NAME;
      if (name != (pass == 0) || (kind->columns[c].flags & TABLE_BAR)) continue;
      kind->cell(rows, row, c, G_MAXINT, ascii, &cell);
      if (name) g_string_append_printf(line, "%s:", cell.text ? cell.text : "");
      else if (cell.text && *cell.text && text_width(kind->columns[c].title) > 0)
        add_value(line, kind->columns[c].title, cell.text);
      g_free(cell.text);
    }
  return g_string_free(line, FALSE);
}
