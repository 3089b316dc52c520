/* SPDX-License-Identifier: Apache-2.0 */
/* How the forest view looks: the list, the phylogram, the facts beside them. */
#include <string.h>

#include "core/text.h"
#include "ui/forest/forest_facts.h"
#include "ui/forest/forest_view.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"

enum {
  FACTS_FROM = 100, /* columns from which facts stand beside the list by themselves */
  FACTS_LEAST = 34,
  FACTS_MOST = 56
};

bool forest_facts_shown(const ForestView *v) { return v->facts == FACTS_ON || (v->facts == FACTS_AUTO && v->wide); }

/* Splits the area into the list and the facts: beside it, or below it on narrow screens. */
static void split(const ForestView *v, Rect area, Rect *list, Rect *facts) {
  *list = area;
  *facts = (Rect){0};
  if (!forest_facts_shown(v)) return;
  if (v->wide) {
    int columns = CLAMP(area.columns * 3 / 10, FACTS_LEAST, FACTS_MOST);
    list->columns = area.columns - columns - 2;
    *facts = (Rect){area.x + area.columns - columns, area.y, columns, area.rows};
  } else if (area.rows < 8) {
    /* No room for both: the facts take the list's place. */
    list->rows = 0;
    *facts = area;
  } else {
    int rows = area.rows / 2;
    list->rows = area.rows - rows - 1;
    *facts = (Rect){area.x + 1, area.y + list->rows + 1, area.columns - 2, rows};
  }
}

static void draw_border(Cells *cells, Rect list, Rect facts, bool wide) {
  if (wide)
    for (int y = facts.y; y < facts.y + facts.rows; y++)
      cells_put(cells, list.x + list.columns, y, 1, STYLE_BOX, glyph(cells->ascii, GLYPH_POST));
  else paint_rule(cells, (Rect){list.x, facts.y - 1, list.columns, 1});
}

/* Of the standard columns, the one that would be empty is left out. */
static ColumnSet shown_columns(const ForestView *v) {
  bool empty = v->columns.standard && v->rows.wood && !v->rows.wood->concepts;
  ColumnSet set = empty ? column_set_without(&v->columns, forest_column_find("concept")) : v->columns;
  set.name_needs = v->measured.name_needs;
  memcpy(set.needs, v->measured.needs, sizeof set.needs);
  return set;
}

static bool is_in_range(const ForestRows *r, int row) {
  if (r->range < 0) return false;
  return row >= MIN(r->range, r->list.cursor) && row <= MAX(r->range, r->list.cursor);
}

static RowLook look_at(const Ui *ui, const ForestView *v, int at) {
  const ForestRows *r = &v->rows;
  const OutlineRow *row = forest_rows_row(r, at);
  return (RowLook){.forest = r->wood->forest,
                   .names = r->wood->names,
                   .label_key = r->wood->label_key,
                   .match = v->search,
                   .predicted = ui->predicted,
                   .ascii = ui->ascii,
                   .flat = r->flat,
                   .tagged = g_hash_table_contains(r->tagged, GUINT_TO_POINTER(row->node)),
                   .selected = at == r->list.cursor,
                   .in_range = is_in_range(r, at)};
}

/* What names and columns need, from rows all over the list. While the models are the same it only grows: columns stand
 * still while one folds and filters. */
static void measure(const Ui *ui, ForestView *v) {
  enum { LOOKED_AT = 256 };
  const ForestRows *r = &v->rows;
  ColumnSet now = shown_columns(v);
  bool same = v->measured_wood == r->wood && v->measured_said == ui->predicted && v->measured.n == now.n &&
              memcmp(v->measured.which, now.which, sizeof *now.which * (size_t)now.n) == 0;
  if (same && v->measured_rows == r->generation) return;
  if (!same) now.name_needs = 0, memset(now.needs, 0, sizeof now.needs);
  int step = MAX(r->list.count / LOOKED_AT, 1);
  for (int at = 0; r->wood && at < r->list.count; at += step) {
    const OutlineRow *row = forest_rows_row(r, at);
    RowLook look = look_at(ui, v, at);
    if (!row->group) column_set_measure(&now, row, forest_node(r->wood->forest, row->node), &look);
  }
  v->measured = now;
  v->measured_wood = r->wood, v->measured_said = ui->predicted, v->measured_rows = r->generation;
}

