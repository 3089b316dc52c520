/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a model: a strip that shows where it moved, and a table. */
#include <math.h>

#include "session/model_jobs.h"
#include "ui/desk/services.h"
#include "ui/model/layer_table.h"
#include "ui/model/model_page.h"
#include "ui/toolkit/paint.h"

typedef struct {
  LatestJob diff; /* ModelDiff* */
  LayerTable table;
} LayersPage;

static gpointer layers_open(const Subject *s) {
  LayersPage *p = g_new0(LayersPage, 1);
  latest_job_init(&p->diff, &s->ui->engine, engine_free_diff);
  layer_table_init(&p->table, false);
  return p;
}

static void layers_reset(gpointer page) {
  LayersPage *p = page;
  layer_table_set(&p->table, NULL);
  latest_job_reset(&p->diff);
}

static void layers_close(gpointer page) {
  LayersPage *p = page;
  layers_reset(p);
  layer_table_clear(&p->table);
  g_free(p);
}

static void layers_show(Subject *s, gpointer page) {
  LayersPage *p = page;
  if (latest_job_is_fresh(&p->diff))
    p->diff.job = engine_diff(&s->ui->engine, s->parent, s->model, latest_job_done, &p->diff);
  if (p->diff.result && p->table.diff != p->diff.result) layer_table_set(&p->table, p->diff.result);
}

/* "moved 0.125 from base: 3 the same, 1 of another shape". The caller frees it. */
static char *summary(const Subject *s, const ModelDiff *d) {
  static const LayerState told[] = {LAYER_SAME,   LAYER_OTHER_SHAPE, LAYER_ONLY_P,
                                    LAYER_ONLY_X, LAYER_UNREAD,      LAYER_UNCOMPUTED};
  if (!s->parent) return g_strdup_printf("%u layers; no parent on this disk to compare with", d->rows->len);
  GString *text = g_string_new(NULL);
  if (isfinite(d->relative)) g_string_append_printf(text, "moved %.3g ", d->relative);
  g_string_append_printf(text, "from %s", s->parent->name);
  for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
    if (d->count[told[i]]) g_string_append_printf(text, ", %u %s", d->count[told[i]], layer_state_name(told[i]));
  g_autofree char *others = model_diff_others_text(d, LAYER_MOVED);
  if (others) g_string_append_printf(text, ", %s", others);
  return g_string_free(text, FALSE);
}

static void layers_draw(const Subject *s, gpointer page, Cells *cells, Rect area) {
  LayersPage *p = page;
  const char *text = latest_job_text(&p->diff, s->parent ? "Comparing with the parent ..." : "Reading ...");
  if (!p->table.diff) {
    page_say(cells, area, text ? text : "");
    return;
  }
  g_autofree char *line = summary(s, p->table.diff);
  paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_DIM, line);
  int head = 1;
  if (s->parent && area.rows >= 8) {
    heat_strip_draw(p->table.diff, cells, area.x + 1, area.y + 1, area.columns - 2);
    head = 3;
  }
  layer_table_draw(&p->table, cells, (Rect){area.x, area.y + head, area.columns, area.rows - head});
}

static PageStep layers_action(Subject *s, gpointer page, Action action) {
  LayersPage *p = page;
  const DiffRow *row = layer_table_row(&p->table);
  if (layer_table_action(&p->table, action)) return (PageStep){.kind = STEP_HANDLED};
  if (action != ACTION_SHOW || !row) return (PageStep){.kind = STEP_NONE};
  if (!row->x.d_out) {
    ui_tell(s->ui, STYLE_DIM, "This model does not have that layer");
    return (PageStep){.kind = STEP_HANDLED};
  }
  g_free(s->layer);
  s->layer = g_strdup(row->name);
  return (PageStep){.kind = STEP_LAYER};
}

static bool layers_search(gpointer page, const char *text, bool here, bool back) {
  LayersPage *p = page;
  if (text) {
    g_free(p->table.search);
    p->table.search = *text ? g_strdup(text) : NULL;
  }
  return !p->table.search || layer_table_find(&p->table, here, back);
}

int page_layers_rows(gpointer page, int rows) {
  /* The page's name, the summary, the strip with air, the table's head, air below; and where there is a strip. */
  enum { HEAD = 6, LEAST = 9 };
  const LayersPage *p = page;
  return MIN(rows, MAX(p->table.diff ? (int)p->table.diff->rows->len + HEAD : 0, LEAST));
}

const PageOps page_layers = {.name = "Layers",
                             .open = layers_open,
                             .close = layers_close,
                             .reset = layers_reset,
                             .show = layers_show,
                             .draw = layers_draw,
                             .action = layers_action,
                             .search = layers_search};
