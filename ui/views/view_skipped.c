/* SPDX-License-Identifier: Apache-2.0 */
/* The files that could hold weights but are no models, each with the whole reason; what was read from beside them. */
#include <string.h>

#include "ui/toolkit/list.h"
#include "ui/desk/services.h"
#include "ui/toolkit/paint.h"
#include "ui/desk/view.h"

enum { INDENT = 2 };

typedef struct {
  List list;
  bool looked; /* for the model beside the file at `of` */
  int of;
  Model *beside; /* a reference, or NULL */
} SkippedView;

static gpointer skipped_open(Ui *ui) {
  (void)ui;
  return g_new0(SkippedView, 1);
}

static void skipped_close(gpointer view) {
  SkippedView *v = view;
  g_clear_pointer(&v->beside, model_unref);
  g_free(v);
}

static unsigned skipped_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_SKIPPED;
}

static const GPtrArray *skipped(const Ui *ui) { return ui->wood ? ui->wood->skipped : NULL; }

/* Where the reason stands: beside the path where it is wide, else below it. */
static Rect reason_area(Rect area, int y) {
  if (area.columns < 100) return (Rect){area.x + 1 + INDENT, y + 1, area.columns - 2 - INDENT, 0};
  int path = area.columns * 2 / 5;
  return (Rect){area.x + path + 2, y, area.columns - path - 3, 0};
}

static int height_of(Rect area, const Skipped *s) {
  Rect reason = reason_area(area, 0);
  return reason.y + MAX(text_rows(s->reason, reason.columns), 1);
}

static void draw_file(Cells *cells, Rect area, int y, const Skipped *s, bool selected) {
  Rect reason = reason_area(area, y);
  int left = area.y + area.rows - reason.y, path = reason.y == y ? reason.x - area.x - 2 : area.columns - 2;
  paint_tail(cells, area.x + 1, y, path, STYLE_TEXT, s->path);
  paint_wrapped(cells, reason.x, reason.y, reason.columns, left, STYLE_WARN, s->reason);
  if (!selected) return;
  cells_restyle(cells, area.x, y, area.columns, STYLE_SELECTED);
  cells->cursor_x = area.x, cells->cursor_y = y;
}

/* Scrolls just as far as it takes to see the selected file to its end. */
static void scroll(List *list, const GPtrArray *all, Rect area) {
  list->top = MIN(list->top, list->cursor);
  int used = 0, first = list->cursor;
  for (; first >= 0; first--) {
    used += height_of(area, all->pdata[first]);
    if (used > area.rows) break;
  }
  list->top = CLAMP(list->top, MIN(first + 1, list->cursor), list->cursor);
}

static void skipped_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  SkippedView *v = view;
  const GPtrArray *all = skipped(ui);
  list_resize(&v->list, all ? (int)all->len : 0);
  if (!all || all->len == 0) {
    paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, 2, STYLE_DIM,
                  "Every file that could hold weights was read.");
    return;
  }
  cells_fill(cells, (Rect){area.x, area.y, area.columns, 1}, STYLE_HEADER);
  Rect reason = reason_area(area, area.y);
  const char *title = reason.y == area.y ? "FILE" : "FILE, and why it is no model";
  paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_HEADER, title);
  if (reason.y == area.y) paint_left(cells, reason.x, area.y, reason.columns, STYLE_HEADER, "WHY IT IS NO MODEL");
  area.y++, area.rows--;
  scroll(&v->list, all, area);
  int y = area.y, row = v->list.top;
  for (; row < v->list.count && y < area.y + area.rows; row++) {
    draw_file(cells, area, y, all->pdata[row], row == v->list.cursor);
    y += height_of(area, all->pdata[row]);
  }
  v->list.height = MAX(row - v->list.top, 1);
}

/* A model that was read from the same folder as the selected file, or that is the folder; NULL. */
static Model *find_beside(const Ui *ui, const SkippedView *v) {
  const GPtrArray *all = skipped(ui);
  if (!all || (guint)v->list.cursor >= all->len) return NULL;
  g_autofree char *folder = g_path_get_dirname(((const Skipped *)all->pdata[v->list.cursor])->path);
  for (guint i = 0; i < ui->wood->models->len; i++) {
    Model *m = ui->wood->models->pdata[i];
    g_autofree char *of = g_path_get_dirname(m->shown);
    if (g_str_equal(m->shown, folder) || (g_str_equal(of, folder) && !g_str_equal(of, "."))) return m;
  }
  return NULL;
}

/* The same, looked for once a file: the collection may be large, and each frame asks. */
static Model *beside(const Ui *ui, SkippedView *v) {
  if (v->looked && v->of == v->list.cursor) return v->beside;
  g_clear_pointer(&v->beside, model_unref);
  Model *found = find_beside(ui, v);
  v->beside = found ? model_ref(found) : NULL;
  v->looked = true;
  v->of = v->list.cursor;
  return v->beside;
}

static void skipped_changed(Ui *ui, gpointer view, unsigned what) {
  SkippedView *v = view;
  const GPtrArray *all = skipped(ui);
  if (!(what & CHANGED_WOOD)) return;
  list_resize(&v->list, all ? (int)all->len : 0);
  v->looked = false;
}

static bool open_beside(Ui *ui, SkippedView *v) {
  Model *model = beside(ui, v);
  if (!model) {
    ui_tell(ui, STYLE_DIM, "No model was read from the same folder");
    return true;
  }
  return ui_ask_model(ui, REQUEST_MODEL, model);
}

static bool skipped_action(Ui *ui, gpointer view, Action action) {
  SkippedView *v = view;
  if (list_action(&v->list, action)) return true;
  if (action == ACTION_SHOW) return open_beside(ui, v);
  return action == ACTION_LEAVE && ui_ask(ui, REQUEST_BACK);
}

static char *skipped_status(const Ui *ui, gpointer view) {
  const Model *model = beside(ui, view);
  guint n = ui->wood ? ui->wood->skipped->len : 0;
  g_autofree char *files = g_strdup_printf("%u file%s skipped", n, n == 1 ? "" : "s");
  if (!model) return g_steal_pointer(&files);
  g_autofree char *key = keymap_label(ui->keymap, ACTION_SHOW, IN_SKIPPED, 1);
  return g_strdup_printf("%s; %s opens %s, from the same folder", files, key, model->name);
}

const ViewOps view_skipped = {
    .name = "Skipped",
    .open = skipped_open,
    .close = skipped_close,
    .context = skipped_context,
    .draw = skipped_draw,
    .action = skipped_action,
    .status = skipped_status,
    .changed = skipped_changed,
};
