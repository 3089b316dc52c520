/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/model/layer_table.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "ui/toolkit/chart.h"
#include "ui/toolkit/glyph.h"

enum { LAYER, STATE, SHAPE_P, TYPE_P, SHAPE_X, TYPE_X, HEAT, MOVED, RANK, SIZE, SCALE, SOURCE, COLUMNS };

/* The scale of HEAT is heat()'s, which is logarithmic. */
static const TableColumn one_side[COLUMNS] = {
    [LAYER] = {"LAYER", NULL, 12, 0, 0, TABLE_NAME | TABLE_TAIL},
    [STATE] = {"STATE", NULL, 11, 0, 60, 0},
    [SHAPE_X] = {"SHAPE", NULL, 14, 0, 48, 0},
    [TYPE_X] = {"TYPE", NULL, 5, 0, 70, 0},
    [HEAT] = {"LOG", NULL, 8, 16, 76, TABLE_BAR},
    [MOVED] = {"MOVED", NULL, 8, 0, 0, TABLE_RIGHT | TABLE_SORTED},
    [RANK] = {"RANK", NULL, 4, 0, 56, TABLE_RIGHT},
};

/* An adapter whose base is not here: what it changes by itself. */
static const TableColumn adapter_alone[COLUMNS] = {
    [LAYER] = {"LAYER", NULL, 12, 0, 0, TABLE_NAME | TABLE_TAIL},
    [SHAPE_X] = {"SHAPE", NULL, 14, 0, 48, 0},
    [TYPE_X] = {"TYPE", NULL, 5, 0, 70, 0},
    [SIZE] = {"SIZE", NULL, 8, 0, 0, TABLE_RIGHT | TABLE_SORTED},
    [SCALE] = {"SCALE", NULL, 6, 0, 56, TABLE_RIGHT},
    [SOURCE] = {"SCALE FROM", NULL, 10, 24, 76, 0},
};

static const TableColumn two_sides[COLUMNS] = {
    [LAYER] = {"LAYER", NULL, 12, 0, 0, TABLE_NAME | TABLE_TAIL},
    [STATE] = {"STATE", NULL, 11, 0, 0, 0},
    [SHAPE_P] = {"BEFORE", NULL, 14, 0, 92, 0},
    [TYPE_P] = {"TYPE", NULL, 5, 0, 104, 0},
    [SHAPE_X] = {"HERE", NULL, 14, 0, 92, 0},
    [TYPE_X] = {"TYPE", NULL, 5, 0, 104, 0},
    [HEAT] = {"LOG", NULL, 8, 16, 76, TABLE_BAR},
    [MOVED] = {"MOVED", NULL, 8, 0, 0, TABLE_RIGHT | TABLE_SORTED},
    [RANK] = {"RANK", NULL, 4, 0, 56, TABLE_RIGHT},
};

static const DiffRow *row_of(const void *rows, guint row) { return &g_array_index((const GArray *)rows, DiffRow, row); }

/* What a row is ranked by: what cannot be compared differs most. */
static double weight(const DiffRow *r) {
  if (isfinite(r->relative)) return r->relative;
  return r->state == LAYER_OTHER_SHAPE || r->state == LAYER_ONLY_P || r->state == LAYER_ONLY_X ? INFINITY : -1;
}

static double layer_number(const void *rows, guint row, int column) {
  if (column == SIZE) return row_of(rows, row)->distance;
  return column == MOVED ? weight(row_of(rows, row)) : NAN;
}

