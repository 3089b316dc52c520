/* SPDX-License-Identifier: Apache-2.0 */
/* The trained experts with what was measured of them; training a new one. */
#include <math.h>

#include "core/error.h"
#include "ui/desk/advice.h"
#include "ui/desk/services.h"
#include "core/text.h"
#include "session/model_jobs.h"
#include "ui/experts/expert_changes.h"
#include "ui/experts/expert_facts.h"
#include "ui/experts/expert_table.h"
#include "ui/experts/form_facts.h"
#include "ui/toolkit/glyph.h"
#include "session/latest_job.h"
#include "ui/desk/job_text.h"
#include "ui/toolkit/paint.h"
#include "ui/experts/sweep_chart.h"
#include "ui/experts/train_curves.h"
#include "ui/experts/train_form.h"
#include "ui/experts/train_live.h"
#include "numerics/linalg.h"
#include "session/train_estimate.h"
#include "ui/desk/view.h"

typedef struct {
  Ui *ui;
  Table table;
  TrainForm form;
  bool form_open;
  GArray *points;                              /* of CurvePoint: the curves of the last training */
  unsigned epochs;                             /* that it was asked for */
  double chance;                               /* of its validation; NAN: not known */
  guint64 last_done;                           /* of the last note that was added to the curves */
  bool cancelled;                              /* the last training or sweep was, and can go on */
  TrainOptions options;                        /* that it was started with; the form may have been edited since */
  char *layer, *label_key, *encoder, *prompts; /* of the options */
  char *pattern;                               /* of the last sweep; NULL: it was a training */
  char *outcome;                               /* of the last training, or NULL */
  Style outcome_style;
  FormFacts facts;   /* what the form asks of the models */
  SweepBoard *board; /* of the last sweep, or NULL */
  guint64 saying;    /* the job in which an expert speaks, 0: none does */
} ExpertsView;

static gpointer experts_open(Ui *ui) {
  ExpertsView *v = g_new0(ExpertsView, 1);
  v->ui = ui;
  table_init(&v->table, &expert_table);
  v->points = g_array_new(FALSE, FALSE, sizeof(CurvePoint));
  train_form_init(&v->form);
  form_facts_init(&v->facts, ui);
  return v;
}

static void experts_close(gpointer view) {
  ExpertsView *v = view;
  g_array_unref(v->points);
  table_clear(&v->table);
  form_facts_reset(&v->facts);
  sweep_board_unref(v->board);
  train_form_clear(&v->form);
  g_free(v->outcome);
  g_free(v->pattern);
  g_free(v->layer);
  g_free(v->label_key);
  g_free(v->encoder);
  g_free(v->prompts);
  g_free(v);
}

static unsigned experts_context(const Ui *ui, gpointer view) {
  (void)ui;
  return ((const ExpertsView *)view)->form_open ? IN_FORM : IN_EXPERTS;
}

static const GPtrArray *experts(const Ui *ui) { return ui->opened ? ui->opened->experts : NULL; }

static void draw_list(const Ui *ui, ExpertsView *v, Cells *cells, Rect area) {
  const GPtrArray *all = experts(ui);
  table_draw(&v->table, cells, area);
  if (!all || all->len == 0)
    paint_wrapped(cells, area.x + 1, area.y + 2, area.columns - 2, area.rows - 2, STYLE_DIM,
                  all ? "No expert yet. Press t to train one." : advice_opening(ui));
}

/* The expert at hand, or NULL. */
static const Expert *at_hand(const Ui *ui, const ExpertsView *v) {
  const GPtrArray *all = experts(ui);
  int row = table_row(&v->table);
  return all && row >= 0 && (guint)row < all->len ? all->pdata[row] : NULL;
}

