/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the forest: the tree's lines, the name, and as many columns as there is room for. */
#pragma once

#include "lineage/outline.h"
#include "ui/cells.h"

/* How to draw a row, besides the row itself. */
typedef struct {
  const char *label_key;
  const char *match; /* part of names to bring out, or NULL */
  bool tagged, selected;
} RowLook;

void forest_header_draw(Cells *cells, Rect area);
void forest_row_draw(Cells *cells, int x, int y, int columns, const OutlineRow *row,
                     const ForestNode *node, const RowLook *look);
