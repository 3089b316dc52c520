/* SPDX-License-Identifier: Apache-2.0 */
/* How good one expert is, in every respect: whether it means what it says, what it takes for what, which labels are
 * hard, and its training beside others'. */
#include <math.h>

#include "session/latest_job.h"
#include "session/model_jobs.h"
#include "ui/desk/advice.h"
#include "ui/desk/services.h"
#include "ui/experts/reliability_chart.h"
#include "ui/experts/report_tables.h"
#include "ui/experts/run_chart.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"

typedef enum { PAGE_SURE, PAGE_CONFUSED, PAGE_LABELS, PAGE_RUNS, PAGE_COUNT } ReportPage;

static const char *const page_names[PAGE_COUNT] = {"Reliability", "Confusions", "Labels", "Runs"};

typedef struct {
  Ui *ui;
  char *expert;         /* its name; NULL: none was asked about */
  LatestJob evaluation; /* Evaluation* */
  const Evaluation *shown;
  ReportPage page;
  Table confused, labels;
} ReportView;

static gpointer report_open(Ui *ui) {
  ReportView *v = g_new0(ReportView, 1);
  v->ui = ui;
  latest_job_init(&v->evaluation, &ui->engine, engine_free_evaluation);
  table_init(&v->confused, &confusion_table);
  table_init(&v->labels, &label_table_kind);
  return v;
}

static void forget(ReportView *v) {
  v->shown = NULL;
  table_set(&v->confused, NULL, 0);
  table_set(&v->labels, NULL, 0);
  latest_job_reset(&v->evaluation);
}

static void report_close(gpointer view) {
  ReportView *v = view;
  forget(v);
  table_clear(&v->confused);
  table_clear(&v->labels);
  g_free(v->expert);
  g_free(v);
}

static unsigned report_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_REPORT;
}

static int expert_number(const ReportView *v) {
  return experts_index(v->ui->opened ? v->ui->opened->experts : NULL, v->expert);
}

static const Expert *expert_of(const ReportView *v) {
  int number = expert_number(v);
  return number >= 0 ? v->ui->opened->experts->pdata[number] : NULL;
}

/* Asks, once, and takes up what has come. */
static void follow(ReportView *v) {
  Ui *ui = v->ui;
  int number = expert_number(v);
  if (number >= 0 && ui->wood && latest_job_is_fresh(&v->evaluation))
    v->evaluation.job =
        engine_evaluate(&ui->engine, ui->wood, ui->opened, (guint)number, latest_job_done, &v->evaluation);
  if (!v->evaluation.result || v->shown == v->evaluation.result) return;
  v->shown = v->evaluation.result;
  table_set(&v->confused, v->shown, v->shown->confusions->len);
  table_set(&v->labels, v->shown, v->shown->classes->len);
}

static void say(Cells *cells, Rect area, const char *text) {
  paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, area.rows - 1, STYLE_DIM, text);
}

static void draw_titles(const ReportView *v, Cells *cells, Rect area) {
  int x = area.x + 1;
  for (int p = 0; p < PAGE_COUNT; p++) {
    bool here = p == (int)v->page;
    x += cells_put(cells, x, area.y, area.columns, here ? STYLE_TITLE : STYLE_TAB, page_names[p]) + 3;
  }
  int room = area.x + area.columns - 1 - x;
  if (room > 8) paint_right(cells, x, area.y, room, STYLE_DIM, v->expert);
}

/* Of what was trained on, and of what never was, beside each other where there is room. */
static void draw_sure(const ReportView *v, Cells *cells, Rect area) {
  enum { BOTH_FROM = 76, FOOT = 2 };
  const Evaluation *e = v->shown;
  bool unseen = e->unseen.score.n > 0;
  Rect left = {area.x + 1, area.y, area.columns - 2, area.rows - FOOT}, right = left;
  if (unseen && area.columns >= BOTH_FROM) {
    left.columns = (area.columns - 4) / 2;
    right.x += left.columns + 2, right.columns = left.columns;
    reliability_chart_draw(&e->seen, "seen", cells, left);
    reliability_chart_draw(&e->unseen, "unseen", cells, right);
  } else {
    reliability_chart_draw(unseen ? &e->unseen : &e->seen, unseen ? "unseen" : "seen", cells, left);
  }
  g_autofree char *foot = g_strdup_printf(
      "across: how sure it was, in %%; bar: how many of these were right; %s: how many would be, if it meant what it "
      "says; n: answers",
      cells->ascii ? "=" : "━");
  paint_wrapped(cells, area.x + 1, area.y + area.rows - FOOT, area.columns - 2, FOOT, STYLE_DIM, foot);
}