static void draw_training(const Ui *ui, const ExpertsView *v, Cells *cells, Rect area) {
  JobStatus job = {0};
  bool live = ui->training && job_find(ui->engine.worker, ui->training, &job);
  double share = live ? job_share(&job) : NAN;
  g_autofree char *text = !live      ? g_strdup(v->outcome)
                          : v->board ? sweep_live_text(v->board, &job, v->epochs, cells->ascii, &share)
                                     : train_live_text(&job, v->epochs, cells->ascii);
  int head = 2;
  paint_rule(cells, area);
  if (live) {
    paint_bar(cells, area.x + 1, area.y + 1, 12, share);
    paint_left(cells, area.x + 14, area.y + 1, area.columns - 15, STYLE_TEXT, text);
  } else if (text) {
    head += paint_wrapped(cells, area.x + 1, area.y + 1, area.columns - 2, area.rows - 1, v->outcome_style, text) - 1;
  }
  Rect chart = {area.x + 1, area.y + head, area.columns - 2, area.rows - head};
  if (v->board) sweep_chart_draw(v->board, cells, chart);
  else train_curves_draw(cells, chart, v->points, v->epochs, v->chance);
  job_status_clear(&job);
}

/* Rows for the training below the list: with curves where there is room. */
static int training_rows(const Ui *ui, const ExpertsView *v, int rows, int columns) {
  if (!ui->training && !v->outcome) return 0;
  int told = ui->training ? 1 : text_rows(v->outcome, columns - 2);
  return rows >= 14 ? MAX(rows / 2, told + 1) : CLAMP(told + 1, 2, MAX(rows - 2, 2));
}

/* What is known of the selected expert, in the place of the training. */
static void draw_about(const Ui *ui, Cells *cells, Rect area, const Expert *expert) {
  paint_rule(cells, area);
  expert_facts_draw(cells, (Rect){area.x + 1, area.y + 1, area.columns - 2, area.rows - 1}, expert, !ui->read_only);
}

static void set_outcome(ExpertsView *v, Style style, char *text) {
  g_free(v->outcome);
  v->outcome = text;
  v->outcome_style = style;
}

/* What was done so far is kept by the engine, for the same training started again. */
static void set_cancelled(ExpertsView *v, const char *kept) {
  g_autofree char *key = keymap_label(v->ui->keymap, ACTION_RESUME_TRAINING, IN_EXPERTS, 1);
  v->cancelled = true;
  set_outcome(v, STYLE_WARN, g_strdup_printf("Cancelled%s; %s goes on with it.", kept ? kept : "", key));
}

/* The finished curve takes the place of what was gathered on the way. */
static void keep_curve(ExpertsView *v, const TrainResult *result) {
  if (!result->curve || result->curve->len == 0) return;
  g_array_set_size(v->points, 0);
  for (guint i = 0; i < result->curve->len; i++) {
    const EpochRow *row = &g_array_index(result->curve, EpochRow, i);
    train_curves_add(v->points, (CurvePoint){i + 1, row->loss, row->val_score});
  }
  v->chance = result->expert->val.chance;
  v->epochs = result->curve->len; /* it may have stopped early */
}

static bool on_trained(gpointer user, guint64 id, gpointer result, const GError *error) {
  ExpertsView *v = user;
  if (id == v->ui->training) v->ui->training = 0;
  if (result) {
    keep_curve(v, result);
    set_outcome(v, STYLE_GOOD, train_success_text(result, v->ui->ascii));
    ui_ask(v->ui, REQUEST_EXPERTS);
    ui_tell(v->ui, STYLE_GOOD, "Trained %s", ((TrainResult *)result)->expert->name);
  } else if (g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED)) {
    set_cancelled(v, NULL);
  } else {
    set_outcome(v, STYLE_BAD, g_strdup(error ? error->message : "The training gave no result."));
    ui_tell(v->ui, STYLE_BAD, "The training failed: %s", v->outcome);
  }
  return true;
}

/* The options in the form, kept for the training that they are for; false when the form says what is wrong. */
static bool take_options(ExpertsView *v) {
  TrainOptions options;
  if (!train_form_options(&v->form, &options)) return false;
  g_free(v->layer);
  g_free(v->label_key);
  options.layer = v->layer = g_strdup(options.layer);
  options.label_key = v->label_key = g_strdup(options.label_key);
  g_free(v->encoder);
  g_free(v->prompts);
  options.encoder = v->encoder = g_strdup(options.encoder);
  options.prompts = v->prompts = g_strdup(options.prompts);
  v->options = options;
  return true;
}

