/* SPDX-License-Identifier: Apache-2.0 */
/* One model, in pages. */
#include <string.h>

#include "core/text.h"
#include "ui/desk/services.h"
#include "ui/desk/copy_menu.h"
#include "ui/desk/hand.h"
#include "session/model_jobs.h"
#include "ui/toolkit/glyph.h"
#include "ui/model/model_page.h"
#include "ui/toolkit/paint.h"

enum { MENU_COPY = 1, MENU_HAND, TRAIL = 32, DASHBOARD_FROM = 140 };

typedef struct {
  Subject subject;
  gpointer pages[PAGE_COUNT];
  int page;
  GPtrArray *trail; /* of Model*: those that were left for one of their neighbours */
} ModelView;

static void unref_model(gpointer model) { model_unref(model); }

static gpointer model_open(Ui *ui) {
  ModelView *v = g_new0(ModelView, 1);
  v->subject = (Subject){.ui = ui, .node = -1};
  v->trail = g_ptr_array_new_with_free_func(unref_model);
  for (int i = 0; i < PAGE_COUNT; i++) v->pages[i] = page_table[i]->open(&v->subject);
  return v;
}

static void model_close(gpointer view) {
  ModelView *v = view;
  for (int i = 0; i < PAGE_COUNT; i++) page_table[i]->close(v->pages[i]);
  subject_clear(&v->subject);
  g_ptr_array_unref(v->trail);
  g_free(v);
}

static unsigned model_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_MODEL;
}

/* The model as it was read last: an answer or a map may be older. */
static Model *newest(const Ui *ui, Model *model) {
  int node = ui->wood ? forest_find(ui->wood->forest, model) : -1;
  Model *now = node >= 0 ? forest_node(ui->wood->forest, (unsigned)node)->model : NULL;
  return now ? now : model;
}

static void set_model(ModelView *v, Model *model) {
  model = model_ref(newest(v->subject.ui, model)); /* it may be the one that is let go of */
  subject_clear(&v->subject);
  for (int i = 0; i < PAGE_COUNT; i++) page_table[i]->reset(v->pages[i]);
  v->subject.model = model;
  subject_place(&v->subject);
}

/* What is drawn above the page: the model's name and the pages' names. */
static void draw_tabs(const ModelView *v, Cells *cells, Rect area) {
  int x = area.x + 1;
  for (int i = 0; i < PAGE_COUNT; i++) {
    bool here = i == v->page;
    if (area.columns < 56 && !here) continue;
    g_autofree char *text = g_strdup_printf(" %s ", page_table[i]->name);
    x += cells_put(cells, x, area.y, area.columns, here ? STYLE_SELECTED : STYLE_TAB, text);
  }
  g_autofree char *of = area.columns < 56 ? g_strdup_printf("%d/%d ", v->page + 1, (int)PAGE_COUNT) : NULL;
  if (of) x += cells_put(cells, x + 1, area.y, 5, STYLE_DIM, of) + 1;
  int room = area.x + area.columns - 1 - x - 2;
  const SafeText *name = v->subject.model->name;
  g_autofree char *fitted = text_fit(name, MAX(MIN(text_width(name), room), 0), glyph(cells->ascii, GLYPH_ELLIPSIS));
  if (room > 4) cells_put_right(cells, area.x + area.columns - 1, area.y, room, STYLE_TITLE, fitted);
}

/* A page under its name in a part of the screen; its row at hand is not the screen's. */
static void draw_part(ModelView *v, int page, Cells *cells, Rect area) {
  int x = cells->cursor_x, y = cells->cursor_y;
  Rect rest = page_head(cells, area, page_table[page]->name);
  if (rest.rows <= 0) return;
  if (page_table[page]->show) page_table[page]->show(&v->subject, v->pages[page]);
  page_table[page]->draw(&v->subject, v->pages[page], cells, rest);
  cells->cursor_x = x, cells->cursor_y = y;
}

