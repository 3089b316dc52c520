/* SPDX-License-Identifier: Apache-2.0 */
/* The outline of the collection. */
#include <string.h>

#include "core/text.h"
#include "ui/desk/hand.h"
#include "ui/desk/services.h"
#include "ui/forest/forest_view.h"
#include "ui/toolkit/glyph.h"
#include "session/history.h"

static gpointer forest_open(Ui *ui) {
  ForestView *v = g_new0(ForestView, 1);
  v->ui = ui;
  forest_rows_init(&v->rows, ui->ascii);
  phylogram_init(&v->phylogram);
  v->side = side_pane_new(ui);
  column_set_parse(&v->columns, ui->config->columns, NULL);
  return v;
}

/* What is folded stays so until the next session. */
static void recall_folds(ForestView *v) {
  if (v->folds_known || !v->ui->history_known || !v->ui->wood) return;
  v->folds_known = true;
  forest_rows_fold_these(&v->rows, v->ui->history[HISTORY_FOLDS]);
}

static void remember_folds(const ForestView *v) {
  if (v->ui->read_only || !v->folds_known) return;
  g_autoptr(GPtrArray) names = forest_rows_folds(&v->rows);
  if (names->len || v->ui->history[HISTORY_FOLDS]->len)
    engine_keep_history(&v->ui->engine, HISTORY_FOLDS, names, NULL, NULL);
}

static void forest_close(gpointer view) {
  ForestView *v = view;
  remember_folds(v);
  forest_rows_clear(&v->rows);
  phylogram_clear(&v->phylogram);
  side_pane_free(v->side);
  g_free(v->search);
  g_free(v->filter_text);
  g_free(v);
}

static unsigned forest_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_FOREST;
}

static void find(Ui *ui, ForestView *v, bool back) {
  if (!v->search) ui_tell(ui, STYLE_DIM, "Nothing to search for yet: / begins a search");
  else if (!forest_rows_search(&v->rows, false, back)) ui_tell(ui, STYLE_WARN, "Not found: %s", v->search);
}

static void set_filter(ForestView *v, const char *text) {
  if (text && *text && g_strcmp0(text, v->filter_text) == 0) return;
  g_free(v->filter_text);
  v->filter_text = text && *text ? g_strdup(text) : NULL;
  forest_rows_set_filter(&v->rows, v->filter_text ? row_filter_parse(v->filter_text) : NULL);
}

static void open_prompt(Ui *ui, ForestView *v, bool filter) {
  v->prompt_row = v->rows.list.cursor;
  ui_prompt(ui, filter ? "filter: " : "/", filter && v->filter_text ? v->filter_text : "");
}

/* Esc takes back one thing at a time, and then leads back to where one came from. */
static bool leave(Ui *ui, ForestView *v) {
  if (v->rows.range >= 0) v->rows.range = -1;
  else if (v->search) g_clear_pointer(&v->search, g_free);
  else if (v->filter_text) set_filter(v, NULL);
  else if (forest_facts_shown(v) && !v->wide) v->facts = FACTS_OFF;
  else if (v->branches) v->branches = false;
  else if (v->rows.fan_by) forest_rows_gather(&v->rows, FAN_NONE);
  else if (v->rows.flat || v->rows.sort >= 0 || v->rows.reverse) forest_rows_order(&v->rows, false, -1, false);
  else return ui_ask(ui, REQUEST_RETURN);
  return true;
}

static Model *model_of(const ForestView *v, int node) {
  return node >= 0 ? forest_node(v->rows.wood->forest, (unsigned)node)->model : NULL;
}

static bool show_model(Ui *ui, const ForestView *v) {
  Model *model = model_of(v, forest_rows_node(&v->rows));
  if (model) return ui_ask_model(ui, REQUEST_MODEL, model);
  ui_tell(ui, STYLE_DIM, "A parent that is named but not on this disk: there is nothing to open");
  return true;
}

/* All tagged models side by side. */
static bool show_compare(Ui *ui, const ForestView *v) {
  g_autoptr(GPtrArray) chosen = forest_rows_chosen(&v->rows);
  g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  for (guint i = 0; i < chosen->len; i++) {
    const ForestNode *node = chosen->pdata[i];
    if (node->model) g_ptr_array_add(models, model_ref(node->model));
  }
  if (models->len < 2) {
    ui_tell(ui, STYLE_WARN, "Tag two models or more: Space tags one, v all from here to there");
    return true;
  }
  return ui_ask_compare(ui, g_steal_pointer(&models));
}

