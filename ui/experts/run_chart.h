/* SPDX-License-Identifier: Apache-2.0 */
/* The curves of several trainings on one chart. */
#pragma once

#include <glib.h>

#include "ui/experts/curve_side.h"
#include "ui/toolkit/cells.h"

enum { RUNS_MOST = 6 }; /* as many as can be told apart */

/* One training. */
typedef struct {
  const char *name;
  const GArray *curve; /* of EpochRow */
} Run;

/* The sign and the look of the i-th run, the same in the chart and beside its name. Static text. */
const char *run_sign(guint i);
Style run_style(guint i);

/* All runs on the same axes: the share right on validation with a line at chance (NAN: none), or the loss on a
 * logarithmic scale. `signs`: as letters in place of dots, where there are no colours to tell them apart. */
void run_chart_draw(const Run *runs, guint n, CurveSide side, double chance, bool signs, Cells *cells, Rect area);
