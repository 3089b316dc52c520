/* SPDX-License-Identifier: Apache-2.0 */
/* Where the disk went, one side at a time. */
#include "core/text.h"
#include "session/latest_job.h"
#include "ui/desk/services.h"
#include "ui/desk/view.h"
#include "ui/keeping/keeping_tables.h"
#include "ui/toolkit/paint.h"

typedef struct {
  LatestJob found; /* SpaceReport* */
  SpaceRows rows;
  Table table;
} SpaceView;

static gpointer space_open(Ui *ui) {
  SpaceView *v = g_new0(SpaceView, 1);
  latest_job_init(&v->found, &ui->engine, engine_free_space);
  table_init(&v->table, &space_table);
  return v;
}

static void forget(SpaceView *v) {
  v->rows.report = NULL;
  table_set(&v->table, NULL, 0);
  latest_job_reset(&v->found);
}

static void space_close(gpointer view) {
  SpaceView *v = view;
  forget(v);
  table_clear(&v->table);
  g_free(v);
}

static unsigned space_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_SPACE;
}

static void show_side(SpaceView *v) {
  table_set(&v->table, &v->rows, v->rows.report->parts[v->rows.side]->len);
  list_select(&v->table.list, 0);
}

static void follow(const Ui *ui, SpaceView *v) {
  if (ui->wood && latest_job_is_fresh(&v->found))
    v->found.job = engine_space(&ui->engine, ui->wood, latest_job_done, &v->found);
  if (!v->found.result || v->rows.report == v->found.result) return;
  v->rows.report = v->found.result;
  show_side(v);
}

static void draw_sides(const SpaceView *v, Cells *cells, Rect area) {
  int x = area.x + 1;
  for (int s = 0; s < SPACE_SIDES; s++) {
    bool here = s == (int)v->rows.side;
    g_autofree char *text = g_strdup_printf(" %s ", space_side_name((SpaceSide)s));
    if (x + text_width(text) > area.x + area.columns) return;
    x += cells_put(cells, x, area.y, area.columns, here ? STYLE_SELECTED : STYLE_TAB, text);
  }
}

static void space_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  SpaceView *v = view;
  follow(ui, v);
  draw_sides(v, cells, area);
  int head = area.rows >= 8 ? 2 : 1;
  Rect rest = {area.x, area.y + head, area.columns, area.rows - head};
  if (v->rows.report) {
    table_draw(&v->table, cells, rest);
    return;
  }
  const char *text = latest_job_text(&v->found, "Measuring the disk ...");
  paint_wrapped(cells, rest.x + 2, rest.y, rest.columns - 4, rest.rows, STYLE_DIM,
                text ? text : "The collection is still being read.");
}

static void turn(SpaceView *v, int by) {
  v->rows.side = (SpaceSide)((v->rows.side + by + SPACE_SIDES) % SPACE_SIDES);
  if (v->rows.report) show_side(v);
}

static bool space_action(Ui *ui, gpointer view, Action action) {
  SpaceView *v = view;
  (void)ui;
  if (action == ACTION_LEAVE) return ui_ask(ui, REQUEST_BACK);
  if (action == ACTION_PAGE_NEXT) return turn(v, 1), true;
  if (action == ACTION_PAGE_PREVIOUS) return turn(v, -1), true;
  return v->rows.report && table_action(&v->table, action);
}

static void space_changed(Ui *ui, gpointer view, unsigned what) {
  (void)ui;
  if (what & CHANGED_WOOD) forget(view);
}

static char *space_status(const Ui *ui, gpointer view) {
  const SpaceView *v = view;
  (void)ui;
  if (!v->rows.report) return g_strdup("");
  g_autofree char *bytes = text_bytes(v->rows.report->bytes[v->rows.side]);
  guint n = v->rows.report->parts[v->rows.side]->len;
  const char *what = v->rows.side == SPACE_DISK ? "on the disk, as du counts" : "of models' files";
  return g_strdup_printf("%s %s, in %u part%s", bytes, what, n, n == 1 ? "" : "s");
}

const ViewOps view_space = {
    .name = "Space",
    .open = space_open,
    .close = space_close,
    .context = space_context,
    .draw = space_draw,
    .action = space_action,
    .status = space_status,
    .changed = space_changed,
};