/* One row of the phylogram: the lines and the name alone. */
static void draw_branch(const ForestView *v, Cells *cells, Rect area, int y, int at, const RowLook *look) {
  const ForestRows *r = &v->rows;
  const ForestNode *node = forest_node(r->wood->forest, forest_rows_row(r, at)->node);
  g_autofree char *text = phylogram_row(&v->phylogram, r, at);
  Style style = look->tagged ? STYLE_TAGGED : node->model ? STYLE_TEXT : STYLE_DIM;
  paint_left(cells, area.x + 2, y, area.columns - 2, STYLE_BRANCH, text);
  int lines = text_width(text) - text_width(node->name);
  if (lines < area.columns - 2) paint_left(cells, area.x + 2 + lines, y, area.columns - 2 - lines, style, node->name);
  if (look->tagged) cells_put(cells, area.x, y, 1, STYLE_TAGGED, glyph(cells->ascii, GLYPH_TAG));
  if (look->selected) cells_restyle(cells, area.x, y, area.columns, STYLE_SELECTED);
}

/* The head of a group: "▸ sdxl (700)". */
static void draw_group(const ForestView *v, Cells *cells, Rect area, int y, int at) {
  const ForestRows *r = &v->rows;
  OutlineRow row = *forest_rows_row(r, at);
  const FanGroup *group = r->fans->groups->pdata[row.group - 1];
  g_autofree char *branch = forest_rows_branch(r, at);
  row.branch = branch;
  g_autofree char *fitted = forest_branch_fit(&row, area.columns / 2, cells->ascii);
  int x = area.x + 2, end = area.x + area.columns;
  x += cells_put(cells, x, y, end - x, STYLE_BRANCH, fitted);
  x += cells_put(cells, x, y, end - x, STYLE_BRANCH, glyph(cells->ascii, row.folded ? GLYPH_FOLDED : GLYPH_OPEN)) + 1;
  x += cells_put(cells, x, y, end - x, STYLE_LABEL, group->name);
  g_autofree char *number = text_whole(row.descendants), *count = g_strdup_printf(" (%s)", number);
  if (x < end) cells_put(cells, x, y, end - x, STYLE_DIM, count);
  if (at != r->list.cursor) return;
  cells_restyle(cells, area.x, y, area.columns, STYLE_SELECTED);
  cells->cursor_x = area.x, cells->cursor_y = y;
}

static void draw_rows(const Ui *ui, ForestView *v, Cells *cells, Rect area) {
  ForestRows *r = &v->rows;
  ColumnSet columns = shown_columns(v);
  list_show(&r->list, area.rows);
  for (int i = 0; i < area.rows && r->list.top + i < r->list.count; i++) {
    int at = r->list.top + i;
    OutlineRow row = *forest_rows_row(r, at);
    if (row.group) {
      draw_group(v, cells, area, area.y + i, at);
      continue;
    }
    g_autofree char *branch = v->branches ? NULL : forest_rows_branch(r, at);
    row.branch = branch;
    RowLook look = look_at(ui, v, at);
    if (v->branches) draw_branch(v, cells, area, area.y + i, at, &look);
    else
      forest_row_draw(cells, area.x, area.y + i, area.columns, &columns, &row, forest_node(r->wood->forest, row.node),
                      &look);
    if (look.selected) cells->cursor_x = area.x, cells->cursor_y = area.y + i;
  }
}

static void draw_header(ForestView *v, Cells *cells, Rect area) {
  if (v->branches && v->rows.wood) {
    phylogram_set(&v->phylogram, &v->rows, area.columns - 2);
    g_autofree char *scale = phylogram_scale(&v->phylogram, cells->ascii);
    paint_left(cells, area.x + 2, area.y, area.columns - 2, STYLE_DIM, scale);
    return;
  }
  ColumnSet columns = shown_columns(v);
  forest_header_draw(cells, area, &columns, v->rows.sort, v->rows.reverse);
}