/* Two tagged models with each other, else the selected one with its parent. */
static bool show_diff(Ui *ui, const ForestView *v) {
  const ForestRows *r = &v->rows;
  g_autoptr(GPtrArray) chosen = forest_rows_chosen(r);
  const ForestNode *x = chosen->len ? chosen->pdata[chosen->len - 1] : NULL;
  const ForestNode *p = NULL;
  if (chosen->len > 2) return show_compare(ui, v); /* layer by layer there is room for two */
  if (chosen->len == 2 && g_hash_table_size(r->tagged)) p = chosen->pdata[0];
  else if (chosen->len == 1 && x->parents->len)
    p = forest_node(r->wood->forest, g_array_index(x->parents, ParentEdge, 0).parent);
  if (!p || !p->model || !x->model) {
    ui_tell(ui, STYLE_WARN, "Tag two models, or select one whose parent is on this disk");
    return true;
  }
  return ui_ask_diff(ui, p->model, x->model);
}

static void range(Ui *ui, ForestView *v) {
  if (v->rows.list.count == 0) return;
  int tagged = forest_rows_range(&v->rows);
  if (tagged < 0) ui_tell(ui, STYLE_DIM, "Move, then v again tags all rows from here to there");
  else ui_tell(ui, STYLE_DIM, "%d row%s tagged", tagged, tagged == 1 ? "" : "s");
}

/* What asks for something: a menu, a file, another view. */
static bool forest_request(Ui *ui, ForestView *v, Action action) {
  switch (action) {
    case ACTION_SHOW:
      return forest_rows_toggle_group(&v->rows) || show_model(ui, v);
    case ACTION_DIFF:
      return show_diff(ui, v);
    case ACTION_COMPARE:
      return show_compare(ui, v);
    case ACTION_SKIPPED:
      return ui_ask(ui, REQUEST_SKIPPED);
    case ACTION_SORT:
      forest_menu(ui, v, FOREST_MENU_SORT);
      return true;
    case ACTION_COLUMNS:
      forest_menu(ui, v, FOREST_MENU_COLUMNS);
      return true;
    case ACTION_GROUP:
      forest_menu(ui, v, FOREST_MENU_GROUP);
      return true;
    case ACTION_COPY:
      forest_menu(ui, v, FOREST_MENU_COPY);
      return true;
    case ACTION_EXPORT:
      if (ui->read_only) ui_tell(ui, STYLE_WARN, "Read-only: nothing may be written");
      else ui_prompt(ui, "write to (.csv, .jsonl, .html, .txt): ", "");
      return true;
    case ACTION_RESCAN:
      ui_ask(ui, REQUEST_SCAN);
      return true;
    default:
      return false;
  }
}

/* What changes how the rows look. */
static bool forest_arrange(ForestView *v, Action action) {
  ForestRows *r = &v->rows;
  switch (action) {
    case ACTION_FACTS:
      v->facts = forest_facts_shown(v) ? FACTS_OFF : FACTS_ON;
      return true;
    case ACTION_REVERSE:
      forest_rows_order(r, r->flat, r->sort, !r->reverse);
      v->branches = false;
      return true;
    case ACTION_TREE_OR_LIST:
      forest_rows_order(r, !r->flat, r->sort, r->reverse);
      v->branches = false;
      return true;
    case ACTION_PHYLOGRAM:
      if (r->fan_by) forest_rows_gather(r, FAN_NONE);
      if (r->flat) forest_rows_order(r, false, -1, false);
      v->branches = !v->branches;
      return true;
    default:
      return v->branches && phylogram_action(&v->phylogram, action, v->list_columns);
  }
}

static bool forest_action(Ui *ui, gpointer view, Action action) {
  ForestView *v = view;
  ForestRows *r = &v->rows;
  r->predicted = ui->predicted;
  if (list_action(&r->list, action) || forest_rows_action(r, action) || forest_arrange(v, action)) return true;
  if (forest_request(ui, v, action)) return true;
  switch (action) {
    case ACTION_SEARCH:
      open_prompt(ui, v, false);
      return true;
    case ACTION_FILTER:
      open_prompt(ui, v, true);
      return true;
    case ACTION_NEXT:
      find(ui, v, false);
      return true;
    case ACTION_PREVIOUS:
      find(ui, v, true);
      return true;
    case ACTION_TAG:
      forest_rows_tag(r);
      list_select(&r->list, r->list.cursor + 1);
      return true;
    case ACTION_RANGE:
      range(ui, v);
      return true;
    case ACTION_FAVOURITE: {
      Model *model = model_of(v, forest_rows_node(r));
      if (model) hand_favourite(ui, model);
      return true;
    }
    case ACTION_UNTAG:
      g_hash_table_remove_all(r->tagged);
      return true;
    case ACTION_LEAVE:
      return leave(ui, v);
    default:
      return false;
  }
}