/* Where it is wide all that matters of a model is seen at once. */
static void draw_dashboard(ModelView *v, Cells *cells, Rect area) {
  int left = area.columns * 9 / 20, third = area.rows / 3;
  int card = page_card_rows(v->pages[PAGE_CARD], area.rows - 2 * third), layers = area.rows - third - card;
  Rect right = {area.x + left + 1, area.y, area.columns - left - 1, layers};
  int half = (right.columns - 1) / 2;
  page_table[PAGE_OVERVIEW]->draw(&v->subject, v->pages[PAGE_OVERVIEW], cells, (Rect){area.x, area.y, left, area.rows});
  draw_part(v, PAGE_LAYERS, cells, right);
  right.y += layers;
  draw_part(v, PAGE_SAYS, cells, (Rect){right.x, right.y, half, third});
  draw_part(v, PAGE_LIKE, cells, (Rect){right.x + half + 1, right.y, right.columns - half - 1, third});
  right.y += third;
  draw_part(v, PAGE_CARD, cells, (Rect){right.x, right.y, right.columns, card});
}

static void model_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  ModelView *v = view;
  (void)ui;
  if (!v->subject.model) {
    page_say(cells, area, "No model is open: Enter in the forest opens one.");
    return;
  }
  const PageOps *page = page_table[v->page];
  if (page->show) page->show(&v->subject, v->pages[v->page]);
  draw_tabs(v, cells, area);
  int head = area.rows >= 8 ? 2 : 1;
  Rect rest = {area.x, area.y + head, area.columns, area.rows - head};
  if (v->page == PAGE_OVERVIEW && area.columns >= DASHBOARD_FROM) draw_dashboard(v, cells, rest);
  else page->draw(&v->subject, v->pages[v->page], cells, rest);
}

static void find(Ui *ui, ModelView *v, bool back) {
  const PageOps *page = page_table[v->page];
  if (page->search && !page->search(v->pages[v->page], NULL, false, back)) ui_tell(ui, STYLE_WARN, "Not found");
}

static bool show_diff(Ui *ui, ModelView *v) {
  if (!v->subject.parent) {
    ui_tell(ui, STYLE_WARN, "No parent of this model is on this disk");
    return true;
  }
  return ui_ask_diff(ui, v->subject.parent, v->subject.model);
}

/* The model before, or the view before. */
static bool go_back(Ui *ui, ModelView *v) {
  if (v->trail->len == 0) return ui_ask(ui, REQUEST_BACK);
  g_autoptr(Model) before = model_ref(v->trail->pdata[v->trail->len - 1]);
  g_ptr_array_set_size(v->trail, (int)v->trail->len - 1);
  set_model(v, before);
  return true;
}

static void open_labels(Ui *ui, ModelView *v) {
  g_autofree char *text = v->subject.labels ? g_strjoinv(", ", v->subject.labels) : g_strdup("");
  v->page = PAGE_SAYS;
  ui_prompt(ui, "which of (a, b, c): ", text);
}

/* Hands the card to the pager, once it has been read. */
static void page(Ui *ui, ModelView *v) {
  const char *text = page_card.text(v->pages[PAGE_CARD]);
  v->page = PAGE_CARD;
  if (!text) {
    ui_tell(ui, STYLE_DIM, "The card is being read; p again shows it in the pager");
    return;
  }
  ui_ask_text(ui, REQUEST_PAGE, g_strdup(text));
}

static const char *label_key(const Ui *ui) { return ui->wood ? ui->wood->label_key : NULL; }

