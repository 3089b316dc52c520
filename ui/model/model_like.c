/* SPDX-License-Identifier: Apache-2.0 */
/* The models that are most like one, as an expert sees them. */
#include <math.h>
#include <string.h>

#include "ui/desk/advice.h"
#include "ui/desk/services.h"
#include "session/model_jobs.h"
#include "ui/model/model_page.h"
#include "ui/desk/opinion_text.h"
#include "ui/toolkit/paint.h"
#include "ui/toolkit/table.h"
#include "search/filter.h"

typedef struct {
  LatestJob near;             /* Neighbourhood* */
  const Neighbourhood *shown; /* that the table has */
  Table table;
  const char *label_key; /* as last drawn */
} LikePage;

enum { SCORE, BAR, NAME, DECLARED };

static const TableColumn columns[] = {
    [SCORE] = {"ALIKE", NULL, 5, 0, 0, TABLE_RIGHT | TABLE_SORTED},
    [BAR] = {"", NULL, 10, 0, 56, TABLE_BAR},
    [NAME] = {"NAME", NULL, 12, 0, 0, TABLE_NAME | TABLE_MIDDLE | TABLE_SORTED},
    [DECLARED] = {"DECLARED AS", NULL, 14, 40, 60, TABLE_SORTED},
};

static void neighbour_cell(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell) {
  const LikePage *p = rows;
  const Neighbour *n = &g_array_index(((const Neighbourhood *)p->near.result)->near, Neighbour, row);
  (void)width, (void)ascii;
  if (column == SCORE) cell->text = g_strdup_printf("%.2f", n->score);
  if (column == BAR) cell->share = n->score;
  if (column == NAME) cell->text = opinion_marked_name(n->model->name, n->trained);
  if (column == DECLARED) cell->text = model_concept_text(n->model, p->label_key), cell->style = STYLE_CONCEPT;
}

static double neighbour_number(const void *rows, guint row, int column) {
  const LikePage *p = rows;
  const GArray *near = ((const Neighbourhood *)p->near.result)->near;
  return column == SCORE ? g_array_index(near, Neighbour, row).score : NAN;
}

static const TableKind neighbour_table = {columns, G_N_ELEMENTS(columns), 1, neighbour_cell, neighbour_number};

static gpointer like_open(const Subject *s) {
  LikePage *p = g_new0(LikePage, 1);
  latest_job_init(&p->near, &s->ui->engine, engine_free_neighbours);
  table_init(&p->table, &neighbour_table);
  return p;
}

static void like_reset(gpointer page) {
  LikePage *p = page;
  latest_job_reset(&p->near);
  p->shown = NULL;
  table_set(&p->table, NULL, 0);
}

static void like_close(gpointer page) {
  like_reset(page);
  table_clear(&((LikePage *)page)->table);
  g_free(page);
}

static void like_show(Subject *s, gpointer page) {
  LikePage *p = page;
  Ui *ui = s->ui;
  if (!ui->opened || !ui->wood || !latest_job_is_fresh(&p->near)) return;
  p->near.job = engine_neighbours(&ui->engine, ui->wood, ui->opened, s->model, latest_job_done, &p->near);
}

static void like_draw(const Subject *s, gpointer page, Cells *cells, Rect area) {
  LikePage *p = page;
  const Neighbourhood *n = p->near.result;
  const char *text = s->ui->opened ? latest_job_text(&p->near, "Looking for neighbours ...") : advice_opening(s->ui);
  p->label_key = s->ui->wood ? s->ui->wood->label_key : NULL;
  if (n && n != p->shown) table_set(&p->table, p, n->near->len);
  p->shown = n;
  if (!n) {
    bool none = text && strstr(text, "no expert");
    g_autofree char *train = none ? advice_train(s->ui, IN_MODEL) : NULL;
    g_autofree char *whole =
        none ? g_strconcat("No expert speaks for models of this architecture. ", train, NULL) : g_strdup(text);
    page_say(cells, area, whole ? whole : "");
    return;
  }
  g_autofree char *line = g_strdup_printf("as %s sees them", n->expert);
  paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_DIM, line);
  bool marked = false;
  for (guint i = 0; i < n->near->len; i++) marked |= g_array_index(n->near, Neighbour, i).trained == TRAINED_ON;
  int below = marked && area.rows > 5;
  if (below) paint_left(cells, area.x + 1, area.y + area.rows - 1, area.columns - 2, STYLE_WARN, opinion_mark_text());
  table_draw(&p->table, cells, (Rect){area.x, area.y + 1, area.columns, area.rows - 1 - below});
}

static PageStep like_action(Subject *s, gpointer page, Action action) {
  LikePage *p = page;
  const Neighbourhood *n = p->near.result;
  (void)s;
  if (table_action(&p->table, action)) return (PageStep){.kind = STEP_HANDLED};
  if ((action != ACTION_SHOW) || !n || !n->near->len) return (PageStep){.kind = STEP_NONE};
  return (PageStep){STEP_MODEL, g_array_index(n->near, Neighbour, table_row(&p->table)).model};
}

const PageOps page_like = {.name = "Like",
                           .open = like_open,
                           .close = like_close,
                           .reset = like_reset,
                           .show = like_show,
                           .draw = like_draw,
                           .action = like_action};
