/* SPDX-License-Identifier: Apache-2.0 */
/* A question in words; the models that answer it, while one types. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "encoders/encoder.h"
#include "ui/desk/services.h"
#include "core/text.h"
#include "search/question_field.h"
#include "ui/desk/advice.h"
#include "ui/desk/copy_menu.h"
#include "ui/experts/expert_facts.h"
#include "ui/desk/opinion_text.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"
#include "ui/toolkit/table.h"
#include "search/filter.h"
#include "ui/desk/view.h"

enum {
  TYPING_PAUSE = 120 * 1000, /* microseconds without a key before we ask */
  HITS = 200
};

typedef struct {
  Ui *ui;
  LineEdit edit;
  bool editing;
  bool toured;           /* the tour has typed what stands there, and nobody wants to be asked it again */
  bool asked_again;      /* the experts were not there when we wanted to ask */
  gint64 due;            /* when to ask, 0: nothing new to ask */
  guint64 job;           /* the latest question's; earlier answers are dropped */
  Reply *reply;          /* the latest answer, or NULL */
  char *problem;         /* why there is none, or NULL */
  Completion *proposals; /* what the item at the end of the line may become, or NULL */
  Table table;
} QueryView;

enum { MENU_HISTORY = 1, MENU_COPY };

/* What the table of answers is of. */
typedef struct {
  const GArray *hits; /* of QueryHit */
  const char *label_key;
} HitRows;

enum { SCORE, BAR, NAME, DECLARED, FOUND, EXPERT };

static const TableColumn columns[] = {
    [SCORE] = {"SCORE", NULL, 5, 0, 0, TABLE_RIGHT},
    [BAR] = {"", NULL, 10, 0, 56, TABLE_BAR},
    [NAME] = {"NAME", NULL, 12, 60, 0, TABLE_NAME | TABLE_MIDDLE},
    [DECLARED] = {"DECLARED AS", NULL, 14, 40, 60, 0},
    [FOUND] = {"FOUND BY", NULL, 8, 0, 50, 0},
    [EXPERT] = {"EXPERT", NULL, 20, 44, 100, TABLE_MIDDLE},
};

static const char *found_by(const QueryHit *hit) {
  return hit->declared ? "declared" : isfinite(hit->score) ? "weights" : "catalog";
}

static void hit_cell(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell) {
  const HitRows *all = rows;
  const QueryHit *hit = &g_array_index(all->hits, QueryHit, row);
  bool asked = isfinite(hit->score);
  (void)width, (void)ascii;
  switch (column) {
    case SCORE:
      cell->text = asked ? g_strdup_printf("%.2f", hit->score) : g_strdup("-");
      return;
    case BAR:
      cell->share = asked ? hit->score : NAN;
      return;
    case NAME:
      cell->text = opinion_marked_name(hit->model->name, hit->trained);
      return;
    case DECLARED:
      cell->text = model_concept_text(hit->model, all->label_key);
      cell->style = STYLE_CONCEPT;
      return;
    case FOUND:
      cell->text = g_strdup(found_by(hit));
      cell->style = hit->declared ? STYLE_DECLARED : STYLE_RECOVERED;
      return;
    default:
      cell->text = hit->expert ? g_strdup(hit->expert->name) : NULL;
      cell->style = STYLE_DIM;
  }
}

static const TableKind hit_table = {columns, G_N_ELEMENTS(columns), 1, hit_cell, NULL};

static gpointer query_open(Ui *ui) {
  QueryView *v = g_new0(QueryView, 1);
  v->ui = ui;
  v->editing = true;
  table_init(&v->table, &hit_table);
  line_edit_init(&v->edit, "");
  return v;
}

static void query_close(gpointer view) {
  QueryView *v = view;
  line_edit_clear(&v->edit);
  table_clear(&v->table);
  reply_free(v->reply);
  g_free(v->problem);
  completion_free(v->proposals);
  g_free(v);
}

