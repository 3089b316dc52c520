/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/picture.h"

#include <string.h>

#include "ui/toolkit/paint.h"
#include "ui/toolkit/style_rgb.h"

/* Of a cell, and around them all; in pixels. */
enum { CELL_W = 10, CELL_H = 20, PAD = 16, BASE = 15, FONT = 16 };

typedef struct {
  GString *out;
  const Cells *cells;
  Scheme scheme;
  int paper, ink; /* 0xRRGGBB */
} Picture;

static int mix(int a, int b, double share) {
  int out = 0;
  for (int shift = 0; shift <= 16; shift += 8) {
    int x = (a >> shift) & 255, y = (b >> shift) & 255;
    out |= (int)(x + (y - x) * share + 0.5) << shift;
  }
  return out;
}

/* What a cell looks like in the end. */
typedef struct {
  int ink, paper;
  bool bold, underline;
} Paint;

static Paint paint_of(const Picture *p, Style style) {
  Look look = style_look(p->scheme, style);
  Paint paint = {p->ink, p->paper, look.attributes & LOOK_BOLD, look.attributes & LOOK_UNDERLINE};
  int fg, bg;
  if (style_rgb(p->scheme, style, &fg, &bg)) paint.ink = fg;
  if (bg >= 0) paint.paper = bg;
  if (look.attributes & LOOK_DIM) paint.ink = mix(paint.ink, paint.paper, 0.38);
  if (look.attributes & LOOK_REVERSE) paint.ink = mix(p->ink, 0xffffff, 0.4), paint.paper = mix(p->paper, p->ink, 0.28);
  return paint;
}

static void rect(const Picture *p, double x, double y, double w, double h, int colour, double alpha) {
  g_string_append_printf(p->out, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"#%06x\"", x, y, w, h,
                         (unsigned)colour);
  if (alpha < 1) g_string_append_printf(p->out, " fill-opacity=\"%g\"", alpha);
  g_string_append(p->out, "/>\n");
}

static void braille(const Picture *p, double x, double y, gunichar c, int colour) {
  for (int row = 0; row < 4; row++)
    for (int column = 0; column < 2; column++)
      if ((c - 0x2800) & braille_bit(column, row))
        g_string_append_printf(p->out, "<circle cx=\"%g\" cy=\"%g\" r=\"1.7\" fill=\"#%06x\"/>\n",
                               x + CELL_W * (0.25 + 0.5 * column), y + CELL_H * (0.125 + 0.25 * row), (unsigned)colour);
}

/* Lines between cells: from the middle to the sides that are named. */
static void box(const Picture *p, double x, double y, const char *sides, double thick, int colour) {
  double cx = x + CELL_W / 2.0, cy = y + CELL_H / 2.0, half = thick / 2;
  if (strchr(sides, 'l')) rect(p, x, cy - half, CELL_W / 2.0 + half, thick, colour, 1);
  if (strchr(sides, 'r')) rect(p, cx - half, cy - half, CELL_W / 2.0 + half, thick, colour, 1);
  if (strchr(sides, 'u')) rect(p, cx - half, y, thick, CELL_H / 2.0 + half, colour, 1);
  if (strchr(sides, 'd')) rect(p, cx - half, cy - half, thick, CELL_H / 2.0 + half, colour, 1);
}

/* Draws what is a shape and no letter; false for a letter. */
static bool shape(const Picture *p, double x, double y, gunichar c, int colour) {
  static const struct {
    gunichar c;
    const char *sides;
    double thick;
  } boxes[] = {{0x2500, "lr", 1.2},  {0x2502, "ud", 1.2},  {0x250c, "rd", 1.2},
               {0x2510, "ld", 1.2},  {0x2514, "ru", 1.2},  {0x2518, "lu", 1.2},
               {0x251c, "rud", 1.2}, {0x2524, "lud", 1.2}, {0x2501, "lr", 2.6}};
  if (c >= 0x2800 && c <= 0x28ff) return braille(p, x, y, c, colour), true;
  if (c >= 0x2581 && c <= 0x2588) {
    double h = CELL_H * (double)(c - 0x2580) / 8;
    return rect(p, x, y + CELL_H - h, CELL_W, h, colour, 1), true;
  }
  if (c == 0x2591) return rect(p, x, y, CELL_W, CELL_H, colour, 0.3), true;
  if (c == 0x2504) return rect(p, x + 2, y + CELL_H / 2.0 - 0.6, CELL_W - 4, 1.2, colour, 1), true;
  for (size_t i = 0; i < G_N_ELEMENTS(boxes); i++)
    if (boxes[i].c == c) return box(p, x, y, boxes[i].sides, boxes[i].thick, colour), true;
  return false;
}

