/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a model, or of two beside each other, as a table one can sort and search. */
#pragma once

#include "lineage/diff/model_diff.h"
#include "ui/toolkit/table.h"

typedef struct {
  const ModelDiff *diff; /* borrowed; NULL: none */
  Table table;
  char *search; /* or NULL */
} LayerTable;

/* `both`: with the shapes of both sides. */
void layer_table_init(LayerTable *table, bool both);
void layer_table_clear(LayerTable *table);

/* Another comparison, which must outlive the table or the next call; the cursor goes to its start. */
void layer_table_set(LayerTable *table, const ModelDiff *diff);

/* The row at hand, or NULL. */
const DiffRow *layer_table_row(const LayerTable *table);

/* Moving, sorting (ACTION_SORT: the most moved first, or as the file has them) and reversing; false when the action is none of these. */
bool layer_table_action(LayerTable *table, Action action);

/* Selects the next row whose name holds the search, from the row itself with `here`; false when none
 * does. */
bool layer_table_find(LayerTable *table, bool here, bool back);

/* A head line and the rows. */
void layer_table_draw(LayerTable *table, Cells *cells, Rect area);

/* One line: a sign for each layer or group of layers, the higher the more it moved, on a logarithmic
 * scale of four decades. */
void heat_strip_draw(const ModelDiff *diff, Cells *cells, int x, int y, int columns);