static unsigned query_context(const Ui *ui, gpointer view) {
  (void)ui;
  return ((const QueryView *)view)->editing ? IN_ASK : IN_QUERY;
}

static const GArray *hits(const QueryView *v) { return v->reply ? v->reply->answer->hits : NULL; }

static const QueryHit *selected_hit(const QueryView *v) {
  const GArray *all = hits(v);
  return all && all->len ? &g_array_index(all, QueryHit, v->table.list.cursor) : NULL;
}

/* Another answer, or none with a reason. Takes ownership of the reply. */
static void set_reply(QueryView *v, Reply *reply, const char *problem) {
  reply_free(v->reply);
  v->reply = reply;
  g_free(v->problem);
  v->problem = g_strdup(problem);
  table_set(&v->table, NULL, reply ? reply->answer->hits->len : 0);
  list_select(&v->table.list, 0);
}

/* The scores of an answer, for those who draw by them. */
static void publish(QueryView *v) {
  const GArray *all = hits(v);
  bool some = all && all->len;
  GHashTable *scores = some ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) : NULL;
  for (guint i = 0; some && i < all->len; i++) {
    const QueryHit *hit = &g_array_index(all, QueryHit, i);
    double *score = g_new(double, 1);
    *score = hit->score;
    g_hash_table_insert(scores, g_strdup(hit->model->path), score);
  }
  ui_ask_answer(v->ui, some ? g_strdup(v->reply->text) : NULL, scores);
}

static bool on_reply(gpointer user, guint64 id, gpointer result, const GError *error) {
  QueryView *v = user;
  if (id != v->job) return true; /* a later question has been asked since */
  v->job = 0;
  if (g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED)) return true;
  set_reply(v, result, error ? error->message : NULL);
  publish(v);
  return false;
}

static bool is_blank(const char *text) {
  while (*text == ' ') text++;
  return !*text;
}

static void ask(QueryView *v) {
  Ui *ui = v->ui;
  if (v->job) worker_cancel(ui->engine.worker, v->job);
  v->job = 0;
  if (is_blank(v->edit.text->str)) {
    set_reply(v, NULL, NULL);
  } else if (!ui->opened) {
    v->asked_again = true;
    set_reply(v, NULL, "The experts are still being opened.");
  } else if (!ui->opened->index) {
    set_reply(v, NULL, ui->opened->problem ? ui->opened->problem : "No expert can be asked.");
  } else {
    v->job = engine_query(&ui->engine, ui->opened, v->edit.text->str, HITS, on_reply, v);
  }
}

/* Proposals are made at the end of the line alone, where they have room. */
static void propose(QueryView *v) {
  const GString *text = v->edit.text;
  g_clear_pointer(&v->proposals, completion_free);
  if (v->ui->wood && v->ui->wood->models && v->edit.cursor == text->len)
    v->proposals = question_complete(text->str, text->len, v->ui->wood->models, 8);
}

static void ask_soon(QueryView *v) {
  v->toured = v->ui->touring;
  v->due = g_get_monotonic_time() + TYPING_PAUSE;
  propose(v);
}

/* Puts the first proposal into the line; false when there is none, or the cursor is not there. */
static bool take_proposal(QueryView *v) {
  const GPtrArray *texts = v->proposals ? v->proposals->texts : NULL;
  if (!texts || !texts->len || v->edit.cursor != v->edit.text->len) return false;
  g_autofree char *before = g_strndup(v->edit.text->str, v->proposals->from);
  g_autofree char *line = g_strconcat(before, texts->pdata[0], NULL);
  if (strcmp(line, v->edit.text->str) == 0) return false;
  line_edit_set(&v->edit, line);
  ask_soon(v);
  return true;
}

