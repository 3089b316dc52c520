/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/cells.h"

#include <string.h>

#include "core/text.h"

Cells *cells_new(int columns, int rows, bool ascii) {
  Cells *cells = g_new0(Cells, 1);
  cells->ascii = ascii;
  cells_resize(cells, columns, rows);
  return cells;
}

void cells_free(Cells *cells) {
  if (!cells) return;
  g_free(cells->cells);
  g_free(cells);
}

void cells_resize(Cells *cells, int columns, int rows) {
  /* More than a terminal can have is a mistake, not a wish. */
  cells->columns = CLAMP(columns, 1, 2000);
  cells->rows = CLAMP(rows, 1, 2000);
  g_free(cells->cells);
  cells->cells = g_new(Cell, (size_t)cells->columns * (size_t)cells->rows);
  cells_clear(cells);
}

static Cell *cell(Cells *cells, int x, int y) { return &cells->cells[(size_t)y * (size_t)cells->columns + (size_t)x]; }

const Cell *cells_at(const Cells *cells, int x, int y) {
  if (x < 0 || y < 0 || x >= cells->columns || y >= cells->rows) return NULL;
  return &cells->cells[(size_t)y * (size_t)cells->columns + (size_t)x];
}

/* Writes one cell; a wide character that loses one of its halves leaves a space behind. */
static void set_cell(Cells *cells, int x, int y, Cell value) {
  Cell *at = cell(cells, x, y);
  if (at->width == 0 && x > 0 && value.width != 0) {
    cell(cells, x - 1, y)->c = ' ';
    cell(cells, x - 1, y)->width = 1;
  }
  if (at->width == 2 && x + 1 < cells->columns)
    *cell(cells, x + 1, y) = (Cell){.c = ' ', .width = 1, .style = at->style};
  *at = value;
}

void cells_fill(Cells *cells, Rect area, Style style) {
  int x1 = MIN(area.x + area.columns, cells->columns), y1 = MIN(area.y + area.rows, cells->rows);
  Cell blank = {.c = ' ', .width = 1, .style = (uint8_t)style};
  for (int y = MAX(area.y, 0); y < y1; y++)
    for (int x = MAX(area.x, 0); x < x1; x++) set_cell(cells, x, y, blank);
}

void cells_clear(Cells *cells) {
  Cell blank = {.c = ' ', .width = 1, .style = STYLE_TEXT};
  size_t n = (size_t)cells->columns * (size_t)cells->rows;
  for (size_t i = 0; i < n; i++) cells->cells[i] = blank;
  cells->cursor_x = cells->cursor_y = -1;
  cells->typing = false;
}

static bool is_format_override(gunichar c) {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x206f) || c == 0x200e || c == 0x200f || c == 0x061c ||
         c == 0x2028 || c == 0x2029 || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

int cell_character(gunichar c, bool ascii, gunichar *shown) {
  *shown = c;
  if (c >= ' ' && c <= '~') return 1;
  if (c == '\t' || c == '\n') *shown = c = ' ';
  GUnicodeType type = g_unichar_type(c);
  bool mark = type == G_UNICODE_NON_SPACING_MARK || type == G_UNICODE_ENCLOSING_MARK;
  if (is_format_override(c) || (!g_unichar_isprint(c) && type != G_UNICODE_FORMAT)) {
    *shown = ascii ? '?' : 0xfffd;
    return 1;
  }
  /* Variation selectors and joiners change the width of their neighbours in some terminals. */
  if ((c >= 0xfe00 && c <= 0xfe0f) || (type == G_UNICODE_FORMAT && c != 0xad)) return -1;
  if (ascii && c >= 0x80) {
    *shown = c == 0x2026 ? '~' : '?'; /* what was cut is no unknown letter */
    return mark ? -1 : 1;
  }
  if (mark) return 0;
  int width = text_char_width(c);
  return width == 0 ? -1 : width;
}

/* Adds a combining character to the cell that ends before x. */
static void add_mark(Cells *cells, int x, int y, gunichar mark) {
  while (x > 0 && cell(cells, x - 1, y)->width == 0) x--;
  if (x <= 0) return;
  Cell *base = cell(cells, x - 1, y);
  for (int i = 0; i < CELL_MARKS; i++) {
    if (base->marks[i]) continue;
    base->marks[i] = mark;
    return;
  }
}

/* The next character of text that may hold invalid bytes, each of which counts for one. */
static const char *next_character(const char *p, gunichar *c) {
  *c = g_utf8_get_char_validated(p, -1);
  if (*c == (gunichar)-1 || *c == (gunichar)-2) {
    *c = 0xfffd;
    return p + 1;
  }
  return g_utf8_next_char(p);
}

int cells_put(Cells *cells, int x, int y, int columns, Style style, const char *text) {
  if (y < 0 || y >= cells->rows || !text) return 0;
  int at = x, end = MIN(x + columns, cells->columns);
  for (const char *p = text; *p && at <= end;) {
    gunichar c, shown;
    p = next_character(p, &c);
    int width = cell_character(c, cells->ascii, &shown);
    if (width < 0) continue;
    if (width == 0) {
      if (at > x && at > 0) add_mark(cells, at, y, shown);
      continue;
    }
    if (at + width > end) break;
    if (at >= 0) {
      set_cell(cells, at, y, (Cell){.c = shown, .width = (uint8_t)width, .style = (uint8_t)style});
      if (width == 2) set_cell(cells, at + 1, y, (Cell){.style = (uint8_t)style});
    }
    at += width;
  }
  return at - x;
}

/* Columns that cells_put() would take. */
static int put_width(const Cells *cells, const char *text) {
  int columns = 0;
  for (const char *p = text; *p;) {
    gunichar c, shown;
    p = next_character(p, &c);
    int width = cell_character(c, cells->ascii, &shown);
    if (width > 0) columns += width;
  }
  return columns;
}

int cells_put_right(Cells *cells, int x, int y, int columns, Style style, const char *text) {
  int width = MIN(put_width(cells, text), columns);
  return cells_put(cells, x - width, y, width, style, text);
}

void cells_restyle(Cells *cells, int x, int y, int columns, Style style) {
  if (y < 0 || y >= cells->rows) return;
  int end = MIN(x + columns, cells->columns);
  for (int i = MAX(x, 0); i < end; i++) cell(cells, i, y)->style = (uint8_t)style;
}

static void dump_row(const Cells *cells, int y, GString *out) {
  gsize start = out->len, end = out->len;
  for (int x = 0; x < cells->columns; x++) {
    const Cell *at = cells_at(cells, x, y);
    if (!at->c) continue;
    g_string_append_unichar(out, at->c);
    for (int i = 0; i < CELL_MARKS && at->marks[i]; i++) g_string_append_unichar(out, at->marks[i]);
    if (at->c != ' ') end = out->len;
  }
  g_string_truncate(out, MAX(start, end));
}

char *cells_dump(const Cells *cells) {
  GString *out = g_string_new(NULL);
  for (int y = 0; y < cells->rows; y++) {
    dump_row(cells, y, out);
    g_string_append_c(out, '\n');
  }
  return g_string_free(out, FALSE);
}

bool cells_contain(const Cells *cells, const char *text) {
  g_autofree char *dump = cells_dump(cells);
  return strstr(dump, text) != NULL;
}
