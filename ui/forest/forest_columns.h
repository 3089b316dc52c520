/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the forest: the tree's lines, the name, and as many columns as there is room for. */
#pragma once

#include "core/name_set.h"
#include "lineage/forest/outline.h"
#include "ui/toolkit/cells.h"

enum { FOREST_COLUMNS = 31 };

/* The columns to show, in order. */
typedef struct {
  int n, which[FOREST_COLUMNS];
  bool standard; /* the default ones, whose widths follow the screen's */
  /* The widest name with the lines before it, and the widest text of each column, as far as they are known. */
  int name_needs, needs[FOREST_COLUMNS];
} ColumnSet;

/* A column's name in the configuration. Static text. */
const char *forest_column_name(int column);

/* The column of that name, or -1. */
int forest_column_find(const char *name);

/* Reads names between spaces or commas. False at a name that is none, which *wrong (caller frees; may be
 * NULL) gets; then the set is the default. */
bool column_set_parse(ColumnSet *set, const char *text, char **wrong);

/* The names again. The caller frees it. */
char *column_set_text(const ColumnSet *set);

/* Puts a column first, for the last ones are left out on narrow screens, or takes it out. */
void column_set_toggle(ColumnSet *set, int column);

/* The set without one column. */
ColumnSet column_set_without(const ColumnSet *set, int column);

/* How to draw a row, besides the row itself. */
typedef struct {
  const Forest *forest;
  const NameSet *names; /* of the forest's nodes */
  const char *label_key;
  const char *match;     /* part of names to bring out, or NULL */
  GHashTable *predicted; /* path -> text of the SAYS column; NULL: nothing */
  bool tagged, selected, in_range, ascii;
  bool flat; /* a list without branches: nothing can be folded */
} RowLook;

/* Makes what the set wants as wide as this row needs, if it is not yet. */
void column_set_measure(ColumnSet *set, const OutlineRow *row, const ForestNode *node, const RowLook *look);

/* What a column says of a node, or NULL; `columns` is the room there is. The caller frees it. */
char *forest_column_text(int column, const ForestNode *node, const RowLook *look, int columns);

/* Orders two nodes by a column, descending where more is more; nodes without a value come last. */
int forest_column_compare(int column, const ForestNode *a, const ForestNode *b, const RowLook *look);

/* False for columns that are ordered by numbers. */
bool forest_column_is_text(int column);

/* What any other column orders a node by, and the order of two of them, as above; NAN where it says nothing. */
double forest_column_number(int column, const ForestNode *node);
int forest_column_compare_numbers(double a, double b);

/* What a column of text orders a node by, made once for many comparisons: NULL where it says nothing. The caller
 * frees it. */
char *forest_column_key(int column, const ForestNode *node, const RowLook *look);

/* The order of two such keys; NULL comes last. */
int forest_column_compare_keys(const char *a, const char *b);

/* The lines before a name, as they are in at most `columns`, or the nearest of them behind the number of levels:
 * "⋯12 │  └─ ". The caller frees it. */
char *forest_branch_fit(const OutlineRow *row, int columns, bool ascii);

/* `sorted` is the column whose title gets the mark of an order, or -1. */
void forest_header_draw(Cells *cells, Rect area, const ColumnSet *set, int sorted, bool reverse);
/* The column of the title at x in a header of so many columns from 0 on; FOREST_COLUMNS: the name; -1: none. */
int forest_header_column(const ColumnSet *set, int columns, int x);

void forest_row_draw(Cells *cells, int x, int y, int columns, const ColumnSet *set, const OutlineRow *row,
                     const ForestNode *node, const RowLook *look);
