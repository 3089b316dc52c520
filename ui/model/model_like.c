/* SPDX-License-Identifier: Apache-2.0 */
/* The models that are most like one, as an expert sees them. */
#include <string.h>

#include "ui/desk/advice.h"
#include "ui/desk/services.h"
#include "session/model_jobs.h"
#include "ui/model/model_page.h"
#include "ui/toolkit/paint.h"
#include "search/filter.h"

typedef struct {
  LatestJob near; /* Neighbourhood* */
  List list;
} LikePage;

static gpointer like_open(const Subject *s) {
  LikePage *p = g_new0(LikePage, 1);
  latest_job_init(&p->near, &s->ui->engine, engine_free_neighbours);
  return p;
}

static void like_reset(gpointer page) {
  LikePage *p = page;
  latest_job_reset(&p->near);
  p->list = (List){0};
}

static void like_close(gpointer page) {
  like_reset(page);
  g_free(page);
}

static void like_show(Subject *s, gpointer page) {
  LikePage *p = page;
  Ui *ui = s->ui;
  if (!ui->oracle || !ui->wood || !latest_job_is_fresh(&p->near)) return;
  p->near.job = engine_neighbours(&ui->engine, ui->wood, ui->oracle, s->model, latest_job_done, &p->near);
}

static void draw_row(const Ui *ui, Cells *cells, Rect area, int y, const Neighbour *n, bool selected) {
  char score[16];
  int bar = area.columns >= 56 ? 10 : 0, x = area.x + 7 + (bar ? bar + 1 : 0);
  int concept_columns = area.columns >= 60 ? area.columns / 3 : 0;
  g_autofree char *concept = model_concept_text(n->model, ui->wood ? ui->wood->label_key : NULL);
  g_snprintf(score, sizeof score, "%5.2f", n->score);
  cells_put(cells, area.x + 1, y, 5, STYLE_TEXT, score);
  paint_bar(cells, area.x + 7, y, bar, n->score);
  int name = area.x + area.columns - x - concept_columns - 1;
  paint_left(cells, x, y, name, STYLE_TEXT, n->model->name);
  if (concept) paint_left(cells, x + name + 1, y, concept_columns, STYLE_CONCEPT, concept);
  if (!selected) return;
  cells_restyle(cells, area.x, y, area.columns, STYLE_SELECTED);
  cells->cursor_x = area.x, cells->cursor_y = y;
}

static void like_draw(const Subject *s, gpointer page, Cells *cells, Rect area) {
  LikePage *p = page;
  const Neighbourhood *n = p->near.result;
  const char *text =
      s->ui->oracle ? latest_job_text(&p->near, "Looking for neighbours ...") : "The experts are being opened.";
  list_resize(&p->list, n ? (int)n->near->len : 0);
  if (!n) {
    bool none = text && strstr(text, "no expert");
    g_autofree char *train = none ? advice_train(s->ui, IN_MODEL) : NULL;
    g_autofree char *whole = g_strconcat(text ? text : "", train ? ". " : "", train, NULL);
    page_say(cells, area, whole);
    return;
  }
  g_autofree char *line = g_strdup_printf("as %s sees them", n->expert);
  paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_DIM, line);
  area.y++, area.rows--;
  list_show(&p->list, area.rows);
  for (int i = 0; i < area.rows && p->list.top + i < p->list.count; i++) {
    int row = p->list.top + i;
    draw_row(s->ui, cells, area, area.y + i, &g_array_index(n->near, Neighbour, row), row == p->list.cursor);
  }
}

static Reaction like_action(Subject *s, gpointer page, Action action) {
  LikePage *p = page;
  const Neighbourhood *n = p->near.result;
  if (list_action(&p->list, action)) return REACT_HANDLED;
  if ((action != ACTION_SHOW) || !n || !n->near->len) return REACT_NONE;
  ui_target(s->ui, g_array_index(n->near, Neighbour, p->list.cursor).model);
  return REACT_HANDLED | REACT_SHOW_MODEL;
}

const PageOps page_like = {.name = "Like",
                           .open = like_open,
                           .close = like_close,
                           .reset = like_reset,
                           .show = like_show,
                           .draw = like_draw,
                           .action = like_action};
