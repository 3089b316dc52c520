/* SPDX-License-Identifier: Apache-2.0 */
/* What models say of themselves that cannot be true beside their weights, their shapes or their kin. */
#include <math.h>

#include "core/text.h"
#include "session/latest_job.h"
#include "ui/desk/services.h"
#include "ui/desk/view.h"
#include "ui/keeping/keeping_tables.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/lines.h"
#include "ui/toolkit/paint.h"

enum { LABEL = 10, DETAIL_ROWS = 7, DETAIL_FROM = 12 };

typedef struct {
  LatestJob found; /* Conflicts* */
  const Conflicts *shown;
  Table table;
} ConflictsView;

static gpointer conflicts_open(Ui *ui) {
  ConflictsView *v = g_new0(ConflictsView, 1);
  latest_job_init(&v->found, &ui->engine, conflicts_free);
  table_init(&v->table, &conflict_table);
  return v;
}

static void forget(ConflictsView *v) {
  v->shown = NULL;
  table_set(&v->table, NULL, 0);
  latest_job_reset(&v->found);
}

static void conflicts_close(gpointer view) {
  ConflictsView *v = view;
  forget(v);
  table_clear(&v->table);
  g_free(v);
}

static unsigned conflicts_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_CONFLICTS;
}

static void follow(const Ui *ui, ConflictsView *v) {
  if (ui->wood && latest_job_is_fresh(&v->found))
    v->found.job = engine_conflicts(&ui->engine, ui->wood, latest_job_done, &v->found);
  if (!v->found.result || v->shown == v->found.result) return;
  v->shown = v->found.result;
  table_set(&v->table, v->shown, v->shown->list->len);
}

static const Conflict *at_hand(const ConflictsView *v) {
  int row = v->shown ? table_row(&v->table) : -1;
  return row >= 0 ? v->shown->list->pdata[row] : NULL;
}

/* The sentence whole, what it declares, what the weights say. */
static void draw_detail(const ConflictsView *v, const Conflict *c, Cells *cells, Rect area) {
  const Forest *forest = v->shown->wood->forest;
  const ForestNode *node = forest_node(forest, c->node);
  g_autoptr(Lines) lines = lines_new(area.columns);
  lines_fact(lines, "evidence", LABEL, STYLE_TEXT, c->sentence);
  const char *base = node->model ? model_base(node->model) : NULL;
  lines_fact(lines, "declared", LABEL, STYLE_DECLARED, base ? base : "nothing");
  for (guint i = 0; i < node->parents->len; i++) {
    const ParentEdge *e = &g_array_index(node->parents, ParentEdge, i);
    g_autofree char *text = g_strdup_printf("%s: %s %s, %.2f sure", forest_node(forest, e->parent)->name,
                                            edge_source_name(e->source), edge_kind_name(e->kind), e->confidence);
    lines_fact(lines, i ? "" : "parent", LABEL, STYLE_RECOVERED, text);
  }
  lines_fact(lines, "note", LABEL, STYLE_DIM, node->note);
  lines_draw(lines, cells, area, 0);
}

static void conflicts_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  ConflictsView *v = view;
  follow(ui, v);
  const Conflict *c = at_hand(v);
  if (!c) {
    const char *text = latest_job_text(&v->found, "Looking for conflicts ...");
    paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, area.rows - 1, STYLE_DIM,
                  text ? text : "What models say of themselves agrees with what is known of them.");
    return;
  }
  int below = area.rows >= DETAIL_FROM ? DETAIL_ROWS : 0;
  table_draw(&v->table, cells, (Rect){area.x, area.y, area.columns, area.rows - below});
  if (!below) return;
  int y = area.y + area.rows - below;
  paint_rule(cells, (Rect){area.x, y, area.columns, 1});
  draw_detail(v, c, cells, (Rect){area.x + 1, y + 1, area.columns - 2, below - 1});
}

/* Opens the model at hand, or shows it in the forest. */
static bool go_to(Ui *ui, const ConflictsView *v, RequestKind how) {
  const Conflict *c = at_hand(v);
  Model *model = c ? forest_node(v->shown->wood->forest, c->node)->model : NULL;
  return model && ui_ask_model(ui, how, model);
}

static bool conflicts_action(Ui *ui, gpointer view, Action action) {
  ConflictsView *v = view;
  if (action == ACTION_LEAVE) return ui_ask(ui, REQUEST_BACK);
  if (action == ACTION_SHOW) return go_to(ui, v, REQUEST_MODEL);
  if (action == ACTION_LOCATE) return go_to(ui, v, REQUEST_LOCATE);
  return v->shown && table_action(&v->table, action);
}

static void conflicts_changed(Ui *ui, gpointer view, unsigned what) {
  (void)ui;
  if (what & CHANGED_WOOD) forget(view);
}

static char *conflicts_status(const Ui *ui, gpointer view) {
  const ConflictsView *v = view;
  guint counts[SEVERITY_LOW + 1] = {0}, n = v->shown ? v->shown->list->len : 0;
  if (!v->shown) return g_strdup("");
  for (guint i = 0; i < n; i++) counts[((const Conflict *)v->shown->list->pdata[i])->severity]++;
  return g_strdup_printf("%u conflict%s: %u high, %u medium, %u low%s", n, n == 1 ? "" : "s", counts[SEVERITY_HIGH],
                         counts[SEVERITY_MEDIUM], counts[SEVERITY_LOW], ui->wood->grown ? "" : " (from cards alone)");
}

const ViewOps view_conflicts = {
    .name = "Conflicts",
    .open = conflicts_open,
    .close = conflicts_close,
    .context = conflicts_context,
    .draw = conflicts_draw,
    .action = conflicts_action,
    .status = conflicts_status,
    .changed = conflicts_changed,
};