/* `again`: with the same options; what was drawn of it stays, and goes on. */
static void start_training(Ui *ui, ExpertsView *v, bool again) {
  if (!again && !take_options(v)) return;
  v->form_open = v->cancelled = false;
  g_clear_pointer(&v->pattern, g_free);
  g_clear_pointer(&v->board, sweep_board_unref);
  v->epochs = v->options.epochs;
  v->last_done = 0;
  v->chance = NAN;
  if (!again) g_array_set_size(v->points, 0);
  g_clear_pointer(&v->outcome, g_free);
  ui->training = engine_train(&ui->engine, ui->wood, &v->options, on_trained, v);
}

static void experts_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  ExpertsView *v = view;
  int below = training_rows(ui, v, area.rows, area.columns);
  const Expert *about = !below && area.rows >= 14 ? at_hand(ui, v) : NULL;
  if (about) below = area.rows - CLAMP((int)experts(ui)->len + 2, 4, area.rows / 3);
  draw_list(ui, v, cells, (Rect){area.x, area.y, area.columns, area.rows - below});
  if (below && about) draw_about(ui, cells, (Rect){area.x, area.y + area.rows - below, area.columns, below}, about);
  else if (below) draw_training(ui, v, cells, (Rect){area.x, area.y + area.rows - below, area.columns, below});
  if (v->form_open) form_facts_follow(&v->facts, &v->form);
  if (v->form_open) train_form_draw(&v->form, cells, area, ui->wood ? ui->wood->label_key : NULL);
}

/* Others may be labelled now, and have other layers. */
static void follow_wood(Ui *ui, ExpertsView *v) {
  form_facts_reset(&v->facts);
  form_facts_show(&v->facts, &v->form);
  if (v->form_open) form_facts_ask(&v->facts, ui);
}

/* What keeps a training from being started, or NULL. */
static const char *obstacle(const Ui *ui) {
  if (ui->read_only) return "Read-only: nothing may be written, so nothing is trained";
  if (ui->training) return "A training is running; x cancels it";
  if (!ui->wood || ui->wood->models->len == 0) return "There are no models to train on yet";
  return NULL;
}

static void open_form(Ui *ui, ExpertsView *v) {
  const char *why = obstacle(ui);
  if (why) {
    ui_tell(ui, STYLE_WARN, "%s", why);
    return;
  }
  train_form_clear(&v->form); /* the defaults, whatever was typed the last time */
  train_form_init(&v->form);
  form_facts_ask(&v->facts, ui);
  v->form_open = true;
}

static bool on_swept(gpointer user, guint64 id, gpointer result, const GError *error) {
  ExpertsView *v = user;
  const GPtrArray *all = result;
  if (id == v->ui->training) v->ui->training = 0;
  ui_ask(v->ui, REQUEST_EXPERTS);
  if (all && all->len)
    set_outcome(v, STYLE_GOOD,
                g_strdup_printf("Swept %u layer%s; the best is %s", all->len, all->len == 1 ? "" : "s",
                                ((Expert *)all->pdata[0])->name));
  else if (g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED))
    set_cancelled(v, "; the layers that were done are kept");
  else set_outcome(v, STYLE_BAD, g_strdup(error ? error->message : "No layer could be trained on."));
  return true;
}

/* `again`: with the options of the last one. */
static void start_sweep(Ui *ui, ExpertsView *v, const char *pattern, bool again) {
  if (!again && !take_options(v)) v->options = (TrainOptions)TRAIN_DEFAULTS;
  char *kept = g_strdup(pattern);
  g_free(v->pattern);
  v->pattern = kept;
  v->cancelled = false;
  v->options.layer = NULL;
  v->epochs = v->options.epochs;
  sweep_board_unref(v->board);
  v->board = sweep_board_new();
  g_clear_pointer(&v->outcome, g_free);
  ui->training = engine_sweep(&ui->engine, ui->wood, &v->options, pattern, v->board, on_swept, v);
}

