/* SPDX-License-Identifier: Apache-2.0 */
/* What the experts say a model was trained on, with how sure they are, or that they do not know. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "ui/desk/advice.h"
#include "session/model_jobs.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/lines.h"
#include "ui/model/model_page.h"
#include "ui/desk/opinion_text.h"
#include "ui/toolkit/paint.h"
#include "ui/toolkit/table.h"

enum { SHOWN = 8 };

typedef struct {
  LatestJob opinions; /* GPtrArray of Opinion* */
  List list;          /* the cursor is the first line */
} SaysPage;

static gpointer says_open(const Subject *s) {
  SaysPage *p = g_new0(SaysPage, 1);
  latest_job_init(&p->opinions, &s->ui->engine, engine_free_opinions);
  return p;
}

static void says_reset(gpointer page) {
  SaysPage *p = page;
  latest_job_reset(&p->opinions);
  p->list = (List){0};
}

static void says_close(gpointer page) {
  says_reset(page);
  g_free(page);
}

static void says_show(Subject *s, gpointer page) {
  SaysPage *p = page;
  Ui *ui = s->ui;
  if (!ui->opened || !ui->wood || !latest_job_is_fresh(&p->opinions)) return;
  p->opinions.job =
      engine_opinions(&ui->engine, ui->wood, ui->opened, s->model, s->labels, latest_job_done, &p->opinions);
}

/* Where the next line of an opinion goes, and how many were scrolled away. */
typedef struct {
  Cells *cells;
  Rect area;
  int line, top;
} Pen;

static int next_row(Pen *pen) {
  int y = pen->line++ - pen->top;
  return y >= 0 && y < pen->area.rows ? pen->area.y + y : -1;
}

static void say(Pen *pen, int indent, Style style, const char *text) {
  int y = next_row(pen);
  if (y >= 0) paint_left(pen->cells, pen->area.x + 1 + indent, y, pen->area.columns - 2 - indent, style, text);
}

enum { SHARE, BAR, LABEL };

static const TableColumn columns[] = {
    [SHARE] = {"", NULL, 7, 0, 0, TABLE_RIGHT},
    [BAR] = {"", NULL, 16, 0, 50, TABLE_BAR},
    [LABEL] = {"", NULL, 8, 0, 0, TABLE_NAME},
};

/* The bar begins at what each choice has for who guesses. */
static void label_cell(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell) {
  const Opinion *o = rows;
  const OpinionLabel *l = &g_array_index(o->labels, OpinionLabel, row);
  (void)width, (void)ascii;
  if (column == SHARE) cell->text = g_strdup_printf("%.1f %%", 100 * l->p);
  if (column == BAR) cell->share = score_above(l->p, o->chance);
  if (column == LABEL) cell->text = g_strdup(l->label), cell->style = STYLE_CONCEPT;
  if (o->abstains) cell->style = STYLE_DIM;
}

static const TableKind label_table = {columns, G_N_ELEMENTS(columns), 2, label_cell, NULL};

static void draw_label(Pen *pen, const Opinion *o, guint row) {
  int y = next_row(pen);
  if (y >= 0) table_row_draw(&label_table, o, row, pen->cells, (Rect){pen->area.x, y, pen->area.columns, 1});
}

/* The expert's name and its rate: where there is no room for both, the rate loses its interval and the name its middle,
 * and the chance stays. */
static void draw_head(Pen *pen, const Opinion *o) {
  enum { NAME_LEAST = 12 };
  bool ascii = pen->cells->ascii, unseen = o->unseen.n > 0 && isfinite(score_headline(&o->unseen));
  int y = next_row(pen), room = pen->area.columns - 2, x = pen->area.x + 1;
  if (y < 0) return;
  const char *what = unseen ? ": on unseen models " : ": on seen models ";
  const Score *score = unseen ? &o->unseen : &o->seen;
  int left = room - MIN(text_width(o->expert), NAME_LEAST);
  g_autofree char *rate = score_text(score, MAX(left - text_width(what), 1), ascii);
  if (isfinite(score->chance) && !strstr(rate, "chance")) {
    what = unseen ? ": unseen " : ": seen ";
    g_free(rate);
    rate = score_text(score, MAX(left - text_width(what), 1), ascii);
  }
  g_autofree char *rest = g_strconcat(what, rate, NULL);
  int named = MIN(text_width(o->expert), MAX(room - text_width(rest), NAME_LEAST));
  paint_middle(pen->cells, x, y, named, STYLE_LABEL, o->expert);
  paint_left(pen->cells, x + named, y, room - named, STYLE_LABEL, rest);
}

static void draw_opinion(Pen *pen, const Opinion *o) {
  draw_head(pen, o);
  if (o->problem) say(pen, 2, STYLE_WARN, o->problem);
  g_autofree char *doubt = opinion_doubt_text(o), *left_out = opinion_left_out_text(o);
  if (doubt) {
    g_autofree char *text = g_strdup_printf("%s. Its guesses:", doubt);
    say(pen, 2, STYLE_WARN, text);
  }
  if (o->trained == TRAINED_ON) say(pen, 2, STYLE_WARN, opinion_trained_text());
  for (guint i = 0; i < o->labels->len && i < SHOWN; i++) draw_label(pen, o, i);
  if (left_out) say(pen, 2, STYLE_WARN, left_out);
  next_row(pen);
}

static void says_draw(const Subject *s, gpointer page, Cells *cells, Rect area) {
  SaysPage *p = page;
  const GPtrArray *all = p->opinions.result;
  const char *text = s->ui->opened ? latest_job_text(&p->opinions, "Asking the experts ...") : advice_opening(s->ui);
  g_autofree char *train = advice_train(s->ui, IN_MODEL);
  g_autofree char *none = g_strconcat("No expert speaks for models of this architecture. ", train, NULL);
  if (all && all->len == 0) text = none;
  if (!all || all->len == 0) {
    page_say(cells, area, text ? text : "");
    return;
  }
  g_autofree char *labels = s->labels ? g_strjoinv(", ", s->labels) : NULL;
  g_autofree char *head = labels ? g_strdup_printf("which of: %s  (c changes, empty for the experts' own)", labels)
                                 : g_strdup("of their own labels; c asks about yours");
  paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_DIM, head);
  Pen pen = {cells, {area.x, area.y + 1, area.columns, area.rows - 1}, 0, p->list.cursor};
  for (guint i = 0; i < all->len; i++) draw_opinion(&pen, all->pdata[i]);
  list_resize(&p->list, MAX(pen.line - pen.area.rows, 0) + 1);
  p->list.height = pen.area.rows;
}

static PageStep says_action(Subject *s, gpointer page, Action action) {
  (void)s;
  return (PageStep){.kind = list_action(&((SaysPage *)page)->list, action) ? STEP_HANDLED : STEP_NONE};
}

const PageOps page_says = {.name = "Says",
                           .open = says_open,
                           .close = says_close,
                           .reset = says_reset,
                           .show = says_show,
                           .draw = says_draw,
                           .action = says_action};
