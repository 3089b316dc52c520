/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/expert_changes.h"

#include "session/hand_jobs.h"
#include "ui/desk/services.h"

const char expert_rename_label[] = "new name: ";

void expert_ask_delete(Ui *ui, const Expert *expert) {
  if (ui->read_only) ui_tell(ui, STYLE_WARN, "Read-only: nothing may be deleted");
  if (!expert || ui->read_only) return;
  g_autofree char *title = g_strdup_printf("Delete %s?", expert->name);
  Menu *menu = menu_new(EXPERT_MENU_DELETE, title, false);
  menu_add(menu, EXPERT_KEEP, 'k', "keep it", NULL, false);
  menu_add(menu, EXPERT_DELETE, 'd', "delete it", "its file goes", false);
  ui_menu(ui, menu);
}

void expert_ask_rename(Ui *ui, const Expert *expert) {
  if (ui->read_only) ui_tell(ui, STYLE_WARN, "Read-only: nothing may be renamed");
  else if (expert) ui_prompt(ui, expert_rename_label, expert->name);
}

static bool on_changed(gpointer user, guint64 id, gpointer result, const GError *error) {
  Ui *ui = user;
  (void)id;
  if (error) ui_tell(ui, STYLE_BAD, "%s", error->message);
  if (result) ui_ask(ui, REQUEST_EXPERTS);
  return true;
}

void expert_change(Ui *ui, guint row, const char *name) {
  engine_change_expert(&ui->engine, ui->opened, row, name, on_changed, ui);
}