/* "98 % of 160 unseen models were right, chance 1.2 %": above each list of mistakes. The caller frees it. */
static char *rate_text(const Evaluation *e, bool ascii) {
  const Group *g = e->unseen.score.n ? &e->unseen : &e->seen;
  g_autofree char *rate = score_text(&g->score, 0, ascii);
  return g_strdup_printf("on %s models: %s, %u tries", e->unseen.score.n ? "unseen" : "seen", rate, g->score.n);
}

static void draw_table(Table *table, const Evaluation *e, const char *none, Cells *cells, Rect area) {
  g_autofree char *rate = rate_text(e, cells->ascii);
  paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_DIM, rate);
  area.y++, area.rows--;
  if (table->list.count) table_draw(table, cells, area);
  else say(cells, area, none);
}

/* The expert at hand first, then others of the same task, as they are listed. Returns how many. */
static guint gather_runs(const ReportView *v, const Expert *own, Run runs[RUNS_MOST]) {
  const GPtrArray *all = v->ui->opened->experts;
  guint n = 0;
  if (own->curve) runs[n++] = (Run){own->name, own->curve};
  for (guint i = 0; i < all->len && n < RUNS_MOST; i++) {
    const Expert *e = all->pdata[i];
    if (e != own && e->curve && e->task == own->task) runs[n++] = (Run){e->name, e->curve};
  }
  return n;
}

/* "best 83 % in epoch 21 of 30". The caller frees it. */
static char *best_text(const GArray *curve) {
  guint best = 0;
  double most = NAN;
  for (guint i = 0; i < curve->len; i++) {
    double score = g_array_index(curve, EpochRow, i).val_score;
    if (isfinite(score) && !(score <= most)) most = score, best = i;
  }
  return isfinite(most) ? g_strdup_printf("best %.0f %% in epoch %u of %u", 100 * most, best + 1, curve->len)
                        : g_strdup_printf("%u epochs", curve->len);
}

static int draw_names(const Run *runs, guint n, const Expert *own, bool signs, Cells *cells, Rect area) {
  enum { SAID = 30 };
  for (guint i = 0; i < n; i++) {
    int y = area.y + area.rows - (int)n + (int)i;
    g_autofree char *best = best_text(runs[i].curve);
    int name = MAX(area.columns - SAID - 4, area.columns / 2);
    cells_put(cells, area.x + 1, y, 1, run_style(i), signs || cells->ascii ? run_sign(i) : "⣿");
    paint_middle(cells, area.x + 3, y, name, runs[i].curve == own->curve ? STYLE_INPUT : STYLE_TEXT, runs[i].name);
    paint_left(cells, area.x + 4 + name, y, area.columns - name - 5, STYLE_DIM, best);
  }
  return (int)n;
}

static void draw_runs(const ReportView *v, const Expert *own, Cells *cells, Rect area) {
  enum { BOTH_FROM = 100 };
  Run runs[RUNS_MOST];
  guint n = gather_runs(v, own, runs);
  bool signs = v->ui->mono;
  if (!own->curve) {
    paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_DIM,
               own->kernel ? "This one was trained in closed form: it has no epochs."
                           : "How this one was trained was not kept.");
    area.y++, area.rows--;
  }
  if (n == 0) {
    say(cells, area, "No expert of the same task has a curve: those that are trained by steps (probex, multiview) do.");
    return;
  }
  area.rows -= draw_names(runs, n, own, signs, cells, area);
  Rect left = {area.x + 1, area.y, area.columns - 2, area.rows};
  if (area.columns >= BOTH_FROM) {
    left.columns = (area.columns - 4) / 2;
    run_chart_draw(runs, n, CURVE_LOSS, NAN, signs, cells,
                   (Rect){left.x + left.columns + 2, left.y, left.columns, left.rows});
  }
  run_chart_draw(runs, n, CURVE_SCORE, own->val.chance, signs, cells, left);
}