/* What to do where there is nothing. The caller frees it. */
static char *advice_empty(const Ui *ui) {
  guint skipped = ui->wood->skipped->len;
  g_autofree char *list = keymap_label(ui->keymap, ACTION_SKIPPED, IN_FOREST, 1);
  g_autofree char *again = keymap_label(ui->keymap, ACTION_RESCAN, IN_FOREST, 1);
  GString *s = g_string_new(
      "No model was found in this folder.\n\n"
      "copse reads safetensors, PyTorch, GGUF and numpy files, in folders and in archives. ");
  if (skipped)
    g_string_append_printf(s, "%u file%s could hold weights but cannot be read: %s says why. ", skipped,
                           skipped == 1 ? "" : "s", list);
  g_string_append_printf(s,
                         "%s looks again, when models have come.\n\nFor something to try things on: copse plant FOLDER "
                         "grows a collection, copse demo FOLDER trains on one, too.",
                         again);
  return g_string_free(s, FALSE);
}

/* The caller frees it. */
static char *advice_unfinished(const Ui *ui) {
  g_autofree char *again = keymap_label(ui->keymap, ACTION_RESCAN, IN_FOREST, 1);
  return g_strdup_printf("The search for models was cancelled; %s looks again.", again);
}

static void draw_empty(const Ui *ui, const ForestView *v, Cells *cells, Rect area) {
  g_autofree char *text = NULL;
  if (v->rows.filter) text = g_strdup("Nothing matches the filter. Esc removes it.");
  else if (!ui->wood) text = g_strdup("Reading the catalog ...");
  else if (ui->looking) text = g_strdup("Looking for models ...");
  else if (!ui->wood->scanned) text = advice_unfinished(ui);
  else text = advice_empty(ui);
  paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, area.rows - 1, STYLE_DIM, text);
}

/* Of the row at hand: a model, or a group of them. */
static void draw_facts(const ForestView *v, Cells *cells, Rect area) {
  const Forest *forest = v->rows.wood->forest;
  const FanGroup *group = forest_rows_group(&v->rows);
  int node = forest_rows_node(&v->rows);
  bool pane = node >= 0 && forest_node(forest, (unsigned)node)->model && side_pane_fits(area);
  if (pane) side_pane_draw(v->side, node, cells, area);
  else if (node >= 0) forest_facts_draw(cells, area, forest, node);
  if (!group) return;
  const ForestNode *parent = forest_node(forest, group->parent);
  paint_left(cells, area.x, area.y, area.columns, STYLE_TITLE, group->name);
  g_autofree char *part = text_whole(group->members), *all = text_whole(parent->children->len);
  g_autofree char *text =
      g_strdup_printf("%s of the %s children of %s, gathered by %s. Enter opens and closes the group, Space tags it.",
                      part, all, parent->name, fan_by_name(v->rows.fan_by));
  paint_wrapped(cells, area.x, area.y + 1, area.columns, area.rows - 1, STYLE_TEXT, text);
}

void forest_view_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  ForestView *v = view;
  v->wide = area.columns >= FACTS_FROM;
  Rect list, facts;
  split(v, area, &list, &facts);
  v->list_columns = list.columns;
  if (!v->branches) measure(ui, v);
  if (v->rows.list.count == 0) {
    bool nothing = ui->wood && ui->wood->scanned && !v->rows.filter;
    if (!nothing) draw_header(v, cells, area);
    draw_empty(ui, v, cells, (Rect){area.x, area.y + 1, area.columns, area.rows - 1});
    return;
  }
  if (list.rows) {
    draw_header(v, cells, list);
    draw_rows(ui, v, cells, (Rect){list.x, list.y + 1, list.columns, list.rows - 1});
  }
  if (!facts.rows) return;
  if (list.rows) draw_border(cells, list, facts, v->wide);
  draw_facts(v, cells, facts);
}

int forest_view_column_at(const ForestView *v, int x) {
  ColumnSet columns = shown_columns(v);
  return v->branches ? -1 : forest_header_column(&columns, v->list_columns, x);
}
