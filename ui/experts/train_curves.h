/* SPDX-License-Identifier: Apache-2.0 */
/* The curves of a training: its loss and its validation score over the epochs. */
#pragma once

#include <glib.h>

#include "ui/toolkit/cells.h"

/* One point of both. */
typedef struct {
  double epoch;       /* where it was measured, in epochs from the beginning; rising from point to point */
  double loss, score; /* score: a share of 1, NAN where none was measured */
} CurvePoint;

/* Adds a point. Points at its epoch and beyond are dropped: a training that was taken up again goes over some
 * epochs once more. */
void train_curves_add(GArray *points, CurvePoint point);

/* Draws points (of CurvePoint) on an axis of epochs that ends at `epochs`. It begins at 0, or where the first point is
 * when nothing is known of what was before. The loss is always on a logarithmic scale, and says so. Narrow areas show
 * the loss alone. The score is told with its chance (NAN: not known). */
void train_curves_draw(Cells *cells, Rect area, const GArray *points, double epochs, double chance);
