/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/services.h"

static void told_free(gpointer data) {
  g_free(((Told *)data)->text);
  g_free(data);
}

GPtrArray *told_new(void) { return g_ptr_array_new_with_free_func(told_free); }

/* Keeps a message; one that is repeated at once is kept once. */
static void keep_told(Ui *ui) {
  enum { MOST = 200 };
  const Told *last = ui->told->len ? ui->told->pdata[ui->told->len - 1] : NULL;
  if (last && g_str_equal(last->text, ui->message)) return;
  if (ui->told->len == MOST) g_ptr_array_remove_index(ui->told, 0);
  Told *one = g_new(Told, 1);
  *one = (Told){ui->message_style, g_strdup(ui->message)};
  g_ptr_array_add(ui->told, one);
}

static void G_GNUC_PRINTF(3, 0) show(Ui *ui, Style style, const char *format, va_list args) {
  g_free(ui->message);
  ui->message = g_strdup_vprintf(format, args);
  ui->message_style = style;
}

void ui_tell(Ui *ui, Style style, const char *format, ...) {
  va_list args;
  va_start(args, format);
  show(ui, style, format, args);
  va_end(args);
  keep_told(ui);
}

void ui_hint(Ui *ui, const char *format, ...) {
  va_list args;
  va_start(args, format);
  show(ui, STYLE_DIM, format, args);
  va_end(args);
}

void ui_prompt(Ui *ui, const char *label, const char *text) {
  ui->prompt.label = label;
  ui->prompt.command = false;
  line_edit_set(&ui->prompt.edit, text);
}

void ui_menu(Ui *ui, Menu *menu) {
  menu_free(ui->menu);
  ui->menu = menu;
}

static bool ask(Ui *ui, Request request) {
  g_queue_push_tail(&ui->asked, g_memdup2(&request, sizeof request));
  return true;
}

/* A reference to what is shown as const. */
static Model *another(const Model *model) { return model_ref((Model *)model); }

bool ui_ask(Ui *ui, RequestKind kind) { return ask(ui, (Request){.kind = kind}); }

bool ui_ask_model(Ui *ui, RequestKind kind, const Model *model) {
  return ask(ui, (Request){.kind = kind, .open = {.model = another(model)}});
}

bool ui_ask_labels(Ui *ui, const Model *model) {
  return ask(ui, (Request){.kind = REQUEST_MODEL, .open = {.model = another(model), .labels = true}});
}

bool ui_ask_diff(Ui *ui, const Model *p, const Model *x) {
  return ask(ui, (Request){.kind = REQUEST_DIFF, .pair = {another(p), another(x)}});
}

bool ui_ask_compare(Ui *ui, GPtrArray *models) { return ask(ui, (Request){.kind = REQUEST_COMPARE, .models = models}); }

bool ui_ask_text(Ui *ui, RequestKind kind, char *text) { return ask(ui, (Request){.kind = kind, .text = text}); }

bool ui_ask_tags(Ui *ui, GPtrArray *models) { return ask(ui, (Request){.kind = REQUEST_TAG, .models = models}); }

bool ui_ask_answer(Ui *ui, char *question, GHashTable *scores) {
  return ask(ui, (Request){.kind = REQUEST_ANSWER, .answer = {question, scores}});
}

bool ui_ask_predicted(Ui *ui, GHashTable *predicted) {
  return ask(ui, (Request){.kind = REQUEST_PREDICTED, .predicted = predicted});
}

bool ui_on_written(gpointer user, guint64 id, gpointer result, const GError *error) {
  (void)id;
  if (error) return ui_tell(user, STYLE_BAD, "%s", error->message), true;
  g_autofree char *shown = g_filename_display_name(result);
  return ui_tell(user, STYLE_GOOD, "Written to %s", shown), true;
}

void ui_remember(Ui *ui, HistoryKind kind, const char *line) {
  history_add(ui->history[kind], line);
  if (!ui->read_only) engine_keep_history(&ui->engine, kind, ui->history[kind], NULL, NULL);
}
