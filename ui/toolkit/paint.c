/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/paint.h"

#include <math.h>
#include <string.h>

#include "core/text.h"
#include "ui/toolkit/glyph.h"

void paint_left(Cells *cells, int x, int y, int columns, Style style, const char *text) {
  if (columns <= 0) return;
  g_autofree char *fitted = text_fit(text, columns, glyph(cells->ascii, GLYPH_ELLIPSIS));
  cells_put(cells, x, y, columns, style, fitted);
}

void paint_right(Cells *cells, int x, int y, int columns, Style style, const char *text) {
  cells_put_right(cells, x + columns, y, columns, style, text);
}

void paint_tail(Cells *cells, int x, int y, int columns, Style style, const char *text) {
  int over = text_width(text) - columns;
  if (over <= 0 || columns < 2) {
    paint_left(cells, x, y, columns, style, text);
    return;
  }
  /* One column more goes for the ellipsis. */
  while (*text && over >= 0) {
    over -= text_char_width(g_utf8_get_char(text));
    text = g_utf8_next_char(text);
  }
  cells_put(cells, x, y, 1, style, glyph(cells->ascii, GLYPH_ELLIPSIS));
  cells_put(cells, x + 1, y, columns - 1, style, text);
}

void paint_middle(Cells *cells, int x, int y, int columns, Style style, const char *text) {
  if (text_width(text) <= columns || columns < 5) {
    paint_left(cells, x, y, columns, style, text);
    return;
  }
  g_autofree char *head = text_fit(text, (columns - 1) / 2, "");
  int used = cells_put(cells, x, y, columns, style, head);
  paint_tail(cells, x + used, y, columns - used, style, text);
}

void paint_bar(Cells *cells, int x, int y, int columns, double share) {
  if (columns <= 0) return;
  int filled = isfinite(share) ? (int)lround(CLAMP(share, 0, 1) * columns) : 0;
  for (int i = 0; i < columns; i++) {
    bool full = i < filled;
    cells_put(cells, x + i, y, 1, full ? STYLE_BAR : STYLE_BAR_REST,
              glyph(cells->ascii, full ? GLYPH_BAR : GLYPH_BAR_REST));
  }
}

static void paint_edge(Cells *cells, Rect a, int y, Glyph left, Glyph right) {
  cells_put(cells, a.x, y, 1, STYLE_BOX, glyph(cells->ascii, left));
  for (int x = a.x + 1; x < a.x + a.columns - 1; x++)
    cells_put(cells, x, y, 1, STYLE_BOX, glyph(cells->ascii, GLYPH_RULE));
  cells_put(cells, a.x + a.columns - 1, y, 1, STYLE_BOX, glyph(cells->ascii, right));
}

Rect paint_box(Cells *cells, Rect a, const char *title) {
  cells_fill(cells, a, STYLE_TEXT);
  paint_edge(cells, a, a.y, GLYPH_TOP_LEFT, GLYPH_TOP_RIGHT);
  paint_edge(cells, a, a.y + a.rows - 1, GLYPH_BOTTOM_LEFT, GLYPH_BOTTOM_RIGHT);
  for (int y = a.y + 1; y < a.y + a.rows - 1; y++) {
    cells_put(cells, a.x, y, 1, STYLE_BOX, glyph(cells->ascii, GLYPH_POST));
    cells_put(cells, a.x + a.columns - 1, y, 1, STYLE_BOX, glyph(cells->ascii, GLYPH_POST));
  }
  if (title && a.columns > 6) {
    g_autofree char *spaced = g_strdup_printf(" %s ", title);
    cells_put(cells, a.x + 1, a.y, a.columns - 2, STYLE_TITLE, spaced);
  }
  return (Rect){a.x + 2, a.y + 1, MAX(a.columns - 4, 0), MAX(a.rows - 2, 0)};
}

Rect rect_centre(Rect outer, int columns, int rows) {
  columns = MIN(columns, outer.columns), rows = MIN(rows, outer.rows);
  return (Rect){outer.x + (outer.columns - columns) / 2, outer.y + (outer.rows - rows) / 2, columns, rows};
}

static void value_range(const double *values, guint n, double *low, double *high) {
  *low = INFINITY, *high = -INFINITY;
  for (guint i = 0; i < n; i++) {
    if (!isfinite(values[i])) continue;
    *low = MIN(*low, values[i]), *high = MAX(*high, values[i]);
  }
}

/* The height of the curve at one of `dots` places: an average where several values fall on it, a
 * point of the line between two values where they lie further apart. NAN in a gap. */
static double sample(const double *values, guint n, int dot, int dots) {
  if (n < (guint)dots) {
    double at = dots > 1 ? (double)dot * (n - 1) / (dots - 1) : 0;
    guint left = (guint)at;
    double part = at - left;
    return part > 0 ? values[left] * (1 - part) + values[left + 1] * part : values[left];
  }
  guint from = (guint)((guint64)dot * n / (guint)dots);
  guint to = (guint)((guint64)(dot + 1) * n / (guint)dots);
  double sum = 0;
  guint counted = 0;
  for (guint i = from; i < to; i++)
    if (isfinite(values[i])) sum += values[i], counted++;
  return counted ? sum / counted : NAN;
}

guint8 braille_bit(int dx, int dy) {
  static const guint8 bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
  return bits[dy][dx];
}

