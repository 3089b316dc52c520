/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/copy_menu.h"
#include "ui/desk/services.h"
#include "session/file_jobs.h"
#include "ui/desk/typed.h"
#include "ui/forest/forest_view.h"

enum { LINE_BY_NAME = FOREST_COLUMNS };

static Menu *sort_menu(const ForestView *v) {
  Menu *menu = menu_new(FOREST_MENU_SORT, "Sort by", false);
  menu_add(menu, LINE_BY_NAME, 'n', "name", v->rows.sort < 0 ? "now" : NULL, false);
  for (int i = 0; i < FOREST_COLUMNS; i++) {
    bool now = v->rows.sort == i;
    menu_add(menu, i, UIKEY_NONE, forest_column_name(i), now ? "now" : NULL, false);
  }
  return menu;
}

static Menu *columns_menu(const ForestView *v) {
  Menu *menu = menu_new(FOREST_MENU_COLUMNS, "Columns", true);
  for (int i = 0; i < FOREST_COLUMNS; i++) {
    bool ticked = false;
    for (int k = 0; k < v->columns.n; k++) ticked |= v->columns.which[k] == i;
    menu_add(menu, i, UIKEY_NONE, forest_column_name(i), NULL, ticked);
  }
  return menu;
}

static Menu *group_menu(const ForestView *v) {
  static const Key keys[FAN_WAYS] = {'n', 'f', 'l', 'd'};
  Menu *menu = menu_new(FOREST_MENU_GROUP, "Gather the children of one model", false);
  for (int by = FAN_FAMILY; by <= FAN_WAYS; by++) {
    FanBy way = (FanBy)(by % FAN_WAYS); /* to leave them as they are comes last */
    g_autofree char *label = way ? g_strdup_printf("by %s", fan_by_name(way)) : g_strdup("not at all");
    menu_add(menu, (int)way, keys[way], label, v->rows.fan_by == way ? "now" : NULL, false);
  }
  return menu;
}

static void gather(Ui *ui, ForestView *v, FanBy by) {
  v->branches = false;
  if (v->rows.flat) forest_rows_order(&v->rows, false, v->rows.sort, v->rows.reverse);
  guint groups = forest_rows_gather(&v->rows, by);
  if (groups)
    ui_tell(ui, STYLE_DIM, "%u groups by %s below %u model%s; Enter opens one", groups, fan_by_name(by),
            v->rows.fans->parents, v->rows.fans->parents == 1 ? "" : "s");
  else if (by)
    ui_tell(ui, STYLE_WARN, "No model has %d children or more that a %s would gather", FAN_LEAST, fan_by_name(by));
}

void forest_menu(Ui *ui, const ForestView *v, int menu) {
  if (!v->rows.wood) return;
  if (menu == FOREST_MENU_SORT) ui_menu(ui, sort_menu(v));
  if (menu == FOREST_MENU_COLUMNS) ui_menu(ui, columns_menu(v));
  if (menu == FOREST_MENU_GROUP) ui_menu(ui, group_menu(v));
  if (menu == FOREST_MENU_COPY) ui_menu(ui, copy_menu_new(FOREST_MENU_COPY));
}

static void toggle_column(Ui *ui, ForestView *v, int column) {
  column_set_toggle(&v->columns, column);
  g_free(ui->config->columns);
  ui->config->columns = column_set_text(&v->columns);
}

void forest_menu_choose(Ui *ui, ForestView *v, int menu, int line) {
  if (menu == FOREST_MENU_SORT) {
    v->branches = false;
    forest_rows_order(&v->rows, v->rows.flat, line == LINE_BY_NAME ? -1 : line, false);
  }
  if (menu == FOREST_MENU_GROUP) gather(ui, v, (FanBy)line);
  if (menu == FOREST_MENU_COLUMNS) toggle_column(ui, v, line);
  if (menu != FOREST_MENU_COPY) return;
  g_autoptr(GPtrArray) chosen = forest_rows_chosen(&v->rows);
  copy_menu_choose(ui, line, chosen);
}

/* The tagged nodes, or all that are listed and no mere frame of others. */
static GPtrArray *nodes_to_export(const ForestView *v) {
  const ForestRows *r = &v->rows;
  if (g_hash_table_size(r->tagged)) return forest_rows_chosen(r);
  GPtrArray *nodes = g_ptr_array_new();
  for (guint i = 0; i < r->rows->len; i++) {
    const OutlineRow *row = forest_rows_row(r, (int)i);
    if (!row->dimmed && !row->group) g_ptr_array_add(nodes, r->wood->forest->nodes->pdata[row->node]);
  }
  return nodes;
}

void forest_export(Ui *ui, const ForestView *v, const char *typed) {
  if (ui->read_only) {
    ui_tell(ui, STYLE_WARN, "Read-only: nothing may be written");
    return;
  }
  if (!v->rows.wood || !*typed) return;
  GPtrArray *nodes = nodes_to_export(v);
  g_autofree char *path = typed_path(typed);
  g_autofree char *number = text_whole(nodes->len);
  ui_tell(ui, STYLE_DIM, "Writing %s model%s ...", number, nodes->len == 1 ? "" : "s");
  engine_export(&ui->engine, v->rows.wood, nodes, path, ui_on_written, ui);
}
