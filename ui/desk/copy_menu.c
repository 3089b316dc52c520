/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/copy_menu.h"

#include <string.h>

#include "lineage/forest/export.h"
#include "ui/desk/services.h"

static const struct {
  Key key;
  const char *label;
} lines[] = {[EXPORT_NAMES] = {'n', "name"},
             [EXPORT_PATHS] = {'p', "path"},
             [EXPORT_SHAPES] = {'h', "hash of the architecture"},
             [EXPORT_CSV] = {'c', "row as CSV"},
             [EXPORT_JSONL] = {'j', "row as JSON"}};

Menu *copy_menu_new(int id) {
  Menu *menu = menu_new(id, "Copy", false);
  for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) menu_add(menu, (int)i, lines[i].key, lines[i].label, NULL, false);
  return menu;
}

void copy_menu_choose(Ui *ui, int line, const GPtrArray *nodes) {
  if (!ui->wood || nodes->len == 0 || line < 0 || line >= (int)G_N_ELEMENTS(lines)) return;
  char *text = export_text(ui->wood->forest, nodes, (ExportFormat)line, ui->wood->label_key);
  /* One thing is pasted into a line, so it brings no end of line. */
  if (nodes->len == 1) g_strchomp(text);
  ui_ask_text(ui, REQUEST_COPY, text);
}

void copy_menu_choose_model(Ui *ui, int line, const Model *model) {
  int node = ui->wood ? forest_find(ui->wood->forest, model) : -1;
  if (node < 0) return;
  g_autoptr(GPtrArray) one = g_ptr_array_new();
  g_ptr_array_add(one, ui->wood->forest->nodes->pdata[node]);
  copy_menu_choose(ui, line, one);
}
