/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/sweep_chart.h"

#include <math.h>
#include <stdlib.h>

#include "numerics/rate.h"
#include "ui/toolkit/paint.h"

enum { CHANCE = 15, CHANCE_FROM = 60 }; /* columns of the chance, and from what width it stands there */

static int best_first(gconstpointer a, gconstpointer b) {
  const SweepBar *const *x = a, *const *y = b;
  double p = isfinite((*x)->val) ? (*x)->val : -1, q = isfinite((*y)->val) ? (*y)->val : -1;
  return (p < q) - (p > q);
}

static void draw_bar(Cells *cells, Rect area, int y, const SweepBar *b) {
  int name = MIN(area.columns / 3, 40), x = area.x + name + 1;
  char text[48];
  paint_tail(cells, area.x, y, name, b->again ? STYLE_DIM : STYLE_TEXT, b->layer);
  int chance = area.columns >= CHANCE_FROM ? CHANCE : 0, bar = MAX(area.columns - name - 22 - chance, 4);
  paint_bar(cells, x, y, bar, score_above(b->val, b->chance));
  x += bar + 1;
  if (isfinite(b->val)) {
    g_snprintf(text, sizeof text, "%3.0f %%", 100 * b->val);
    cells_put(cells, x, y, 6, STYLE_TEXT, text);
  }
  if (chance && isfinite(b->val) && isfinite(b->chance)) {
    g_snprintf(text, sizeof text, "chance %.1f %%", 100 * b->chance);
    cells_put(cells, x + 7, y, chance, STYLE_DIM, text);
  }
  if (!isfinite(b->unseen)) return;
  g_snprintf(text, sizeof text, "unseen %.0f %%", 100 * b->unseen);
  cells_put(cells, x + 7 + chance, y, 13, STYLE_DIM, text);
}

void sweep_chart_draw(SweepBoard *board, Cells *cells, Rect area) {
  pthread_mutex_lock(&board->lock);
  guint n = board->bars->len;
  g_autofree const SweepBar **order = g_new(const SweepBar *, n + 1);
  for (guint i = 0; i < n; i++) order[i] = &g_array_index(board->bars, SweepBar, i);
  qsort(order, n, sizeof *order, best_first);
  g_autofree char *head = g_strdup_printf("%u of %u layers, best validation first", n, MAX(board->total, n));
  paint_left(cells, area.x, area.y, area.columns, STYLE_LABEL, head);
  for (guint i = 0; i < n && (int)i < area.rows - 1; i++) draw_bar(cells, area, area.y + 1 + (int)i, order[i]);
  pthread_mutex_unlock(&board->lock);
}
