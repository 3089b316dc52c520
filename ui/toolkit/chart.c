/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/chart.h"

#include <math.h>

const char *const chart_eighths[9] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/* What stands in column x: the sum of its values, or a share of one where columns are narrower. */
static double column_value(const double *values, guint n, int x, int columns) {
  guint from = (guint)((guint64)x * n / (guint)columns);
  guint to = (guint)((guint64)(x + 1) * n / (guint)columns);
  double sum = 0;
  if (to <= from) to = from + 1;
  for (guint i = from; i < to && i < n; i++)
    if (isfinite(values[i])) sum += values[i];
  return sum / (to - from);
}

static void draw_column(Cells *cells, Rect area, int x, double share) {
  int steps = (int)lround(share * area.rows * 8);
  if (share > 0 && steps == 0) steps = 1;
  for (int row = 0; row < area.rows; row++) {
    int here = CLAMP(steps - row * 8, 0, 8);
    if (!here) return;
    const char *sign = cells->ascii ? (here > 4 ? "#" : here > 2 ? ":" : ".") : chart_eighths[here];
    cells_put(cells, area.x + x, area.y + area.rows - 1 - row, 1, STYLE_BAR, sign);
  }
}

void chart_columns(Cells *cells, Rect area, const double *values, guint n) {
  double most = 0;
  if (n == 0 || area.columns <= 0 || area.rows <= 0) return;
  for (int x = 0; x < area.columns; x++) most = fmax(most, column_value(values, n, x, area.columns));
  for (int x = 0; x < area.columns && most > 0; x++)
    draw_column(cells, area, x, column_value(values, n, x, area.columns) / most);
}