static bool own_action(Ui *ui, ModelView *v, Action action) {
  switch (action) {
    case ACTION_PAGE_NEXT:
      v->page = (v->page + 1) % PAGE_COUNT;
      return true;
    case ACTION_PAGE_PREVIOUS:
      v->page = (v->page + PAGE_COUNT - 1) % PAGE_COUNT;
      return true;
    case ACTION_DIFF:
      return show_diff(ui, v);
    case ACTION_COPY:
      ui_menu(ui, copy_menu_new(MENU_COPY));
      return true;
    case ACTION_SET_FACT:
      ui_menu(ui, hand_menu_new(MENU_HAND, v->subject.model, label_key(ui)));
      return true;
    case ACTION_FAVOURITE:
      hand_favourite(ui, v->subject.model);
      return true;
    case ACTION_LABELS:
      open_labels(ui, v);
      return true;
    case ACTION_LOCATE:
      return ui_ask_model(ui, REQUEST_LOCATE, v->subject.model);
    case ACTION_PAGER:
      page(ui, v);
      return true;
    case ACTION_SEARCH:
      if (page_table[v->page]->search) ui_prompt(ui, "/", "");
      return true;
    case ACTION_NEXT:
      find(ui, v, false);
      return true;
    case ACTION_PREVIOUS:
      find(ui, v, true);
      return true;
    case ACTION_LEAVE:
      return go_back(ui, v);
    default:
      return false;
  }
}

static bool model_action(Ui *ui, gpointer view, Action action) {
  ModelView *v = view;
  if (!v->subject.model) return action == ACTION_LEAVE && ui_ask(ui, REQUEST_BACK);
  PageStep step = page_table[v->page]->action(&v->subject, v->pages[v->page], action);
  if (step.kind == STEP_NONE) return own_action(ui, v, action);
  if (step.kind == STEP_LAYER) v->page = PAGE_LAYER;
  if (step.kind == STEP_MODEL) { /* stay here, and remember the way */
    if (v->trail->len < TRAIL) g_ptr_array_add(v->trail, model_ref(v->subject.model));
    set_model(v, step.model);
  }
  return true;
}

static void set_labels(ModelView *v, const char *text) {
  Subject *s = &v->subject;
  g_auto(GStrv) words = g_strsplit(text, ",", -1);
  g_autoptr(GPtrArray) kept = g_ptr_array_new();
  for (char **w = words; *w; w++)
    if (*g_strstrip(*w)) g_ptr_array_add(kept, *w);
  g_ptr_array_add(kept, NULL);
  g_clear_pointer(&s->labels, g_strfreev);
  if (kept->len > 1) s->labels = g_strdupv((char **)kept->pdata);
  page_says.reset(v->pages[PAGE_SAYS]);
}

static void model_prompt(Ui *ui, gpointer view, PromptEvent event, const char *text) {
  ModelView *v = view;
  const PageOps *page = page_table[v->page];
  if (g_str_has_prefix(ui->prompt.label, HAND_PROMPT)) {
    if (event == PROMPT_ACCEPTED && v->subject.model) hand_accept(ui, v->subject.model, text);
  } else if (ui->prompt.label[0] == 'w') {
    if (event == PROMPT_ACCEPTED) set_labels(v, text);
  } else if (page->search) {
    bool found = page->search(v->pages[v->page], event == PROMPT_CANCELLED ? "" : text, true, false);
    if (!found && *text) ui_tell(ui, STYLE_WARN, "Not found: %s", text);
  }
}

static void model_choose(Ui *ui, gpointer view, int menu, int line) {
  const ModelView *v = view;
  if (menu == MENU_COPY && v->subject.model) copy_menu_choose_model(ui, line, v->subject.model);
  if (menu == MENU_HAND && v->subject.model) hand_prompt(ui, line, v->subject.model, label_key(ui));
}

static bool same_facts(const GPtrArray *a, const GPtrArray *b) {
  if (a->len != b->len) return false;
  for (guint i = 0; i < a->len; i++) {
    const Fact *x = a->pdata[i], *y = b->pdata[i];
    if (g_strcmp0(x->key, y->key) || g_strcmp0(x->value, y->value) || g_strcmp0(x->source, y->source)) return false;
  }
  return true;
}