static void resume(Ui *ui, ExpertsView *v) {
  const char *why = obstacle(ui);
  if (why) ui_tell(ui, STYLE_WARN, "%s", why);
  else if (!v->cancelled) ui_tell(ui, STYLE_DIM, "No training was cancelled");
  else if (v->pattern) start_sweep(ui, v, v->pattern, true);
  else start_training(ui, v, true);
}

static const char sweep_label[] = "layers to sweep (* and ?, empty: all): ";

static void open_sweep(Ui *ui, ExpertsView *v) {
  const char *why = obstacle(ui);
  if (why) {
    ui_tell(ui, STYLE_WARN, "%s", why);
    return;
  }
  form_facts_ask(&v->facts, ui); /* for the layers there are */
  ui_prompt(ui, sweep_label, "");
}

/* While one types: how many layers that are, and about how long they take. */
static char *experts_prompt_note(const Ui *ui, gpointer view) {
  const ExpertsView *v = view;
  TrainOptions options = TRAIN_DEFAULTS;
  if (ui->prompt.label != sweep_label) return NULL;
  const ModelDiff *layers = v->facts.layers.result;
  if (!layers) return g_strdup(v->facts.layers.job ? "counting ..." : "");
  return sweep_estimate_text(layers, ui->prompt.edit.text->str, &options, v->facts.labelled, linalg_threads());
}

static bool on_predicted(gpointer user, guint64 id, gpointer result, const GError *error) {
  ExpertsView *v = user;
  if (id == v->saying) v->saying = 0;
  if (error && !g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED))
    ui_tell(v->ui, STYLE_BAD, "%s", error->message);
  if (!result) return true;
  ui_ask_predicted(v->ui, result);
  ui_tell(v->ui, STYLE_GOOD, "It has spoken of %u models: the column EXPERT SAYS in the forest",
          g_hash_table_size(result));
  return false;
}

static void apply(Ui *ui, ExpertsView *v) {
  if (!at_hand(ui, v) || !ui->wood) return;
  if (v->saying) worker_cancel(ui->engine.worker, v->saying); /* the last wish counts, and no queue grows */
  v->saying = engine_sayings(&ui->engine, ui->wood, ui->opened, (guint)table_row(&v->table), on_predicted, v);
}

/* NULL deletes the expert at hand. */
static void change_expert(Ui *ui, ExpertsView *v, const char *name) {
  if (at_hand(ui, v)) expert_change(ui, (guint)table_row(&v->table), name);
}

static void experts_choose(Ui *ui, gpointer view, int menu, int line) {
  if (menu == EXPERT_MENU_DELETE && line == EXPERT_DELETE) change_expert(ui, view, NULL);
}

static void experts_prompt(Ui *ui, gpointer view, PromptEvent event, const char *text) {
  if (ui->prompt.label == expert_rename_label) {
    if (event == PROMPT_ACCEPTED) change_expert(ui, view, text);
  } else if (event == PROMPT_ACCEPTED && !obstacle(ui)) start_sweep(ui, view, text, false);
}

static bool form_action(Ui *ui, ExpertsView *v, Action action) {
  if (train_form_action(&v->form, action)) return true;
  if (action == ACTION_FORM_START) return start_training(ui, v, false), true;
  if (action != ACTION_LEAVE) return false;
  v->form_open = false;
  return true;
}

/* How good the expert at hand is, on a page of its own. */
static bool show_report(Ui *ui, const ExpertsView *v) {
  const Expert *expert = at_hand(ui, v);
  return !expert || ui_ask_text(ui, REQUEST_REPORT, g_strdup(expert->name));
}

