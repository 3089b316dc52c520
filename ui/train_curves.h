/* SPDX-License-Identifier: Apache-2.0 */
/* The curves of a training: its loss and its validation score over the epochs. */
#pragma once

#include "ui/cells.h"

/* Draws `n` values of each from left to right; `epochs` is the last one's, 0 when that is not known. A loss that falls
 * by orders of magnitude is drawn on a logarithmic scale, and says so. Narrow areas show the loss alone. */
void train_curves_draw(Cells *cells, Rect area, const double *loss, const double *score, guint n, double epochs);