static void forest_choose(Ui *ui, gpointer view, int menu, int line) { forest_menu_choose(ui, view, menu, line); }

/* Goes on with what looks at every model; true when more is left. */
static bool go_on(Ui *ui, ForestView *v) {
  if (forest_rows_work(&v->rows)) return true;
  bool jumps = v->jumps && v->search;
  v->jumps = false;
  if (jumps && !forest_rows_search(&v->rows, true, false)) ui_tell(ui, STYLE_WARN, "Not found: %s", v->search);
  return false;
}

static gint64 forest_tick(Ui *ui, gpointer view, gint64 now) {
  ForestView *v = view;
  if (!v->jumps && !forest_rows_working(&v->rows)) return side_pane_tick(v->side, now);
  bool more = go_on(ui, v);
  ui_ask(ui, REQUEST_REDRAW);
  return more ? now : 0;
}

static void search_prompt(Ui *ui, ForestView *v, PromptEvent event, const char *text) {
  if (event == PROMPT_TYPED || event == PROMPT_CANCELLED) list_select(&v->rows.list, v->prompt_row);
  g_clear_pointer(&v->search, g_free);
  if (event == PROMPT_CANCELLED || !*text) return;
  v->search = g_strdup(text);
  v->jumps = true;
  forest_rows_find(&v->rows, text);
  if (!forest_rows_working(&v->rows)) go_on(ui, v);
}

/* Why a filter is refused, or NULL. The caller frees it. */
static char *filter_problem(const Ui *ui, const char *text) {
  RowFilter *filter = row_filter_parse(text);
  char *problem = ui->wood ? row_filter_problem(filter, ui->wood->models) : NULL;
  row_filter_free(filter);
  return problem;
}

/* While one types: how many match. */
static char *forest_prompt_note(const Ui *ui, gpointer view) {
  const ForestView *v = view;
  const char *more = forest_rows_working(&v->rows) ? glyph(ui->ascii, GLYPH_ELLIPSIS) : "";
  if (ui->prompt.label[0] == '/' && v->search) return g_strdup_printf("%u found%s", v->rows.matches, more);
  if (ui->prompt.label[0] == 'f' && v->filter_text)
    return g_strdup_printf("%u kept%s", forest_rows_kept(&v->rows), more);
  return NULL;
}

static void forest_prompt(Ui *ui, gpointer view, PromptEvent event, const char *text) {
  if (ui->prompt.label[0] == '/') search_prompt(ui, view, event, text);
  else if (ui->prompt.label[0] == 'w') {
    if (event == PROMPT_ACCEPTED) forest_export(ui, view, text);
  } else {
    g_autofree char *problem = event == PROMPT_ACCEPTED ? filter_problem(ui, text) : NULL;
    set_filter(view, event == PROMPT_CANCELLED || problem ? NULL : text);
    if (problem) ui_tell(ui, STYLE_WARN, "%s", problem);
  }
}

/* "14 models · 2 trees · 1 skipped · 343 MB". */
/* "2,000 models · ". */
static void append_number(GString *s, guint n, const char *what, const char *dot) {
  text_append_whole(s, n);
  g_string_append_printf(s, "%s %s ", what, dot);
}

static char *forest_status(const Ui *ui, gpointer view) {
  const ForestView *v = view;
  const Snapshot *wood = ui->wood;
  if (!wood) return g_strdup("");
  const char *dot = glyph(ui->ascii, GLYPH_DOT);
  g_autofree char *bytes = text_bytes(wood->bytes);
  GString *s = g_string_new(NULL);
  if (v->rows.list.count) {
    text_append_whole(s, (uint64_t)v->rows.list.cursor + 1);
    g_string_append_c(s, '/');
    append_number(s, (guint)v->rows.list.count, "", dot);
  }
  if (v->rows.fan_by) g_string_append_printf(s, "by %s %s ", fan_by_name(v->rows.fan_by), dot);
  if (v->search) append_number(s, v->rows.matches, " found", dot);
  if (v->filter_text) {
    const FilterRun *run = v->rows.coming ? v->rows.coming : v->rows.filter;
    guint kept = forest_rows_kept(&v->rows);
    text_append_whole(s, kept);
    g_string_append_printf(s, " match%s for \"%s\"%s %s ", kept == 1 ? "" : "es", v->filter_text,
                           run && row_filter_is_wide(run->filter) ? " inside words" : "", dot);
  }
  append_number(s, wood->models->len, wood->models->len == 1 ? " model" : " models", dot);
  append_number(s, (guint)wood->forest->trees, wood->forest->trees == 1 ? " tree" : " trees", dot);
  g_string_append(s, bytes);
  guint tagged = g_hash_table_size(v->rows.tagged);
  if (tagged) g_string_append_printf(s, " %s %u tagged", dot, tagged);
  if (wood->skipped->len) {
    g_autofree char *key = keymap_label(ui->keymap, ACTION_SKIPPED, IN_FOREST, 1);
    g_string_append_printf(s, " %s %u skipped (%s)", dot, wood->skipped->len, key);
  }
  if (!wood->grown) g_string_append_printf(s, " %s from cards", dot);
  return g_string_free(s, FALSE);
}