/* Letters of one look, each with the place of its middle: widths are the grid's and no font's. */
typedef struct {
  GString *places, *letters;
  Paint paint;
} Run;

static void flush(const Picture *p, Run *run, int row) {
  if (run->letters->len) {
    g_autofree char *safe = g_markup_escape_text(run->letters->str, (gssize)run->letters->len);
    g_string_append_printf(p->out, "<text y=\"%d\" fill=\"#%06x\"%s x=\"%s\">%s</text>\n", PAD + row * CELL_H + BASE,
                           (unsigned)run->paint.ink, run->paint.bold ? " font-weight=\"bold\"" : "", run->places->str,
                           safe);
  }
  g_string_truncate(run->places, 0);
  g_string_truncate(run->letters, 0);
}

/* Marks above a letter would count as letters with places of their own: such a letter is a run by itself. */
static void add_letter(const Picture *p, Run *run, int row, double x, const Cell *cell, const Paint *paint) {
  if (run->paint.ink != paint->ink || run->paint.bold != paint->bold || cell->marks[0]) flush(p, run, row);
  run->paint = *paint;
  g_string_append_printf(run->places, "%s%g", run->letters->len ? " " : "", x + CELL_W * cell->width / 2.0);
  g_string_append_unichar(run->letters, cell->c);
  for (int i = 0; i < CELL_MARKS && cell->marks[i]; i++) g_string_append_unichar(run->letters, cell->marks[i]);
  if (cell->marks[0]) flush(p, run, row);
}

/* The ground of a row, in runs: single cells would leave seams. */
static void draw_ground(const Picture *p, int row) {
  for (int x = 0, end; x < p->cells->columns; x = end) {
    Paint paint = paint_of(p, (Style)cells_at(p->cells, x, row)->style);
    for (end = x; end < p->cells->columns; end++) {
      Paint next = paint_of(p, (Style)cells_at(p->cells, end, row)->style);
      if (next.paper != paint.paper || next.underline != paint.underline) break;
    }
    double left = PAD + x * CELL_W, top = PAD + row * CELL_H, width = (end - x) * CELL_W;
    if (paint.paper != p->paper) rect(p, left, top, width, CELL_H, paint.paper, 1);
    if (paint.underline) rect(p, left, top + CELL_H - 1.5, width, 1, mix(p->paper, p->ink, 0.45), 1);
  }
}

static void draw_row(const Picture *p, int row) {
  g_autoptr(GString) places = g_string_new(NULL), letters = g_string_new(NULL);
  Run run = {places, letters, {0, 0, false, false}};
  draw_ground(p, row);
  for (int x = 0; x < p->cells->columns; x++) {
    const Cell *cell = cells_at(p->cells, x, row);
    if (!cell->width || cell->c == ' ') continue;
    Paint paint = paint_of(p, (Style)cell->style);
    double left = PAD + x * CELL_W, top = PAD + row * CELL_H;
    if (!shape(p, left, top, cell->c, paint.ink)) add_letter(p, &run, row, left, cell, &paint);
  }
  flush(p, &run, row);
}

char *picture_svg(const Cells *cells, bool light) {
  int w = cells->columns * CELL_W + 2 * PAD, h = cells->rows * CELL_H + 2 * PAD;
  Picture p = {g_string_new(NULL), cells, light ? SCHEME_LIGHT : SCHEME_DARK, light ? 0xfbfaf5 : 0x16201a,
               light ? 0x24302a : 0xd9e2d6};
  g_string_append_printf(p.out,
                         "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                         "font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"%d\" "
                         "text-anchor=\"middle\">\n<rect width=\"%d\" height=\"%d\" rx=\"10\" fill=\"#%06x\"/>\n",
                         w, h, w, h, FONT, w, h, (unsigned)p.paper);
  for (int y = 0; y < cells->rows; y++) draw_row(&p, y);
  g_string_append(p.out, "</svg>\n");
  return g_string_free(p.out, FALSE);
}