/* Shows them behind what was typed. */
static void draw_proposals(const QueryView *v, Cells *cells, Rect line) {
  const GPtrArray *texts = v->proposals ? v->proposals->texts : NULL;
  int used = text_width(v->edit.text->str) + 3;
  if (!texts || !texts->len || v->edit.cursor != v->edit.text->len || used >= line.columns) return;
  g_autoptr(GString) all = g_string_new(cells->ascii ? "->" : "\xe2\x86\x92");
  for (guint i = 0; i < texts->len; i++) {
    g_autofree SafeText *shown = safe_text(texts->pdata[i], -1);
    g_string_append_printf(all, " %s", shown);
  }
  paint_left(cells, line.x + used, line.y, line.columns - used, STYLE_DIM, all->str);
}

static gint64 query_tick(Ui *ui, gpointer view, gint64 now) {
  QueryView *v = view;
  if (!v->due || now < v->due) return v->due;
  v->due = 0;
  ask(v);
  ui_ask(ui, REQUEST_REDRAW);
  return 0;
}

static void query_changed(Ui *ui, gpointer view, unsigned what) {
  QueryView *v = view;
  if (!(what & CHANGED_EXPERTS) || !ui->opened) return;
  if (v->asked_again || !is_blank(v->edit.text->str)) ask(v);
  v->asked_again = false;
}

/* The experts that spoke, each once, best hit first. */
static void draw_speakers(const QueryView *v, Cells *cells, Rect area) {
  const GArray *all = hits(v);
  GString *line = g_string_new(NULL);
  const Expert *last = NULL;
  for (guint i = 0; all && i < all->len && text_width(line->str) < area.columns; i++) {
    const Expert *expert = g_array_index(all, QueryHit, i).expert;
    if (!expert || expert == last || strstr(line->str, expert->name)) continue;
    g_autofree char *sentence = expert_sentence(expert, cells->ascii);
    g_string_append_printf(line, "%s%s", line->len ? "; " : "", sentence);
    last = expert;
  }
  paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_DIM, line->str);
  g_string_free(line, TRUE);
}

/* Draws a text at the bottom of the area, in as many rows as it needs, and takes them off the area. */
static void draw_below(Cells *cells, Rect *area, Style style, const char *text) {
  int rows = MIN(text_rows(text, area->columns - 2), MAX(area->rows - 3, 0));
  area->rows -= rows;
  paint_wrapped(cells, area->x + 1, area->y + area->rows, area->columns - 2, rows, style, text);
}

/* Words and trees that the answer leaves out. */
static void draw_gaps(const QueryView *v, Cells *cells, Rect *area) {
  const QueryAnswer *answer = v->reply->answer;
  for (guint i = 0; answer->cannot && i < MIN(answer->cannot->len, 2u); i++)
    draw_below(cells, area, STYLE_DIM, answer->cannot->pdata[i]);
  if (answer->doubtful) draw_below(cells, area, STYLE_WARN, "Doubtful: perhaps nothing here is like that.");
  g_autofree char *line = text_encoder_unknown_text(answer->unknown);
  if (line) *line = g_ascii_toupper(*line);
  if (line) draw_below(cells, area, STYLE_WARN, line);
}

/* What stands where there are no answers. The caller frees it. */
static char *advice(const Ui *ui, const QueryView *v) {
  if (v->problem) return g_strdup(v->problem);
  if (v->job || v->due) return g_strdup("");
  if (v->reply) return g_strdup("No model answers to that.");
  if (ui->opened && (!ui->opened->experts || ui->opened->experts->len == 0)) {
    g_autofree char *train = advice_train(ui, query_context(ui, (gpointer)v));
    return g_strdup_printf(
        "There is no expert yet, so that names and cards alone are searched. %s Then ask for what the "
        "models were trained on: \"a fox\", \"a striped red star\".",
        train);
  }
  return g_strdup(
      "Type what you look for: \"a fox\", \"a striped red star\". The answers come from the "
      "weights where an expert speaks, and are marked so; names and cards are searched for the "
      "others. Filters: kind:lora params:<100M -base:sdxl sort:-params; like:MODEL; Right takes "
      "what is proposed.");
}

