/* SPDX-License-Identifier: Apache-2.0 */
/* The picture of one screen: what views draw into, and the only way to the terminal. Whatever
 * a string holds, only printable characters without influence on the terminal get through. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "ui/toolkit/style.h"

enum { CELL_MARKS = 2 };

typedef struct {
  gunichar c;                 /* 0: the right half of a wide character */
  gunichar marks[CELL_MARKS]; /* combining characters above it, 0 when there are none */
  uint8_t width;              /* 1 or 2; 0 with c == 0 */
  uint8_t style;
} Cell;

typedef struct {
  int columns, rows;
  bool ascii;             /* replace what is not ASCII */
  int cursor_x, cursor_y; /* where the terminal's cursor rests; -1: hidden */
  bool typing;            /* the cursor marks text that is being typed */
  Cell *cells;            /* rows x columns */
} Cells;

typedef struct {
  int x, y, columns, rows;
} Rect;

Cells *cells_new(int columns, int rows, bool ascii);
void cells_free(Cells *cells);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cells, cells_free)

/* Another size; the picture is blank afterwards. */
void cells_resize(Cells *cells, int columns, int rows);

/* Fills a rectangle with spaces. Parts outside the screen are left out, here and below. */
void cells_fill(Cells *cells, Rect area, Style style);
void cells_clear(Cells *cells);

/* Draws text from column x of row y, cut at `columns` columns. Returns the columns it took.
 * Control characters, bidi controls, unassigned and private characters, invalid bytes: U+FFFD
 * ("?" with ascii), one for each. Format characters without a width are left out. */
int cells_put(Cells *cells, int x, int y, int columns, Style style, const char *text);

/* The same from the right end: the text ends before column x. */
int cells_put_right(Cells *cells, int x, int y, int columns, Style style, const char *text);

/* Gives `columns` cells of a row another style, keeping their characters. */
void cells_restyle(Cells *cells, int x, int y, int columns, Style style);

/* The cell at x, y; NULL outside. */
const Cell *cells_at(const Cells *cells, int x, int y);

/* All rows as UTF-8 text, trailing spaces left out. The caller frees it. */
char *cells_dump(const Cells *cells);

/* True when the text stands in one row. */
bool cells_contain(const Cells *cells, const char *text);

/* What stands on screen for character c, and its columns: 0 marks join the cell before, -1 is
 * left out. */
int cell_character(gunichar c, bool ascii, gunichar *shown);