/* "768 x 3072", with the rank of low-rank layers: "768 x 768 r16". The caller frees it. */
static char *side_text(const LayerSide *s) {
  if (!s->d_out) return g_strdup("");
  if (s->form == LAYER_LOW_RANK)
    return g_strdup_printf("%" PRIu64 "x%" PRIu64 " r%" PRIu64, s->d_out, s->d_in, s->rank);
  return g_strdup_printf("%" PRIu64 "x%" PRIu64, s->d_out, s->d_in);
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

static char *rank_text(unsigned rank) {
  if (!rank) return NULL;
  return g_strdup_printf(rank >= RANK_PROBES ? "%u+" : "%u", MIN(rank, (unsigned)RANK_PROBES));
}

static char *type_text(const LayerSide *s) { return s->d_out ? g_strdup(dtype_name(s->dtype)) : NULL; }

/* Bytes that the name is shorter without: of what all names begin with ("down_blocks.0."), among rows all over the
 * table, as many parts as make the longest of them fit, or all. */
static gsize common_beginning(const void *rows, const char *name, int width) {
  enum { LOOKED_AT = 256 };
  guint n = ((const GArray *)rows)->len;
  gsize same = strlen(name), longest = 0, cut = 0;
  for (guint i = 0; i < n; i += MAX(n / LOOKED_AT, 1)) {
    const char *other = row_of(rows, i)->name;
    gsize k = 0;
    while (k < same && name[k] == other[k]) k++;
    same = k, longest = MAX(longest, strlen(other));
  }
  for (gsize k = 1; k <= same && name[k]; k++)
    if (name[k - 1] == '.' && (!cut || longest - cut + 1 > (gsize)width)) cut = k;
  return cut;
}

/* A layer's name; where there is no room, without what the names of all layers begin with. The caller frees it. */
static char *name_text(const void *rows, guint row, int width, bool ascii) {
  const char *name = row_of(rows, row)->name;
  gsize cut = text_width(name) > width ? common_beginning(rows, name, width) : 0;
  return cut ? g_strconcat(glyph(ascii, GLYPH_ELLIPSIS), name + cut, NULL) : g_strdup(name);
}

static void layer_cell(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell) {
  const DiffRow *r = row_of(rows, row);
  switch (column) {
    case LAYER:
      cell->text = name_text(rows, row, width, ascii);
      if (r->state == LAYER_SAME) cell->style = STYLE_DIM;
      return;
    case STATE:
      cell->text = g_strdup(layer_state_name(r->state));
      cell->style = state_style(r->state);
      return;
    case SHAPE_P:
    case SHAPE_X:
      cell->text = side_text(column == SHAPE_P ? &r->p : &r->x);
      cell->style = STYLE_DIM;
      return;
    case TYPE_P:
    case TYPE_X:
      cell->text = type_text(column == TYPE_P ? &r->p : &r->x);
      cell->style = STYLE_DIM;
      return;
    case HEAT:
      cell->share = isfinite(r->relative) ? heat(r->relative) : NAN;
      return;
    case SIZE:
      cell->text = isfinite(r->distance) ? g_strdup_printf("%.3g", r->distance) : NULL;
      return;
    case SCALE:
      cell->text = isfinite(r->scale) ? g_strdup_printf("%.3g", r->scale) : NULL;
      return;
    case SOURCE:
      if (isfinite(r->scale)) cell->text = g_strdup(r->scale_source ? r->scale_source : "nobody: it is 1");
      cell->style = STYLE_DIM;
      return;
    case MOVED:
      cell->text = isfinite(r->relative) ? g_strdup_printf("%.3g", r->relative) : NULL;
      return;
    default:
      cell->text = rank_text(r->rank);
      cell->style = STYLE_DIM;
  }
}

static const TableKind kinds[] = {{one_side, COLUMNS, 1, layer_cell, layer_number},
                                  {two_sides, COLUMNS, 1, layer_cell, layer_number},
                                  {adapter_alone, COLUMNS, 1, layer_cell, layer_number}};

enum { ONE_SIDE, TWO_SIDES, ALONE };

/* True when some row is a change that stands beside nothing. */
static bool is_alone(const ModelDiff *diff) {
  for (guint i = 0; diff && i < diff->rows->len; i++)
    if (isfinite(row_of(diff->rows, i)->scale)) return true;
  return false;
}

void layer_table_init(LayerTable *t, bool both) {
  *t = (LayerTable){0};
  table_init(&t->table, &kinds[both]);
}

void layer_table_clear(LayerTable *t) {
  table_clear(&t->table);
  g_free(t->search);
}

void layer_table_set(LayerTable *t, const ModelDiff *diff) {
  t->diff = diff;
  if (t->table.kind != &kinds[TWO_SIDES]) t->table.kind = &kinds[is_alone(diff) ? ALONE : ONE_SIDE];
  t->table.sorted = -1;
  table_set(&t->table, diff ? diff->rows : NULL, diff ? diff->rows->len : 0);
  list_select(&t->table.list, 0);
}

const DiffRow *layer_table_row(const LayerTable *t) {
  int row = table_row(&t->table);
  return row >= 0 ? row_of(t->table.rows, (guint)row) : NULL;
}

bool layer_table_action(LayerTable *t, Action action) { return table_action(&t->table, action); }

bool layer_table_find(LayerTable *t, bool here, bool back) {
  int n = t->table.list.count;
  if (!t->search || !*t->search || n == 0) return false;
  g_autofree char *want = text_fold(t->search);
  for (int i = here ? 0 : 1; i <= n; i++) {
    int at = ((t->table.list.cursor + (back ? -i : i)) % n + n) % n;
    g_autofree char *name = text_fold(row_of(t->table.rows, table_at(&t->table, at))->name);
    if (!strstr(name, want)) continue;
    list_select(&t->table.list, at);
    return true;
  }
  return false;
}

void layer_table_draw(LayerTable *t, Cells *cells, Rect area) { table_draw(&t->table, cells, area); }

void heat_strip_draw(const ModelDiff *diff, Cells *cells, int x, int y, int columns) {
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
        level < 0 ? glyph(cells->ascii, GLYPH_NOTHING) : (cells->ascii ? ascii : chart_eighths)[CLAMP(level, 0, 8)];
    cells_put(cells, x + i, y, 1, level < 0 ? STYLE_DIM : STYLE_BAR, sign);
  }
}
