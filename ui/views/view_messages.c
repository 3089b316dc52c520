/* SPDX-License-Identifier: Apache-2.0 */
/* What has been told in the status line, whole: the line of the view before, then all messages, latest first. */
#include "core/text.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/lines.h"
#include "ui/toolkit/list.h"
#include "ui/toolkit/paint.h"
#include "ui/desk/services.h"

typedef struct {
  List list;    /* the cursor is the first line on screen */
  char *before; /* the status line of the view that led here, or NULL */
} MessagesView;

static gpointer messages_open(Ui *ui) {
  (void)ui;
  return g_new0(MessagesView, 1);
}

static void messages_close(gpointer view) {
  g_free(((MessagesView *)view)->before);
  g_free(view);
}

static unsigned messages_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_MESSAGES;
}

static void add(Lines *lines, bool ascii, Style style, const char *text) {
  lines_fact(lines, glyph(ascii, GLYPH_BULLET), 2, style, text);
}

static void messages_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  MessagesView *v = view;
  g_autoptr(Lines) lines = lines_new(MAX(area.columns - 2, 8));
  if (v->before && *v->before) {
    lines_put(lines, STYLE_TEXT, v->before); /* no message, and without a bullet */
    lines_wrap(lines, 0);
    lines_gap(lines);
  }
  for (guint i = ui->told->len; i-- > 0;) {
    const Told *told = ui->told->pdata[i];
    add(lines, ui->ascii, told->style, told->text);
  }
  if (ui->told->len == 0) {
    lines_put(lines, STYLE_DIM, "No message yet.");
    lines_wrap(lines, 0);
  }
  list_resize(&v->list, MAX((int)lines->lines->len - area.rows + 1, 1));
  v->list.height = area.rows;
  lines_draw(lines, cells, (Rect){area.x + 1, area.y, area.columns - 2, area.rows}, v->list.cursor);
}

static bool messages_action(Ui *ui, gpointer view, Action action) {
  if (list_action(&((MessagesView *)view)->list, action)) return true;
  return action == ACTION_LEAVE && ui_ask(ui, REQUEST_BACK);
}

static void messages_serve(Ui *ui, gpointer view, const Request *request) {
  MessagesView *v = view;
  (void)ui;
  g_free(v->before);
  v->before = g_strdup(request->text);
}

static char *messages_status(const Ui *ui, gpointer view) {
  (void)view;
  if (ui->told->len == 0) return g_strdup("");
  return g_strdup_printf("%u message%s", ui->told->len, ui->told->len == 1 ? "" : "s");
}

const ViewOps view_messages = {
    .name = "Messages",
    .open = messages_open,
    .close = messages_close,
    .context = messages_context,
    .draw = messages_draw,
    .action = messages_action,
    .status = messages_status,
    .serve = messages_serve,
};