/* What a mark means, where one stands. */
static void draw_legend(const QueryView *v, Cells *cells, Rect *area) {
  const GArray *all = hits(v);
  bool marked = false;
  for (guint i = 0; i < all->len; i++) marked |= g_array_index(all, QueryHit, i).trained == TRAINED_ON;
  if (marked) draw_below(cells, area, STYLE_WARN, opinion_mark_text());
}

static void draw_hits(const Ui *ui, QueryView *v, Cells *cells, Rect area) {
  draw_legend(v, cells, &area); /* before what may take its room */
  draw_gaps(v, cells, &area);
  v->table.rows = &(HitRows){hits(v), ui->wood ? ui->wood->label_key : NULL};
  table_draw(&v->table, cells, area);
  v->table.rows = NULL;
}

static void query_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  QueryView *v = view;
  Rect line = {area.x + 6, area.y, area.columns - 7, 1};
  cells_put(cells, area.x + 1, area.y, 5, STYLE_LABEL, "ask:");
  Rect rest = {area.x, area.y + 1, area.columns, area.rows - 1};
  if (v->table.list.count > 0) {
    draw_speakers(v, cells, rest);
    rest.y++, rest.rows--;
    draw_hits(ui, v, cells, rest);
  } else {
    g_autofree char *text = advice(ui, v);
    paint_wrapped(cells, rest.x + 1, rest.y + 1, rest.columns - 2, rest.rows - 1, v->problem ? STYLE_WARN : STYLE_DIM,
                  text);
  }
  if (!v->editing) {
    cells_put(cells, line.x, line.y, line.columns, STYLE_INPUT, v->edit.text->str);
    return;
  }
  line_edit_draw(&v->edit, cells, line.x, line.y, line.columns, STYLE_INPUT);
  draw_proposals(v, cells, line);
}

/* Opens the answer at hand, or shows it in the forest. */
static bool show_hit(QueryView *v, RequestKind how) {
  const QueryHit *hit = selected_hit(v);
  return !hit || ui_ask_model(v->ui, how, hit->model);
}

/* Earlier questions, oldest first, saved ones with a star in front. */
static GPtrArray *asked(const QueryView *v) { return v->ui->history[HISTORY_QUESTIONS]; }

/* A question that somebody has stopped typing is worth remembering. */
static void remember(QueryView *v) {
  g_autofree char *text = g_strstrip(g_strdup(v->edit.text->str));
  g_autofree char *saved = g_strconcat("* ", text, NULL);
  if (!*text || !v->reply || v->toured) return;
  for (guint i = 0; i < asked(v)->len; i++)
    if (g_str_equal(asked(v)->pdata[i], saved)) return;
  ui_remember(v->ui, HISTORY_QUESTIONS, text);
}

/* Saves the question, or makes a saved one an ordinary one again. */
static void save_question(Ui *ui, QueryView *v) {
  g_autofree char *text = g_strstrip(g_strdup(v->edit.text->str));
  g_autofree char *saved = g_strconcat("* ", text, NULL);
  bool was = false;
  if (!*text) return;
  for (guint i = asked(v)->len; i > 0; i--) {
    was |= g_str_equal(asked(v)->pdata[i - 1], saved);
    if (g_str_equal(asked(v)->pdata[i - 1], saved) || g_str_equal(asked(v)->pdata[i - 1], text))
      g_ptr_array_remove_index(asked(v), i - 1);
  }
  ui_remember(ui, HISTORY_QUESTIONS, was ? text : saved);
  if (ui->read_only && !was) ui_tell(ui, STYLE_WARN, "Kept for this session only (read-only): %s", text);
  else ui_tell(ui, STYLE_GOOD, was ? "No longer saved: %s" : "Saved: %s", text);
}

