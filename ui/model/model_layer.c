/* SPDX-License-Identifier: Apache-2.0 */
/* One layer: how its weights and their change are spread, and its singular values. */
#include <math.h>

#include "core/text.h"
#include "ui/toolkit/chart.h"
#include "session/model_jobs.h"
#include "ui/model/model_page.h"
#include "ui/toolkit/paint.h"

typedef struct {
  LatestJob figures; /* FigurePair* */
  char *layer;       /* that was asked for, or NULL */
} LayerPage;

static gpointer layer_open(const Subject *s) {
  LayerPage *p = g_new0(LayerPage, 1);
  latest_job_init(&p->figures, &s->ui->engine, engine_free_figures);
  return p;
}

static void layer_reset(gpointer page) {
  LayerPage *p = page;
  latest_job_reset(&p->figures);
  g_clear_pointer(&p->layer, g_free);
}

static void layer_close(gpointer page) {
  layer_reset(page);
  g_free(page);
}

static void layer_show(Subject *s, gpointer page) {
  LayerPage *p = page;
  if (!s->layer || g_strcmp0(s->layer, p->layer) == 0) return;
  layer_reset(p);
  p->layer = g_strdup(s->layer);
  p->figures.job = engine_figures(&s->ui->engine, s->parent, s->model, s->layer, latest_job_done, &p->figures);
}

/* "sd 0.0213, mean 1.2e-05, |X| 16.4, zeros 0 %, stable rank 41 of 768". The caller frees it. */
static char *figures_text(const LayerFigures *f) {
  GString *s = g_string_new(NULL);
  g_string_append_printf(s, "sd %.3g, mean %.2g, norm %.4g", f->sd, f->mean, f->norm);
  if (f->zeros > 0) g_string_append_printf(s, ", zeros %.1f %%", 100 * f->zeros);
  double stable = spectrum_stable_rank(f->spectrum);
  if (isfinite(stable)) g_string_append_printf(s, ", stable rank %.1f of %zu", stable, f->spectrum->full);
  if (f->sampled) g_string_append_printf(s, ", %zu entries drawn", f->entries);
  return g_string_free(s, FALSE);
}

static void draw_histogram(Cells *cells, Rect area, const char *title, const LayerFigures *f) {
  double bins[FIGURE_BINS];
  if (area.rows < 4 || area.columns < 16) return;
  g_autofree char *text = figures_text(f);
  g_autofree char *line = g_strdup_printf("%s: %s", title, text);
  paint_left(cells, area.x, area.y, area.columns, STYLE_LABEL, line);
  for (int i = 0; i < FIGURE_BINS; i++) bins[i] = f->bins[i];
  Rect in = {area.x, area.y + 1, area.columns, area.rows - 2};
  chart_columns(cells, in, bins, FIGURE_BINS);
  char low[24], high[24];
  g_snprintf(low, sizeof low, "%.3g", f->low);
  g_snprintf(high, sizeof high, "%.3g", f->high);
  int y = area.y + area.rows - 1;
  paint_left(cells, area.x, y, 12, STYLE_DIM, low);
  paint_right(cells, area.x + area.columns - 12, y, 12, STYLE_DIM, high);
  if (f->low < 0 && f->high > 0 && area.columns > 40) {
    int zero = (int)lround(-f->low / (f->high - f->low) * (area.columns - 1));
    cells_put(cells, area.x + zero, y, 1, STYLE_DIM, "0");
  }
}

static void draw_spectrum(Cells *cells, Rect area, const char *title, const Spectrum *s) {
  double low, high;
  if (area.rows < 4 || area.columns < 20 || s->n == 0) return;
  g_autofree double *logs = g_new(double, s->n);
  for (size_t i = 0; i < s->n; i++) logs[i] = s->values[i] > 0 ? log10(s->values[i]) : NAN;
  g_autofree char *line = g_strdup_printf("%s: %s%zu, largest %.3g, smallest %.2g", title,
                                          s->leading ? "the leading " : "", s->n, s->values[0], s->values[s->n - 1]);
  paint_left(cells, area.x, area.y, area.columns, STYLE_LABEL, line);
  Rect in = {area.x + 8, area.y + 1, area.columns - 8, area.rows - 1};
  paint_curve(cells, in, logs, (guint)s->n, &low, &high);
  if (!isfinite(low)) return;
  char text[24];
  g_snprintf(text, sizeof text, "%.2g", pow(10, high));
  paint_right(cells, area.x, in.y, 7, STYLE_DIM, text);
  g_snprintf(text, sizeof text, "%.2g", pow(10, low));
  paint_right(cells, area.x, in.y + in.rows - 1, 7, STYLE_DIM, text);
}

/* Weights above, change below, or beside each other where it is wide; singular values under each. */
static void draw_pair(Cells *cells, Rect area, const FigurePair *pair) {
  bool wide = area.columns >= 100 && pair->change;
  int columns = wide ? (area.columns - 3) / 2 : area.columns;
  int parts = wide ? 2 : pair->change ? 4 : 2, rows = area.rows / parts;
  Rect at = {area.x, area.y, columns, rows};
  draw_histogram(cells, at, "weights", pair->own);
  at.y += rows;
  draw_spectrum(cells, at, "singular values", pair->own->spectrum);
  if (!pair->change) return;
  at = wide ? (Rect){area.x + columns + 3, area.y, columns, rows} : (Rect){area.x, at.y + rows, columns, rows};
  draw_histogram(cells, at, "change", pair->change);
  at.y += rows;
  draw_spectrum(cells, at, "singular values of the change", pair->change->spectrum);
}

static void layer_draw(const Subject *s, gpointer page, Cells *cells, Rect area) {
  LayerPage *p = page;
  if (!s->layer) {
    page_say(cells, area, "Choose a layer in the page before: Enter opens it here.");
    return;
  }
  paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_TITLE, s->layer);
  Rect in = {area.x + 1, area.y + 1, area.columns - 2, area.rows - 1};
  const char *text = latest_job_text(&p->figures, "Measuring ...");
  if (p->figures.result) draw_pair(cells, in, p->figures.result);
  else page_say(cells, in, text ? text : "");
}

static PageStep layer_action(Subject *s, gpointer page, Action action) {
  (void)s, (void)page, (void)action;
  return (PageStep){.kind = STEP_NONE};
}

const PageOps page_layer = {.name = "Layer",
                            .open = layer_open,
                            .close = layer_close,
                            .reset = layer_reset,
                            .show = layer_show,
                            .draw = layer_draw,
                            .action = layer_action};