/* True when nothing that the catalog tells of the files is another. */
static bool same_files(const Model *a, const Model *b) {
  return a->bytes == b->bytes && a->params == b->params && a->tensors == b->tensors && !g_strcmp0(a->file, b->file) &&
         !g_strcmp0(a->shapes, b->shapes) && memcmp(a->dtypes, b->dtypes, sizeof a->dtypes) == 0 &&
         same_facts(a->facts, b->facts);
}

/* The model as it was read last. Its layers stay unless its files are others. */
static void renew_model(ModelView *v, Model *model) {
  if (model == v->subject.model) return;
  bool same = same_files(v->subject.model, model);
  model_ref(model);
  model_unref(v->subject.model);
  v->subject.model = model;
  for (int i = 0; i < PAGE_COUNT && !same; i++) page_table[i]->reset(v->pages[i]);
}

static bool same_path(const Model *a, const Model *b) { return a && b && strcmp(a->path, b->path) == 0; }

static void follow_wood(const Ui *ui, ModelView *v) {
  Subject *s = &v->subject;
  Model *before = s->parent ? model_ref(s->parent) : NULL;
  subject_place(s);
  renew_model(v, newest(ui, s->model));
  /* A walk through the folders may have met another card; what grows from it meets none. */
  if (ui->wood && !ui->wood->grown) page_card.reset(v->pages[PAGE_CARD]);
  bool other = before ? !same_path(before, s->parent) || !same_files(before, s->parent) : s->parent != NULL;
  if (other) {
    page_layers.reset(v->pages[PAGE_LAYERS]);
    page_layer.reset(v->pages[PAGE_LAYER]);
  }
  g_clear_pointer(&before, model_unref);
}

/* Opens the model that another view has sent us to. */
static void model_serve(Ui *ui, gpointer view, const Request *request) {
  ModelView *v = view;
  Model *model = request->open.model;
  g_ptr_array_set_size(v->trail, 0);
  if (same_path(v->subject.model, model)) renew_model(v, newest(ui, model));
  else set_model(v, model), v->page = PAGE_OVERVIEW;
  if (request->open.labels) open_labels(ui, v);
}

static void model_changed(Ui *ui, gpointer view, unsigned what) {
  ModelView *v = view;
  if (!v->subject.model) return;
  if (what & CHANGED_WOOD) follow_wood(ui, v);
  if (what & (CHANGED_EXPERTS | CHANGED_WOOD)) {
    page_like.reset(v->pages[PAGE_LIKE]);
    page_says.reset(v->pages[PAGE_SAYS]);
  }
}

static char *model_status(const Ui *ui, gpointer view) {
  const ModelView *v = view;
  const Model *m = v->subject.model;
  if (!m) return g_strdup("");
  const char *dot = glyph(ui->ascii, GLYPH_DOT);
  g_autofree char *params = text_count(m->params), *bytes = text_bytes(m->bytes);
  return g_strdup_printf("%s params %s %s %s %s", params, dot, bytes, dot, m->shown);
}

static bool model_command(Ui *ui, gpointer view, const char *verb, const char *argument, char **problem) {
  ModelView *v = view;
  (void)ui;
  if (!v->subject.model) *problem = g_strdup("no model is open");
  if (!v->subject.model) return false;
  if (g_str_equal(verb, "layer")) {
    g_free(v->subject.layer);
    v->subject.layer = g_strdup(argument);
    v->page = PAGE_LAYER;
    return true;
  }
  v->page = PAGE_SAYS;
  set_labels(v, argument);
  return true;
}

const ViewOps view_model = {
    .name = "Model",
    .open = model_open,
    .close = model_close,
    .context = model_context,
    .draw = model_draw,
    .action = model_action,
    .prompt = model_prompt,
    .choose = model_choose,
    .command = model_command,
    .status = model_status,
    .serve = model_serve,
    .changed = model_changed,
};