static bool experts_action(Ui *ui, gpointer view, Action action) {
  ExpertsView *v = view;
  if (v->form_open) return form_action(ui, v, action);
  if (list_action(&v->table.list, action)) return true;
  switch (action) {
    case ACTION_TRAIN:
      open_form(ui, v);
      return true;
    case ACTION_SWEEP:
      open_sweep(ui, v);
      return true;
    case ACTION_EXPERT_RENAME:
      expert_ask_rename(ui, at_hand(ui, v));
      return true;
    case ACTION_EXPERT_DELETE:
      expert_ask_delete(ui, at_hand(ui, v));
      return true;
    case ACTION_REPORT:
      return show_report(ui, v);
    case ACTION_APPLY:
      apply(ui, v);
      return true;
    case ACTION_RESUME_TRAINING:
      resume(ui, v);
      return true;
    case ACTION_CANCEL_TRAINING:
      if (ui->training) worker_cancel(ui->engine.worker, ui->training);
      else ui_tell(ui, STYLE_DIM, "No training is running");
      return true;
    case ACTION_LEAVE:
      return ui_ask(ui, REQUEST_BACK);
    default:
      return false;
  }
}

static bool experts_type(Ui *ui, gpointer view, Key key) {
  (void)ui;
  return train_form_type(&((ExpertsView *)view)->form, key);
}

/* A note of the running training becomes a point of the curves. */
static void add_point(Ui *ui, ExpertsView *v) {
  JobStatus job = {0};
  if (job_find(ui->engine.worker, ui->training, &job) && job.state == JOB_RUNNING && isfinite(job.note.loss) &&
      job.note.done != v->last_done) {
    v->last_done = job.note.done;
    v->chance = job.note.chance;
    train_curves_add(v->points, (CurvePoint){job_share(&job) * v->epochs, job.note.loss, job.note.accuracy});
  }
  job_status_clear(&job);
}

static void experts_changed(Ui *ui, gpointer view, unsigned what) {
  ExpertsView *v = view;
  const GPtrArray *all = experts(ui);
  if ((what & CHANGED_WOOD) && ui->wood) follow_wood(ui, v);
  if (what & CHANGED_EXPERTS) table_set(&v->table, all, all ? all->len : 0);
  if ((what & CHANGED_JOBS) && ui->training) add_point(ui, v);
}

/* Goes to an expert, or to the best one on a layer: they come best first. */
static bool experts_command(Ui *ui, gpointer view, const char *verb, const char *argument, char **problem) {
  ExpertsView *v = view;
  const GPtrArray *all = experts(ui);
  bool layer = g_str_equal(verb, "layer");
  v->form_open = false;
  for (guint i = 0; all && i < all->len; i++) {
    const Expert *e = all->pdata[i];
    if (g_strcmp0(layer ? e->layer : e->name, argument) != 0) continue;
    table_select(&v->table, i);
    return true;
  }
  *problem = g_strdup_printf("there is no expert %s%s", layer ? "on " : "", argument);
  return false;
}

static void experts_click_title(Ui *ui, gpointer view, int x) {
  (void)ui;
  table_click(&((ExpertsView *)view)->table, x);
}

static char *experts_status(const Ui *ui, gpointer view) {
  (void)view;
  const GPtrArray *all = experts(ui);
  if (!all) return g_strdup("");
  guint bad = ui->opened->warnings ? ui->opened->warnings->len : 0;
  if (bad)
    return g_strdup_printf("%u expert%s, %u unreadable: %s", all->len, all->len == 1 ? "" : "s", bad,
                           (const char *)ui->opened->warnings->pdata[0]);
  return g_strdup_printf("%u expert%s", all->len, all->len == 1 ? "" : "s");
}

const ViewOps view_experts = {
    .name = "Experts",
    .open = experts_open,
    .close = experts_close,
    .context = experts_context,
    .draw = experts_draw,
    .action = experts_action,
    .type = experts_type,
    .prompt = experts_prompt,
    .prompt_note = experts_prompt_note,
    .choose = experts_choose,
    .command = experts_command,
    .click_title = experts_click_title,
    .status = experts_status,
    .changed = experts_changed,
};
