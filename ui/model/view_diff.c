/* SPDX-License-Identifier: Apache-2.0 */
/* Two models layer by layer. */
#include <math.h>

#include "session/model_jobs.h"
#include "ui/desk/services.h"
#include "ui/toolkit/glyph.h"
#include "session/latest_job.h"
#include "ui/model/layer_table.h"
#include "ui/toolkit/paint.h"
#include "ui/desk/view.h"

typedef struct {
  Ui *ui;
  Model *p, *x;   /* references; NULL before the first */
  LatestJob diff; /* ModelDiff* */
  LayerTable table;
} DiffView;

static gpointer diff_open(Ui *ui) {
  DiffView *v = g_new0(DiffView, 1);
  v->ui = ui;
  latest_job_init(&v->diff, &ui->engine, engine_free_diff);
  layer_table_init(&v->table, true);
  return v;
}

static void diff_reset(DiffView *v) {
  layer_table_set(&v->table, NULL);
  latest_job_reset(&v->diff);
  g_clear_pointer(&v->p, model_unref);
  g_clear_pointer(&v->x, model_unref);
}

static void diff_close(gpointer view) {
  DiffView *v = view;
  diff_reset(v);
  layer_table_clear(&v->table);
  g_free(v);
}

static unsigned diff_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_DIFF;
}

static void say(Cells *cells, Rect area, const char *text) {
  paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, area.rows - 1, STYLE_DIM, text);
}

static void diff_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  DiffView *v = view;
  (void)ui;
  if (!v->x) {
    say(cells, area, "Nothing is compared: d in the forest compares a model with its parent, or two tagged ones.");
    return;
  }
  if (v->diff.result && v->table.diff != v->diff.result) layer_table_set(&v->table, v->diff.result);
  int half = MAX((area.columns - 5) / 2, 4);
  paint_left(cells, area.x + 1, area.y, half, STYLE_TITLE, v->p->shown);
  cells_put(cells, area.x + half + 2, area.y, 1, STYLE_DIM, glyph(cells->ascii, GLYPH_ARROW));
  paint_left(cells, area.x + half + 4, area.y, half, STYLE_TITLE, v->x->shown);
  Rect rest = {area.x, area.y + 1, area.columns, area.rows - 1};
  if (!v->table.diff) {
    const char *text = latest_job_text(&v->diff, "Comparing layer by layer ...");
    say(cells, rest, text ? text : "");
    return;
  }
  if (rest.rows >= 8) {
    heat_strip_draw(v->table.diff, cells, rest.x + 1, rest.y, rest.columns - 2);
    rest.y += 2, rest.rows -= 2;
  }
  layer_table_draw(&v->table, cells, rest);
}

static void find(Ui *ui, DiffView *v, bool here, bool back) {
  if (v->table.search && !layer_table_find(&v->table, here, back))
    ui_tell(ui, STYLE_WARN, "Not found: %s", v->table.search);
}

static bool diff_action(Ui *ui, gpointer view, Action action) {
  DiffView *v = view;
  if (layer_table_action(&v->table, action)) return true;
  switch (action) {
    case ACTION_SEARCH:
      ui_prompt(ui, "/", "");
      return true;
    case ACTION_NEXT:
      find(ui, v, false, false);
      return true;
    case ACTION_PREVIOUS:
      find(ui, v, false, true);
      return true;
    case ACTION_SHOW:
      if (v->x) ui_ask_model(ui, REQUEST_MODEL, v->x);
      return true;
    case ACTION_LEAVE:
      return ui_ask(ui, REQUEST_BACK);
    default:
      return false;
  }
}

static void diff_prompt(Ui *ui, gpointer view, PromptEvent event, const char *text) {
  DiffView *v = view;
  g_clear_pointer(&v->table.search, g_free);
  if (event == PROMPT_CANCELLED || !*text) return;
  v->table.search = g_strdup(text);
  find(ui, v, true, false);
}

static void diff_serve(Ui *ui, gpointer view, const Request *request) {
  DiffView *v = view;
  diff_reset(v);
  v->x = model_ref(request->pair.x);
  v->p = model_ref(request->pair.p);
  v->diff.job = engine_diff(&ui->engine, v->p, v->x, latest_job_done, &v->diff);
}

/* "24 layers: 20 moved, 3 same · 0.125 in all". */
static char *diff_status(const Ui *ui, gpointer view) {
  const DiffView *v = view;
  const ModelDiff *d = v->table.diff;
  if (!d) return g_strdup("");
  GString *s = g_string_new(NULL);
  g_string_append_printf(s, "%u layers", d->rows->len);
  for (int i = 0; i <= LAYER_UNCOMPUTED; i++)
    if (d->count[i])
      g_string_append_printf(s, " %s %u %s", glyph(ui->ascii, GLYPH_DOT), d->count[i], layer_state_name((LayerState)i));
  g_autofree char *others = model_diff_others_text(d, LAYER_MOVED);
  if (others) g_string_append_printf(s, " %s %s", glyph(ui->ascii, GLYPH_DOT), others);
  if (isfinite(d->relative))
    g_string_append_printf(s, " %s moved %.3g in all", glyph(ui->ascii, GLYPH_DOT), d->relative);
  return g_string_free(s, FALSE);
}

const ViewOps view_diff = {
    .name = "Diff",
    .open = diff_open,
    .close = diff_close,
    .context = diff_context,
    .draw = diff_draw,
    .action = diff_action,
    .prompt = diff_prompt,
    .status = diff_status,
    .serve = diff_serve,
};