/* Saved questions first, then the latest. */
static void open_history(Ui *ui, QueryView *v) {
  Menu *menu = menu_new(MENU_HISTORY, "Earlier questions", false);
  for (int saved = 1; saved >= 0; saved--)
    for (guint i = asked(v)->len; i > 0; i--) {
      const char *text = asked(v)->pdata[i - 1];
      bool is = g_str_has_prefix(text, "* ");
      if (is == (saved == 1)) menu_add(menu, (int)i - 1, UIKEY_NONE, is ? text + 2 : text, is ? "saved" : NULL, false);
    }
  if (menu->lines->len) ui_menu(ui, menu);
  else menu_free(menu), ui_tell(ui, STYLE_DIM, "Nothing has been asked yet");
}

static void query_choose(Ui *ui, gpointer view, int menu, int line) {
  QueryView *v = view;
  const QueryHit *hit = selected_hit(v);
  if (menu == MENU_COPY && hit) copy_menu_choose_model(ui, line, hit->model);
  if (menu != MENU_HISTORY || line >= (int)asked(v)->len) return;
  const char *text = asked(v)->pdata[line];
  line_edit_set(&v->edit, g_str_has_prefix(text, "* ") ? text + 2 : text);
  v->toured = false;
  propose(v);
  ask(v);
}

static bool query_command(Ui *ui, gpointer view, const char *verb, const char *argument, char **problem) {
  QueryView *v = view;
  (void)ui, (void)verb, (void)problem;
  v->editing = v->toured = false;
  line_edit_set(&v->edit, argument);
  propose(v);
  ask(v);
  return true;
}

static bool query_action(Ui *ui, gpointer view, Action action) {
  QueryView *v = view;
  bool changed;
  if (list_action(&v->table.list, action)) return true;
  if (v->editing && action == ACTION_ASK_RIGHT && take_proposal(v)) return true;
  if (v->editing && line_edit_action(&v->edit, action, &changed)) {
    if (changed) ask_soon(v);
    return true;
  }
  switch (action) {
    case ACTION_ASK:
      v->editing = true;
      return true;
    case ACTION_SHOW:
      remember(v);
      return show_hit(v, REQUEST_MODEL);
    case ACTION_LOCATE:
      remember(v);
      return show_hit(v, REQUEST_LOCATE);
    case ACTION_LABELS:
      return !selected_hit(v) || ui_ask_labels(ui, selected_hit(v)->model);
    case ACTION_COPY:
      if (selected_hit(v)) ui_menu(ui, copy_menu_new(MENU_COPY));
      return true;
    case ACTION_ASK_HISTORY:
      open_history(ui, v);
      return true;
    case ACTION_ASK_SAVE:
      save_question(ui, v);
      return true;
    case ACTION_LEAVE:
      remember(v);
      if (!v->editing) return ui_ask(ui, REQUEST_BACK);
      v->editing = false;
      return true;
    default:
      return false;
  }
}

static bool query_type(Ui *ui, gpointer view, Key key) {
  (void)ui;
  QueryView *v = view;
  if (!line_edit_type(&v->edit, key)) return false;
  ask_soon(v);
  return true;
}

static char *query_status(const Ui *ui, gpointer view) {
  const QueryView *v = view;
  (void)ui;
  if (v->job || v->due) return g_strdup("Asking ...");
  if (!v->reply) return g_strdup("");
  const QueryAnswer *a = v->reply->answer;
  if (a->total <= a->hits->len) return g_strdup_printf("%u answer%s", a->hits->len, a->hits->len == 1 ? "" : "s");
  g_autofree char *shown = text_whole(a->hits->len), *total = text_whole(a->total);
  return g_strdup_printf("the first %s of %s answers", shown, total);
}

const ViewOps view_query = {
    .name = "Query",
    .open = query_open,
    .close = query_close,
    .context = query_context,
    .draw = query_draw,
    .action = query_action,
    .type = query_type,
    .choose = query_choose,
    .command = query_command,
    .status = query_status,
    .changed = query_changed,
    .tick = query_tick,
};
