/* SPDX-License-Identifier: Apache-2.0 */
/* Charts out of characters: bars that stand, and clouds of points. */
#pragma once

#include <glib.h>

#include "ui/toolkit/cells.h"

/* A cell filled from below by none to eight of its eighths. */
extern const char *const chart_eighths[9];

/* Draws values[0..n) as standing bars from the bottom of the area, the largest as high as it; several values that
 * share a column are added up. Eighths of a cell, or '#' and ':' in ASCII. */
void chart_columns(Cells *cells, Rect area, const double *values, guint n);
