/* SPDX-License-Identifier: Apache-2.0 */
/* What has been told in the status line, whole: the line of the view before, then all messages, latest first. */
#include "core/text.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/lines.h"
#include "ui/toolkit/list.h"
#include "ui/toolkit/paint.h"
#include "ui/desk/view.h"

typedef struct {
  List list; /* the cursor is the first line on screen */
} MessagesView;

static gpointer messages_open(Ui *ui) {
  (void)ui;
  return g_new0(MessagesView, 1);
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
  if (ui->status_before && *ui->status_before) {
    lines_put(lines, STYLE_TEXT, ui->status_before); /* no message, and without a bullet */
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

static Reaction messages_action(Ui *ui, gpointer view, Action action) {
  (void)ui;
  if (list_action(&((MessagesView *)view)->list, action)) return REACT_HANDLED;
  return action == ACTION_LEAVE ? REACT_HANDLED | REACT_BACK : REACT_NONE;
}

static char *messages_status(const Ui *ui, gpointer view) {
  (void)view;
  if (ui->told->len == 0) return g_strdup("");
  return g_strdup_printf("%u message%s", ui->told->len, ui->told->len == 1 ? "" : "s");
}

const ViewOps view_messages = {
    .name = "Messages",
    .open = messages_open,
    .close = g_free,
    .context = messages_context,
    .draw = messages_draw,
    .action = messages_action,
    .status = messages_status,
};