static void put_cell_character(Cells *cells, int x, int y, gunichar c) {
  char text[7] = {0};
  g_unichar_to_utf8(c, text);
  cells_put(cells, x, y, 1, STYLE_BAR, text);
}

/* What a curve covers at one dot: its height and, where it is steep, the way there. Rows of dots; -1: a gap. */
typedef struct {
  int at, from;
} CurveDot;

static CurveDot curve_dot(int at, int before) {
  if (at < 0 || before < 0 || ABS(at - before) <= 1) return (CurveDot){at, at};
  return (CurveDot){at, at > before ? before + 1 : before - 1};
}

static bool covers(const CurveDot *dot, int row) {
  return dot->at >= 0 && row >= MIN(dot->at, dot->from) && row <= MAX(dot->at, dot->from);
}

static void curve_cell(Cells *cells, Rect area, int column, const CurveDot *dots, int across, int down) {
  for (int row = 0; row < area.rows; row++) {
    gunichar bits = 0;
    int ascii = 0;
    for (int k = 0; k < across * down; k++) {
      int dx = k / down, dy = k % down;
      if (!covers(&dots[dx], row * down + dy)) continue;
      bits |= braille_bit(dx, dy);
      bool end = row * down + dy == dots[dx].at;
      if (end || !ascii) ascii = end ? "'-."[MIN(dy, 2)] : '|';
    }
    gunichar sign = cells->ascii ? (gunichar)ascii : bits ? 0x2800 + bits : 0;
    if (sign) put_cell_character(cells, area.x + column, area.y + row, sign);
  }
}

void paint_curve(Cells *cells, Rect area, const double *values, guint n, double *low, double *high) {
  value_range(values, n, low, high);
  if (n == 0 || !isfinite(*low) || area.columns <= 0 || area.rows <= 0) return;
  int across = cells->ascii ? 1 : 2, down = cells->ascii ? 3 : 4;
  int count = n > 1 ? area.columns * across : 1, rows = area.rows * down, before = -1;
  double span = *high > *low ? *high - *low : 1;
  for (int column = 0; column * across < count; column++) {
    CurveDot dots[2] = {{-1, -1}, {-1, -1}};
    for (int dx = 0; dx < across && column * across + dx < count; dx++) {
      double v = sample(values, n, column * across + dx, count);
      int at = isfinite(v) ? (int)lround((*high - v) / span * (rows - 1)) : -1;
      dots[dx] = curve_dot(at, before);
      before = at;
    }
    curve_cell(cells, area, column, dots, across, down);
  }
}

/* Bytes of the next line: up to a newline, or the last space that fits. */
static gsize line_bytes(const char *text, int columns) {
  int used = 0;
  gsize last_space = 0;
  const char *p = text;
  for (; *p && *p != '\n'; p = g_utf8_next_char(p)) {
    used += text_char_width(g_utf8_get_char(p));
    if (used > columns) break;
    if (*p == ' ') last_space = (gsize)(p - text);
  }
  if (!*p || *p == '\n') return (gsize)(p - text);
  if (last_space) return last_space;
  /* Not even the first character fits: take it all the same, and so get on. */
  return p == text ? (gsize)(g_utf8_next_char(p) - text) : (gsize)(p - text);
}

int text_rows(const char *text, int columns) {
  int rows = 0;
  for (; *text && columns > 0; rows++) {
    text += line_bytes(text, columns);
    while (*text == ' ') text++;
    if (*text == '\n') text++;
  }
  return rows;
}

void paint_rule(Cells *cells, Rect area) {
  for (int x = area.x; x < area.x + area.columns; x++)
    cells_put(cells, x, area.y, 1, STYLE_BOX, glyph(cells->ascii, GLYPH_RULE));
}

int paint_wrapped(Cells *cells, int x, int y, int columns, int rows, Style style, const char *text) {
  int row = 0;
  while (*text && row < rows && columns > 0) {
    gsize n = line_bytes(text, columns);
    g_autofree char *line = g_strndup(text, n);
    cells_put(cells, x, y + row, columns, style, line);
    text += n;
    while (*text == ' ') text++;
    if (*text == '\n') text++;
    row++;
  }
  return row;
}

char *score_text(const Score *score, int columns, bool ascii) {
  double rate = score_headline(score);
  if (!isfinite(rate) || score->n == 0) return g_strdup(glyph(ascii, GLYPH_NOTHING));
  const char *name = isfinite(score->top1) ? "" : "acc ";
  g_autofree char *bare = g_strdup_printf("%.0f %%", 100 * rate);
  g_autofree char *named = g_strconcat(name, bare, NULL);
  g_autofree char *chance =
      isfinite(score->chance) ? g_strdup_printf(", chance %.1f %%", 100 * score->chance) : g_strdup("");
  g_autofree char *range =
      isfinite(score->low) && isfinite(score->high)
          ? g_strdup_printf(" %.0f%s%.0f", 100 * score->low, glyph(ascii, GLYPH_DASH), 100 * score->high)
          : g_strdup("");
  const char *const forms[][2] = {{range, chance}, {"", chance}, {range, ""}, {"", ""}};
  for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
    g_autofree char *text = g_strconcat(named, forms[i][0], forms[i][1], NULL);
    if (columns == 0 || text_width(text) <= columns) return g_steal_pointer(&text);
  }
  return g_steal_pointer(&bare);
}
