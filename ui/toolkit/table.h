/* SPDX-License-Identifier: Apache-2.0 */
/* The table that all lists of the screens are: columns that get the room they need, a head that says what the rows are
 * sorted by, a list one moves in, and the same rows as lines of text. Open this first: the lower half is for whoever
 * draws a cell of its own, as the forest does with its names. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/cells.h"
#include "ui/toolkit/list.h"

enum { TABLE_COLUMNS_MOST = 32 };

/* How a column shows its texts; bits. */
enum {
  TABLE_RIGHT = 1 << 0,  /* set to the right: numbers */
  TABLE_BAR = 1 << 1,    /* a bar of the cell's share in place of a text */
  TABLE_TAIL = 1 << 2,   /* of what is too long, the end */
  TABLE_MIDDLE = 1 << 3, /* both ends */
  TABLE_NAME = 1 << 4,   /* the one that gets what the others leave; its `least` is never given away */
  TABLE_SORTED = 1 << 5, /* the rows can be sorted by it */
  TABLE_SPARE = 1 << 6   /* it grows when all others have what they want, as bars do */
};

typedef struct {
  const char *title;
  const char *brief; /* where the title has no room; NULL: it is cut */
  int least;         /* columns it has wherever it is shown */
  int most;          /* it grows to these where there is room, no wider than its texts; 0: as `least`, and of a name:
                        no end */
  int from;          /* shown in tables of so many columns and more */
  unsigned flags;
} TableColumn;

/* One cell. */
typedef struct {
  char *text; /* NULL: nothing. The table frees it */
  Style style;
  double share; /* of a bar, 0..1; NAN: none */
} TableCell;

/* What a table is of. Static. */
typedef struct {
  const TableColumn *columns;
  int n;
  int margin; /* columns left free before the first */
  /* A cell's text in at most `width` columns: it may choose a shorter form. */
  void (*cell)(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell);
  /* What a number is sorted by, NAN where there is none; NULL, or where it gives NAN for all: by the text. */
  double (*number)(const void *rows, guint row, int column);
} TableKind;

typedef struct {
  const TableKind *kind;
  const void *rows;              /* borrowed: whatever `cell` takes */
  List list;                     /* cursor and scrolling, by place in the order */
  GArray *order;                 /* of guint: rows as they are listed */
  int sorted;                    /* a column, -1: as they came */
  bool reverse;                  /* smallest, or last in the alphabet, first */
  bool passive;                  /* only looked at: no row is at hand */
  int columns;                   /* as last drawn */
  int needs[TABLE_COLUMNS_MOST]; /* widest text of each column, among the first rows */
  bool measured;
} Table;

void table_init(Table *table, const TableKind *kind);
void table_clear(Table *table);

/* Other rows, of which there are n; sorted as before. The cursor keeps its place, not its row. */
void table_set(Table *table, const void *rows, guint n);

/* The row at hand, -1 when there are none; and going to one. */
int table_row(const Table *table);
void table_select(Table *table, guint row);

/* The row that is listed at a place. */
guint table_at(const Table *table, int place);

/* Sorts by a column (-1: as they came), the row at hand staying at hand. */
void table_sort(Table *table, int column, bool reverse);

/* Moving; ACTION_SORT: by the next column that can be sorted by; ACTION_REVERSE. False when it is none of these. */
bool table_action(Table *table, Action action);

/* A click on the head at column x of the table. False when there is nothing to sort by. */
bool table_click(Table *table, int x);

/* The head and the rows. */
void table_draw(Table *table, Cells *cells, Rect area);

/* One row alone, without a head: of rows that stand between other things. */
void table_row_draw(const TableKind *kind, const void *rows, guint row, Cells *cells, Rect area);

/* A row as a line of text: "the name: layer mid.0, seen 61 %". The caller frees it. */
char *table_line(const TableKind *kind, const void *rows, guint row, bool ascii);

/* Where a column stands; 0 columns: left out. */
typedef struct {
  int x, columns;
} TablePlace;

/* Shares `room` columns among n. `needs` are the widths that texts would have, NULL: as `most`. Columns are left out
 * from the last on when all cannot have their least; what they want beyond it they get in turn, bars and
 * others that can do without last, and what is then left is the name's. */
void table_lay_out(const TableColumn *columns, int n, int margin, int room, const int *needs, TablePlace *places);

/* The column whose title stands at x, -1: none. */
int table_column_at(const TablePlace *places, int n, int x);

/* The head: titles, and the mark of the order before that of `sorted`. */
void table_head_draw(const TableColumn *columns, int n, const TablePlace *places, int sorted, bool reverse,
                     Cells *cells, Rect area);

/* A cell as its column says. */
void table_cell_draw(const TableColumn *column, TablePlace place, const TableCell *cell, Cells *cells, int x, int y);