static void draw_page(ReportView *v, Cells *cells, Rect area) {
  switch (v->page) {
    case PAGE_CONFUSED:
      draw_table(&v->confused, v->shown,
                 expert_of(v)->task == EXPERT_CLASSIFY
                     ? "It judges each label by itself, so that none is taken for another: Labels has how it does."
                     : "No tested model was taken for another.",
                 cells, area);
      return;
    case PAGE_LABELS:
      draw_table(&v->labels, v->shown, "No label was tested.", cells, area);
      return;
    default:
      draw_sure(v, cells, area);
  }
}

static void report_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  ReportView *v = view;
  const Expert *own = expert_of(v);
  if (!own) {
    say(cells, area,
        ui->opened ? "No expert was chosen: i in Experts asks how good the one at hand is." : advice_opening(ui));
    return;
  }
  if (v->page != PAGE_RUNS) follow(v);
  draw_titles(v, cells, area);
  Rect rest = {area.x, area.y + 2, area.columns, area.rows - 2};
  if (v->page == PAGE_RUNS) {
    draw_runs(v, own, cells, rest);
  } else if (v->shown) {
    draw_page(v, cells, rest);
  } else {
    const char *text = latest_job_text(&v->evaluation, "Judging it on all models that it was not trained on ...");
    say(cells, rest, text ? text : "");
  }
}

static void turn(ReportView *v, int by) { v->page = (ReportPage)(((int)v->page + by + PAGE_COUNT) % PAGE_COUNT); }

static bool report_action(Ui *ui, gpointer view, Action action) {
  ReportView *v = view;
  if (action == ACTION_LEAVE) return ui_ask(ui, REQUEST_BACK);
  if (action == ACTION_PAGE_NEXT || action == ACTION_PAGE_PREVIOUS)
    return turn(v, action == ACTION_PAGE_NEXT ? 1 : -1), true;
  Table *table = v->page == PAGE_CONFUSED ? &v->confused : &v->labels;
  bool listed = v->page == PAGE_CONFUSED || v->page == PAGE_LABELS;
  return listed && table_action(table, action);
}

static void report_serve(Ui *ui, gpointer view, const Request *request) {
  ReportView *v = view;
  (void)ui;
  g_free(v->expert);
  v->expert = g_strdup(request->text);
  v->page = PAGE_SURE;
  forget(v);
}

static void report_changed(Ui *ui, gpointer view, unsigned what) {
  (void)ui;
  if (what & (CHANGED_WOOD | CHANGED_EXPERTS)) forget(view);
}

/* "1/4 Reliability · of what has none of the labels it refuses 41 %". */
static char *report_status(const Ui *ui, gpointer view) {
  const ReportView *v = view;
  GString *s = g_string_new(NULL);
  g_string_printf(s, "%d/%d %s", (int)v->page + 1, PAGE_COUNT, page_names[v->page]);
  const Evaluation *e = v->shown;
  if (e && v->page == PAGE_SURE && isfinite(e->refused))
    g_string_append_printf(s, " %s of what has none of the labels it refuses %.0f %%", glyph(ui->ascii, GLYPH_DOT),
                           100 * e->refused);
  if (e && v->page == PAGE_CONFUSED)
    g_string_append_printf(s, " %s %u pair%s", glyph(ui->ascii, GLYPH_DOT), e->confusions->len,
                           e->confusions->len == 1 ? "" : "s");
  return g_string_free(s, FALSE);
}

const ViewOps view_report = {
    .name = "Report",
    .open = report_open,
    .close = report_close,
    .context = report_context,
    .draw = report_draw,
    .action = report_action,
    .status = report_status,
    .serve = report_serve,
    .changed = report_changed,
};