/* Selects the model that another view has sent us to. */
static void locate(Ui *ui, ForestView *v, const Model *model) {
  int node = ui->wood ? forest_find(ui->wood->forest, model) : -1;
  if (v->filter_text) set_filter(v, NULL);
  if (!forest_rows_select(&v->rows, node)) ui_tell(ui, STYLE_WARN, "%s is no longer in the collection", model->shown);
}

static void forest_serve(Ui *ui, gpointer view, const Request *request) {
  ForestView *v = view;
  if (request->kind == REQUEST_LOCATE) locate(ui, v, request->open.model);
  if (request->kind != REQUEST_TAG) return;
  for (guint i = 0; i < request->models->len; i++) forest_rows_tag_model(&v->rows, request->models->pdata[i]);
}

static void forest_changed(Ui *ui, gpointer view, unsigned what) {
  ForestView *v = view;
  side_pane_changed(v->side, what);
  if ((what & CHANGED_WOOD) && ui->wood) {
    phylogram_clear(&v->phylogram); /* the next forest may lie where the last one did */
    forest_rows_set_wood(&v->rows, ui->wood);
    if (v->search) forest_rows_find(&v->rows, v->search);
  }
  if (what & (CHANGED_WOOD | CHANGED_HISTORY)) recall_folds(v);
  int says = forest_column_find("says");
  bool has = false;
  for (int i = 0; i < v->columns.n; i++) has |= v->columns.which[i] == says;
  /* The new column comes early: on narrow screens the last ones are left out. */
  if ((what & CHANGED_PREDICTED) && !has)
    column_set_parse(&v->columns, "kind params says concept edge size dtype", NULL);
}

static bool sort_by(ForestView *v, const char *column, char **problem) {
  int which = forest_column_find(column);
  if (which < 0 && strcmp(column, "name") != 0) {
    *problem = g_strdup_printf("there is no column %s", column);
    return false;
  }
  v->branches = false;
  forest_rows_order(&v->rows, v->rows.flat, which, false);
  return true;
}

/* A column's title sorts by it, and again: the other way round. */
static void forest_click_title(Ui *ui, gpointer view, int x) {
  ForestView *v = view;
  int column = forest_view_column_at(v, x);
  if (column < 0 || v->rows.list.count == 0) return;
  if (column == FOREST_COLUMNS) column = -1;
  v->rows.predicted = ui->predicted;
  bool again = v->rows.sort == column && (column >= 0 || v->rows.flat);
  forest_rows_order(&v->rows, v->rows.flat, column, again && !v->rows.reverse);
}

static bool set_columns(Ui *ui, ForestView *v, const char *names, char **problem) {
  g_autofree char *wrong = NULL;
  ColumnSet set;
  if (!column_set_parse(&set, names, &wrong)) {
    *problem = g_strdup_printf("there is no column %s", wrong);
    return false;
  }
  v->columns = set;
  g_free(ui->config->columns);
  ui->config->columns = column_set_text(&set);
  return true;
}

static bool forest_command(Ui *ui, gpointer view, const char *verb, const char *argument, char **problem) {
  ForestView *v = view;
  v->rows.predicted = ui->predicted;
  if (g_str_equal(verb, "sort-by")) return sort_by(v, argument, problem);
  if (g_str_equal(verb, "columns")) return set_columns(ui, v, argument, problem);
  if (g_str_equal(verb, "export")) forest_export(ui, v, argument);
  else if ((*problem = filter_problem(ui, argument))) return false;
  else set_filter(v, argument);
  return true;
}

const ViewOps view_forest = {
    .name = "Forest",
    .open = forest_open,
    .close = forest_close,
    .context = forest_context,
    .draw = forest_view_draw,
    .action = forest_action,
    .prompt = forest_prompt,
    .prompt_note = forest_prompt_note,
    .tick = forest_tick,
    .choose = forest_choose,
    .command = forest_command,
    .click_title = forest_click_title,
    .status = forest_status,
    .serve = forest_serve,
    .changed = forest_changed,
};
