/* SPDX-License-Identifier: Apache-2.0 */
/* The files that could hold weights but are no models, and why; the experts that cannot be read. */
#include "ui/list.h"
#include "ui/paint.h"
#include "ui/view.h"

typedef struct {
  List list;
} SkippedView;

static gpointer skipped_open(Ui *ui) {
  (void)ui;
  return g_new0(SkippedView, 1);
}

static unsigned skipped_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_SKIPPED;
}

static void draw_row(Cells *cells, Rect area, int y, const Skipped *s, bool selected) {
  int path = area.columns / 2 - 1;
  paint_left(cells, area.x + 1, y, path, STYLE_TEXT, s->path);
  paint_left(cells, area.x + path + 2, y, area.columns - path - 3, STYLE_WARN, s->reason);
  if (!selected) return;
  cells_restyle(cells, area.x, y, area.columns, STYLE_SELECTED);
  cells->cursor_x = area.x, cells->cursor_y = y;
}

/* The whole of the row at hand, below the list. Returns the rows it takes. */
static int draw_whole(Cells *cells, Rect area, const Skipped *s) {
  if (area.rows < 9) return 0;
  int y = area.y + area.rows - 4;
  int used = paint_wrapped(cells, area.x + 1, y + 1, area.columns - 2, 1, STYLE_TEXT, s->path);
  paint_wrapped(cells, area.x + 1, y + 1 + used, area.columns - 2, 2, STYLE_WARN, s->reason);
  return 4;
}

static void skipped_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  SkippedView *v = view;
  const GPtrArray *all = ui->wood ? ui->wood->skipped : NULL;
  list_resize(&v->list, all ? (int)all->len : 0);
  if (!all || all->len == 0) {
    paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, 2, STYLE_DIM,
                  "Every file that could hold weights was read.");
    return;
  }
  cells_fill(cells, (Rect){area.x, area.y, area.columns, 1}, STYLE_HEADER);
  paint_left(cells, area.x + 1, area.y, area.columns / 2, STYLE_HEADER, "FILE");
  paint_left(cells, area.x + area.columns / 2 + 1, area.y, area.columns / 2 - 1, STYLE_HEADER,
             "WHY IT IS NO MODEL");
  area.y++, area.rows--;
  area.rows -= draw_whole(cells, area, all->pdata[v->list.cursor]);
  list_show(&v->list, area.rows);
  for (int i = 0; i < area.rows && v->list.top + i < v->list.count; i++) {
    int row = v->list.top + i;
    draw_row(cells, area, area.y + i, all->pdata[row], row == v->list.cursor);
  }
}

static Reaction skipped_action(Ui *ui, gpointer view, Action action) {
  (void)ui;
  if (list_action(&((SkippedView *)view)->list, action)) return REACT_HANDLED;
  return action == ACTION_LEAVE ? REACT_HANDLED | REACT_BACK : REACT_NONE;
}

static char *skipped_status(const Ui *ui, gpointer view) {
  (void)view;
  guint n = ui->wood ? ui->wood->skipped->len : 0;
  return g_strdup_printf("%u file%s skipped", n, n == 1 ? "" : "s");
}

const ViewOps view_skipped = {
    .name = "Skipped",
    .open = skipped_open,
    .close = g_free,
    .context = skipped_context,
    .draw = skipped_draw,
    .action = skipped_action,
    .status = skipped_status,
};
