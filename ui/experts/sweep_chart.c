/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/sweep_chart.h"

#include <math.h>

#include "numerics/rate.h"
#include "ui/toolkit/paint.h"
#include "ui/toolkit/table.h"

enum { LAYER, BAR, VAL, CHANCE, UNSEEN };

static const TableColumn columns[] = {
    [LAYER] = {"LAYER", NULL, 12, 0, 0, TABLE_NAME | TABLE_TAIL}, [BAR] = {"", NULL, 8, 30, 30, TABLE_BAR},
    [VAL] = {"VAL", NULL, 6, 0, 0, TABLE_RIGHT | TABLE_SORTED},   [CHANCE] = {"CHANCE", NULL, 6, 0, 38, TABLE_RIGHT},
    [UNSEEN] = {"UNSEEN", NULL, 6, 0, 46, TABLE_RIGHT},
};

static const SweepBar *bar_at(const void *rows, guint row) {
  return &g_array_index((const GArray *)rows, SweepBar, row);
}

static char *percent(double share, int digits) {
  return isfinite(share) ? g_strdup_printf("%.*f %%", digits, 100 * share) : NULL;
}

static void sweep_cell(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell) {
  const SweepBar *b = bar_at(rows, row);
  (void)width, (void)ascii;
  if (column == LAYER) cell->text = g_strdup(b->layer);
  if (column == LAYER && b->again) cell->style = STYLE_DIM;
  /* The bar begins at chance. */
  if (column == BAR) cell->share = isfinite(b->val) ? score_above(b->val, b->chance) : 0;
  if (column == VAL) cell->text = percent(b->val, 0);
  if (column == CHANCE) cell->text = percent(b->chance, 1);
  if (column == UNSEEN) cell->text = percent(b->unseen, 0);
  if (column >= CHANCE) cell->style = STYLE_DIM;
}

static double sweep_number(const void *rows, guint row, int column) {
  return column == VAL ? bar_at(rows, row)->val : NAN;
}

static const TableKind sweep_table = {columns, G_N_ELEMENTS(columns), 0, sweep_cell, sweep_number};

/* The caller holds the board's lock as long as it draws. */
static void draw_bars(const SweepBoard *board, Cells *cells, Rect area) {
  Table table;
  table_init(&table, &sweep_table);
  table.passive = true;
  table_set(&table, board->bars, board->bars->len);
  table_sort(&table, VAL, false);
  list_select(&table.list, 0);
  table_draw(&table, cells, area);
  table_clear(&table);
}

void sweep_chart_draw(SweepBoard *board, Cells *cells, Rect area) {
  pthread_mutex_lock(&board->lock);
  guint n = board->bars->len;
  g_autofree char *head = g_strdup_printf("%u of %u layers, best validation first", n, MAX(board->total, n));
  paint_left(cells, area.x, area.y, area.columns, STYLE_LABEL, head);
  draw_bars(board, cells, (Rect){area.x, area.y + 1, area.columns, area.rows - 1});
  pthread_mutex_unlock(&board->lock);
}
