/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/hand.h"

#include <string.h>

#include "collection/model_fields.h"
#include "session/hand_jobs.h"
#include "ui/desk/services.h"

/* What the user may say of a model: the key, the prompt, what a field tells of it now. */
static const struct {
  Key letter;
  const char *key, *prompt, *help;
  ModelField field;
} facts[] = {
    {'l', "label", HAND_PROMPT "label: ", "what it was trained on", FIELD_CONCEPT},
    {'t', "tags", HAND_PROMPT "tags (a; b): ", "words of yours", FIELD_TAGS},
    {'p', "parent", HAND_PROMPT "parent (a model): ", "what it was made from", FIELD_COUNT},
    {'b', "base", HAND_PROMPT "base: ", "what it says it was made from", FIELD_BASE},
    {'f', "family", HAND_PROMPT "family: ", "its architecture", FIELD_FAMILY},
    {'i', "license", HAND_PROMPT "licence: ", "what may be done with it", FIELD_LICENSE},
    {'n', "note", HAND_PROMPT "note: ", "anything", FIELD_NOTE},
};

static char *value_now(int line, const Model *model, const char *label_key) {
  if (facts[line].field == FIELD_COUNT) return g_strdup(model_value(model, "parent_by_hand"));
  return model_field_text(model, facts[line].field, label_key);
}

Menu *hand_menu_new(int id, const Model *model, const char *label_key) {
  Menu *menu = menu_new(id, "Set by hand", false);
  for (int i = 0; i < (int)G_N_ELEMENTS(facts); i++) {
    g_autofree char *now = value_now(i, model, label_key);
    menu_add(menu, i, facts[i].letter, facts[i].key, now && *now ? now : facts[i].help, false);
  }
  return menu;
}

/* Nothing is to be written where nothing may be. */
static bool may_write(Ui *ui) {
  if (ui->read_only) ui_tell(ui, STYLE_WARN, "Read-only: nothing may be set by hand");
  return !ui->read_only && ui->wood;
}

void hand_prompt(Ui *ui, int line, const Model *model, const char *label_key) {
  if (line < 0 || line >= (int)G_N_ELEMENTS(facts) || !may_write(ui)) return;
  g_autofree char *now = value_now(line, model, label_key);
  ui_prompt(ui, facts[line].prompt, now ? now : "");
}

static bool on_set(gpointer user, guint64 id, gpointer result, const GError *error) {
  Ui *ui = user;
  (void)id;
  if (error) ui_tell(ui, STYLE_BAD, "%s", error->message);
  if (!result) return true;
  ui_ask(ui, REQUEST_SCAN);
  ui_tell(ui, STYLE_GOOD, "Kept by hand");
  return true;
}

void hand_accept(Ui *ui, Model *model, const char *text) {
  for (size_t i = 0; i < G_N_ELEMENTS(facts) && may_write(ui); i++)
    if (g_str_equal(facts[i].prompt, ui->prompt.label))
      engine_set_by_hand(&ui->engine, ui->wood, model, facts[i].key, text, on_set, ui);
}

void hand_favourite(Ui *ui, Model *model) {
  if (!may_write(ui)) return;
  g_autofree char *now = model_field_text(model, FIELD_FAVOURITE, NULL);
  engine_set_by_hand(&ui->engine, ui->wood, model, "favourite", now && *now ? "" : "yes", on_set, ui);
}
