/* SPDX-License-Identifier: Apache-2.0 */
/* A cloud of points seen through a window that moves and zooms. Pure geometry and drawing. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/cells.h"

typedef struct {
  const float *xy;     /* (n, 2), borrowed; NANs are left out */
  const guint8 *group; /* (n), borrowed */
  guint n;
  guint only;                      /* 1 + the group that is shown, 0: all */
  double left, right, bottom, top; /* the window, in the points' units */
  int columns, rows;               /* on screen, as last set */
  int cursor_x, cursor_y;          /* in cells, from the upper left */
} Scatter;

/* Shows all points. */
void scatter_all(Scatter *scatter);

/* Another size on screen; the cursor stays inside. */
void scatter_size(Scatter *scatter, int columns, int rows);

/* Moves the cursor; at an edge the window moves instead. */
void scatter_move(Scatter *scatter, int dx, int dy);

/* Zooms by a factor (below 1: closer), the place under the cursor staying where it is. */
void scatter_zoom(Scatter *scatter, double factor);

/* The cell of a point; false outside the window. */
bool scatter_cell(const Scatter *scatter, guint point, int *x, int *y);

/* The point nearest to the cursor and at most `reach` cells away, or -1. */
int scatter_hover(const Scatter *scatter, int reach);

/* The next point behind the cursor, row by row and round the end; -1 when there is none in the window. */
int scatter_next(const Scatter *scatter);

/* Puts the cursor on a point that is in the window. */
void scatter_point_at(Scatter *scatter, guint point);

/* Braille dots in the looks of the groups, or the groups' signs where points lie apart (`signs`) or there is
 * only ASCII. */
void scatter_draw(const Scatter *scatter, Cells *cells, int x, int y, bool signs);
