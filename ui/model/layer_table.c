/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/model/layer_table.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"

void layer_table_init(LayerTable *t) { *t = (LayerTable){.order = g_array_new(FALSE, FALSE, sizeof(guint))}; }

void layer_table_clear(LayerTable *t) {
  g_array_unref(t->order);
  g_free(t->search);
}

static const DiffRow *row_at(const LayerTable *t, guint listed) {
  return &g_array_index(t->diff->rows, DiffRow, g_array_index(t->order, guint, listed));
}

/* What a row is ranked by: what cannot be compared differs most. */
static double weight(const DiffRow *r) {
  if (isfinite(r->relative)) return r->relative;
  return r->state == LAYER_OTHER_SHAPE || r->state == LAYER_ONLY_P || r->state == LAYER_ONLY_X ? INFINITY : -1;
}

static int compare(gconstpointer a, gconstpointer b, gpointer user) {
  const LayerTable *t = user;
  guint x = *(const guint *)a, y = *(const guint *)b;
  double wx = weight(&g_array_index(t->diff->rows, DiffRow, x));
  double wy = weight(&g_array_index(t->diff->rows, DiffRow, y));
  int order = t->by_change ? (wx < wy) - (wx > wy) : 0;
  if (!order) order = (x > y) - (x < y);
  return t->reverse ? -order : order;
}

static void sort(LayerTable *t) {
  g_array_set_size(t->order, 0);
  for (guint i = 0; t->diff && i < t->diff->rows->len; i++) g_array_append_val(t->order, i);
  if (t->diff) g_array_sort_with_data(t->order, compare, t);
  list_resize(&t->list, (int)t->order->len);
}

void layer_table_set(LayerTable *t, const ModelDiff *diff) {
  t->diff = diff;
  t->list = (List){.height = t->list.height};
  sort(t);
}

const DiffRow *layer_table_row(const LayerTable *t) { return t->order->len ? row_at(t, (guint)t->list.cursor) : NULL; }

/* Sorts anew; the row at hand stays at hand. */
static void resort(LayerTable *t) {
  guint here = t->order->len ? g_array_index(t->order, guint, t->list.cursor) : 0;
  sort(t);
  for (guint i = 0; i < t->order->len; i++)
    if (g_array_index(t->order, guint, i) == here) list_select(&t->list, (int)i);
}

bool layer_table_action(LayerTable *t, Action action) {
  if (list_action(&t->list, action)) return true;
  if (action == ACTION_SORT) t->by_change = !t->by_change, t->reverse = false;
  else if (action == ACTION_REVERSE) t->reverse = !t->reverse;
  else return false;
  resort(t);
  return true;
}

bool layer_table_find(LayerTable *t, bool here, bool back) {
  int n = t->list.count;
  if (!t->search || !*t->search || n == 0) return false;
  g_autofree char *want = text_fold(t->search);
  for (int i = here ? 0 : 1; i <= n; i++) {
    int at = ((t->list.cursor + (back ? -i : i)) % n + n) % n;
    g_autofree char *name = text_fold(row_at(t, (guint)at)->name);
    if (!strstr(name, want)) continue;
    list_select(&t->list, at);
    return true;
  }
  return false;
}

/* "768 x 3072", with the rank of low-rank layers: "768 x 768 r16". The caller frees it. */
static char *side_text(const LayerSide *s) {
  if (!s->d_out) return g_strdup("");
  if (s->form == LAYER_LOW_RANK)
    return g_strdup_printf("%" PRIu64 "x%" PRIu64 " r%" PRIu64, s->d_out, s->d_in, s->rank);
  return g_strdup_printf("%" PRIu64 "x%" PRIu64, s->d_out, s->d_in);
}

/* Where each column begins; 0 columns: left out. */
typedef struct {
  int name, state, shapes[2], dtypes[2], shape, dtype, bar, bar_columns, moved, rank;
} TableColumns;

static TableColumns lay_out(Rect area, bool both) {
  TableColumns c = {.shape = 14, .dtype = 5};
  int x = area.x + area.columns, sides = both ? 2 : 1;
  if (area.columns >= 56) x -= 5, c.rank = x + 1;
  x -= 10, c.moved = x + 1;
  if (area.columns >= 76) c.bar_columns = area.columns >= 110 ? 16 : 8, x -= c.bar_columns + 1, c.bar = x + 1;
  bool dtypes = area.columns >= (both ? 104 : 70);
  bool shapes = area.columns >= (both ? 92 : 48);
  for (int s = 1; s >= 2 - sides; s--) {
    if (dtypes) x -= c.dtype + 1, c.dtypes[s] = x + 1;
    if (shapes) x -= c.shape + 1, c.shapes[s] = x + 1;
  }
  if (both || area.columns >= 60) x -= 12, c.state = x + 1;
  c.name = MAX(x - area.x - 1, 4);
  return c;
}

