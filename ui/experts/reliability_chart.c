/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/reliability_chart.h"

#include <math.h>

#include "ui/toolkit/chart.h"
#include "ui/toolkit/paint.h"

enum { SCALE = 5, BIN_LEAST = 2, BIN_MOST = 8, ROWS_LEAST = 6, HEAD_ROWS = 2, FOOT_ROWS = 2 };

/* A bar from the lowest row up, `columns` wide. */
static void draw_bar(Cells *cells, Rect in, int x, int columns, double share) {
  int steps = (int)lround(share * in.rows * 8);
  for (int row = 0; row < in.rows; row++) {
    int here = CLAMP(steps - row * 8, 0, 8);
    if (!here) return;
    for (int i = 0; i < columns; i++)
      cells_put(cells, x + i, in.y + in.rows - 1 - row, 1, STYLE_BAR, cells->ascii ? "#" : chart_eighths[here]);
  }
}

/* Where the bar would end. */
static void draw_wanted(Cells *cells, Rect in, int x, int columns, double share) {
  int row = CLAMP((int)lround(share * in.rows), 0, in.rows);
  int y = in.y + in.rows - MAX(row, 1);
  for (int i = 0; i < columns; i++) cells_put(cells, x + i, y, 1, STYLE_WARN, cells->ascii ? "=" : "━");
}

static char *count_text(size_t n) {
  return n < 1000 ? g_strdup_printf("%zu", n) : g_strdup_printf("%zuk", (n + 500) / 1000);
}

static void draw_bins(const Group *g, Cells *cells, Rect in, int width) {
  for (int b = 0; b < RELIABILITY_BINS; b++) {
    const ReliabilityBin *bin = &g->bins[b];
    int x = in.x + b * width, bar = MAX(width - 1, 1);
    if (bin->n == 0) continue;
    draw_bar(cells, in, x, bar, bin->right);
    draw_wanted(cells, in, x, bar, bin->confidence);
    g_autofree char *n = count_text(bin->n);
    if (width > 3) paint_left(cells, x, in.y + in.rows + 1, width - 1, STYLE_DIM, n);
  }
}

static void draw_axes(Cells *cells, Rect in, int width) {
  paint_right(cells, in.x - SCALE, in.y, SCALE - 1, STYLE_DIM, "100%");
  if (in.rows > 4) paint_right(cells, in.x - SCALE, in.y + in.rows / 2, SCALE - 1, STYLE_DIM, "50%");
  paint_right(cells, in.x - SCALE, in.y + in.rows - 1, SCALE - 1, STYLE_DIM, "0");
  if (width > 3) paint_right(cells, in.x - SCALE, in.y + in.rows + 1, SCALE - 1, STYLE_DIM, "n");
  for (int b = 0; b < RELIABILITY_BINS; b++) {
    g_autofree char *from = g_strdup_printf("%d", b * 10);
    paint_left(cells, in.x + b * width, in.y + in.rows, width, STYLE_DIM, from);
  }
}

void reliability_chart_draw(const Group *g, const char *title, Cells *cells, Rect area) {
  bool measured = g->score.n && isfinite(score_headline(&g->score));
  g_autofree char *rate = measured ? score_text(&g->score, 0, cells->ascii) : g_strdup("not measured");
  g_autofree char *head = g_strdup_printf("%s: %s", title, rate);
  paint_left(cells, area.x, area.y, area.columns, STYLE_LABEL, head);
  int width = MIN((area.columns - SCALE) / RELIABILITY_BINS, BIN_MOST);
  Rect in = {area.x + SCALE, area.y + HEAD_ROWS, area.columns - SCALE, area.rows - HEAD_ROWS - FOOT_ROWS};
  if (!measured || width < BIN_LEAST || area.rows < ROWS_LEAST) return;
  g_autofree char *gap = g_strdup_printf("%u tries, off by %.1f %% in the mean", g->score.n, 100 * g->ece);
  paint_left(cells, area.x, area.y + 1, area.columns, STYLE_DIM, gap);
  draw_axes(cells, in, width);
  draw_bins(g, cells, in, width);
}