static void draw_head(const LayerTable *t, Cells *cells, Rect area, const TableColumns *c, bool both) {
  cells_fill(cells, (Rect){area.x, area.y, area.columns, 1}, STYLE_HEADER);
  paint_left(cells, area.x + 1, area.y, c->name, STYLE_HEADER, "LAYER");
  if (c->state) paint_left(cells, c->state, area.y, 11, STYLE_HEADER, "STATE");
  for (int s = 0; s < 2; s++) {
    if (c->shapes[s])
      paint_left(cells, c->shapes[s], area.y, c->shape, STYLE_HEADER, !both ? "SHAPE" : s ? "HERE" : "BEFORE");
    if (c->dtypes[s]) paint_left(cells, c->dtypes[s], area.y, c->dtype, STYLE_HEADER, "TYPE");
  }
  if (c->bar_columns) paint_left(cells, c->bar, area.y, c->bar_columns, STYLE_HEADER, "LOG"); /* as heat() is */
  paint_right(cells, c->moved, area.y, 8, STYLE_HEADER, "MOVED");
  if (t->by_change)
    cells_put(cells, c->moved, area.y, 1, STYLE_HEADER, glyph(cells->ascii, t->reverse ? GLYPH_RISING : GLYPH_FALLING));
  if (c->rank) paint_right(cells, c->rank, area.y, 4, STYLE_HEADER, "RANK");
}

static Style state_style(LayerState state) {
  switch (state) {
    case LAYER_OTHER_SHAPE:
    case LAYER_ONLY_P:
    case LAYER_UNCOMPUTED:
      return STYLE_WARN;
    case LAYER_UNREAD:
      return STYLE_BAD;
    case LAYER_SAME:
      return STYLE_DIM;
    default:
      return STYLE_TEXT;
  }
}

/* Relative change on a scale of four decades, 1 being a change as large as the layer. */
static double heat(double relative) {
  if (!(relative > 0)) return isnan(relative) ? NAN : 0;
  return CLAMP(1 + log10(relative) / 4, 0.05, 1);
}

static void draw_row(Cells *cells, Rect area, int y, const TableColumns *c, const DiffRow *r, bool selected) {
  const LayerSide *sides[] = {&r->p, &r->x};
  char text[24] = "";
  paint_tail(cells, area.x + 1, y, c->name, r->state == LAYER_SAME ? STYLE_DIM : STYLE_TEXT, r->name);
  if (c->state) paint_left(cells, c->state, y, 11, state_style(r->state), layer_state_name(r->state));
  for (int s = 0; s < 2; s++) {
    g_autofree char *shape = side_text(sides[s]);
    if (c->shapes[s]) paint_left(cells, c->shapes[s], y, c->shape, STYLE_TEXT, shape);
    if (c->dtypes[s] && sides[s]->d_out)
      paint_left(cells, c->dtypes[s], y, c->dtype, STYLE_DIM, dtype_name(sides[s]->dtype));
  }
  if (c->bar_columns && isfinite(r->relative)) paint_bar(cells, c->bar, y, c->bar_columns, heat(r->relative));
  if (isfinite(r->relative)) g_snprintf(text, sizeof text, "%.3g", r->relative);
  paint_right(cells, c->moved, y, 8, STYLE_TEXT, text);
  g_snprintf(text, sizeof text, r->rank >= RANK_PROBES ? "%u+" : "%u", MIN(r->rank, (unsigned)RANK_PROBES));
  if (c->rank && r->rank) paint_right(cells, c->rank, y, 4, STYLE_DIM, text);
  if (!selected) return;
  cells_restyle(cells, area.x, y, area.columns, STYLE_SELECTED);
  cells->cursor_x = area.x, cells->cursor_y = y;
}

void layer_table_draw(LayerTable *t, Cells *cells, Rect area, bool both) {
  TableColumns c = lay_out(area, both);
  draw_head(t, cells, area, &c, both);
  area.y++, area.rows--;
  list_show(&t->list, area.rows);
  for (int i = 0; i < area.rows && t->list.top + i < t->list.count; i++)
    draw_row(cells, area, area.y + i, &c, row_at(t, (guint)(t->list.top + i)), t->list.top + i == t->list.cursor);
}

void heat_strip_draw(const ModelDiff *diff, Cells *cells, int x, int y, int columns) {
  static const char *const utf8[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "%", "#"};
  guint n = 0;
  g_autofree double *heats = g_new(double, diff->rows->len + 1);
  for (guint i = 0; i < diff->rows->len; i++) {
    const DiffRow *r = &g_array_index(diff->rows, DiffRow, i);
    if (r->x.d_out) heats[n++] = heat(r->relative);
  }
  int cells_used = MIN((int)n, columns);
  for (int i = 0; i < cells_used; i++) {
    guint from = (guint)((guint64)i * n / (guint)cells_used);
    guint to = (guint)((guint64)(i + 1) * n / (guint)cells_used);
    double most = NAN;
    for (guint k = from; k < to; k++)
      if (!(most >= heats[k])) most = isnan(heats[k]) ? most : heats[k];
    int level = isnan(most) ? -1 : (int)ceil(most * 8);
    const char *sign =
        level < 0 ? glyph(cells->ascii, GLYPH_NOTHING) : (cells->ascii ? ascii : utf8)[CLAMP(level, 0, 8)];
    cells_put(cells, x + i, y, 1, level < 0 ? STYLE_DIM : STYLE_BAR, sign);
  }
}
