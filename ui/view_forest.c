/* SPDX-License-Identifier: Apache-2.0 */
/* The outline of the collection. */
#include "core/text.h"
#include "ui/forest_columns.h"
#include "ui/forest_facts.h"
#include "ui/forest_rows.h"
#include "ui/glyph.h"
#include "ui/paint.h"
#include "ui/view.h"

typedef enum { FACTS_AUTO, FACTS_ON, FACTS_OFF } FactsMode;

enum {
  FACTS_FROM = 100, /* columns from which facts stand beside the list by themselves */
  FACTS_LEAST = 34,
  FACTS_MOST = 56
};

typedef struct {
  ForestRows rows;
  FactsMode facts;
  bool wide;         /* as last drawn: there is room for facts at the side */
  char *search;      /* or NULL */
  char *filter_text; /* or NULL */
  int prompt_row;    /* selected when the prompt was opened */
} ForestView;

static gpointer forest_open(Ui *ui) {
  ForestView *v = g_new0(ForestView, 1);
  forest_rows_init(&v->rows, ui->ascii);
  return v;
}

static void forest_close(gpointer view) {
  ForestView *v = view;
  forest_rows_clear(&v->rows);
  g_free(v->search);
  g_free(v->filter_text);
  g_free(v);
}

static unsigned forest_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_FOREST;
}

static bool facts_shown(const ForestView *v) {
  return v->facts == FACTS_ON || (v->facts == FACTS_AUTO && v->wide);
}

/* Splits the area into the list and the facts: beside it, or below it on narrow screens. */
static void split(const ForestView *v, Rect area, Rect *list, Rect *facts) {
  *list = area;
  *facts = (Rect){0};
  if (!facts_shown(v)) return;
  if (v->wide) {
    int columns = CLAMP(area.columns * 3 / 10, FACTS_LEAST, FACTS_MOST);
    list->columns = area.columns - columns - 2;
    *facts = (Rect){area.x + area.columns - columns, area.y, columns, area.rows};
  } else if (area.rows < 8) {
    /* No room for both: the facts take the list's place. */
    list->rows = 0;
    *facts = area;
  } else {
    int rows = area.rows / 2;
    list->rows = area.rows - rows - 1;
    *facts = (Rect){area.x + 1, area.y + list->rows + 1, area.columns - 2, rows};
  }
}

static void draw_border(Cells *cells, Rect list, Rect facts, bool wide) {
  if (wide)
    for (int y = facts.y; y < facts.y + facts.rows; y++)
      cells_put(cells, list.x + list.columns, y, 1, STYLE_BOX, glyph(cells->ascii, GLYPH_POST));
  else
    for (int x = list.x; x < list.x + list.columns; x++)
      cells_put(cells, x, facts.y - 1, 1, STYLE_BOX, glyph(cells->ascii, GLYPH_RULE));
}

static void draw_rows(ForestView *v, Cells *cells, Rect area) {
  ForestRows *r = &v->rows;
  list_show(&r->list, area.rows);
  for (int i = 0; i < area.rows && r->list.top + i < r->list.count; i++) {
    const OutlineRow *row = forest_rows_row(r, r->list.top + i);
    RowLook look = {.label_key = r->wood->label_key,
                    .match = v->search,
                    .tagged = g_hash_table_contains(r->tagged, GUINT_TO_POINTER(row->node)),
                    .selected = r->list.top + i == r->list.cursor};
    forest_row_draw(cells, area.x, area.y + i, area.columns, row,
                    forest_node(r->wood->forest, row->node), &look);
    if (look.selected) cells->cursor_x = area.x, cells->cursor_y = area.y + i;
  }
}

static void draw_empty(const Ui *ui, const ForestView *v, Cells *cells, Rect area) {
  const char *text = "Reading the catalog ...";
  if (v->rows.filter)
    text = "Nothing matches the filter. Esc removes it.";
  else if (ui->wood && ui->wood->scanned)
    text = "No models were found here.";
  else if (ui->wood)
    text = "Looking for models ...";
  paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, area.rows - 1, STYLE_DIM, text);
}

static void forest_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  ForestView *v = view;
  v->wide = area.columns >= FACTS_FROM;
  Rect list, facts;
  split(v, area, &list, &facts);
  if (v->rows.list.count == 0) {
    forest_header_draw(cells, area);
    draw_empty(ui, v, cells, (Rect){area.x, area.y + 1, area.columns, area.rows - 1});
    return;
  }
  if (list.rows) {
    forest_header_draw(cells, list);
    draw_rows(v, cells, (Rect){list.x, list.y + 1, list.columns, list.rows - 1});
  }
  if (!facts.rows) return;
  if (list.rows) draw_border(cells, list, facts, v->wide);
  forest_facts_draw(cells, facts, v->rows.wood->forest, forest_rows_node(&v->rows));
}

static void find(Ui *ui, ForestView *v, bool back) {
  if (!v->search)
    ui_tell(ui, STYLE_DIM, "Nothing to search for yet: / begins a search");
  else if (!forest_rows_search(&v->rows, v->search, false, back))
    ui_tell(ui, STYLE_WARN, "Not found: %s", v->search);
}

static void set_filter(ForestView *v, const char *text) {
  g_free(v->filter_text);
  v->filter_text = text && *text ? g_strdup(text) : NULL;
  forest_rows_set_filter(&v->rows, v->filter_text ? row_filter_parse(v->filter_text) : NULL);
}

static void open_prompt(Ui *ui, ForestView *v, bool filter) {
  v->prompt_row = v->rows.list.cursor;
  ui_prompt(ui, filter ? "filter: " : "/", filter && v->filter_text ? v->filter_text : "");
}

/* Esc takes back one thing at a time. */
static void leave(ForestView *v) {
  if (v->search)
    g_clear_pointer(&v->search, g_free);
  else if (v->filter_text)
    set_filter(v, NULL);
  else if (facts_shown(v) && !v->wide)
    v->facts = FACTS_OFF;
}

static Reaction forest_action(Ui *ui, gpointer view, Action action) {
  ForestView *v = view;
  ForestRows *r = &v->rows;
  if (list_action(&r->list, action) || forest_rows_action(r, action)) return REACT_HANDLED;
  switch (action) {
    case ACTION_SHOW: v->facts = FACTS_ON; return REACT_HANDLED;
    case ACTION_FACTS: v->facts = facts_shown(v) ? FACTS_OFF : FACTS_ON; return REACT_HANDLED;
    case ACTION_SEARCH: open_prompt(ui, v, false); return REACT_HANDLED;
    case ACTION_FILTER: open_prompt(ui, v, true); return REACT_HANDLED;
    case ACTION_NEXT: find(ui, v, false); return REACT_HANDLED;
    case ACTION_PREVIOUS: find(ui, v, true); return REACT_HANDLED;
    case ACTION_TAG:
      forest_rows_tag(r);
      list_select(&r->list, r->list.cursor + 1);
      return REACT_HANDLED;
    case ACTION_UNTAG: g_hash_table_remove_all(r->tagged); return REACT_HANDLED;
    case ACTION_RESCAN: ui->wanted |= WANT_SCAN; return REACT_HANDLED;
    case ACTION_LEAVE: leave(v); return REACT_HANDLED;
    default: return REACT_NONE;
  }
}

static void search_prompt(Ui *ui, ForestView *v, PromptEvent event, const char *text) {
  if (event == PROMPT_TYPED || event == PROMPT_CANCELLED)
    list_select(&v->rows.list, v->prompt_row);
  g_clear_pointer(&v->search, g_free);
  if (event == PROMPT_CANCELLED || !*text) return;
  v->search = g_strdup(text);
  if (!forest_rows_search(&v->rows, text, true, false))
    ui_tell(ui, STYLE_WARN, "Not found: %s", text);
}

static void forest_prompt(Ui *ui, gpointer view, PromptEvent event, const char *text) {
  if (ui->prompt.label[0] == '/')
    search_prompt(ui, view, event, text);
  else
    set_filter(view, event == PROMPT_CANCELLED ? NULL : text);
}

/* "14 models · 2 trees · 1 skipped · 343 MB". */
static char *forest_status(const Ui *ui, gpointer view) {
  const ForestView *v = view;
  const Wood *wood = ui->wood;
  if (!wood) return g_strdup("");
  const char *dot = glyph(ui->ascii, GLYPH_DOT);
  g_autofree char *bytes = text_bytes(wood->bytes);
  GString *s = g_string_new(NULL);
  if (v->filter_text)
    g_string_append_printf(s, "%u match \"%s\" %s ", v->rows.kept, v->filter_text, dot);
  g_string_append_printf(s, "%u model%s %s %d tree%s %s %s", wood->models->len,
                         wood->models->len == 1 ? "" : "s", dot, wood->forest->trees,
                         wood->forest->trees == 1 ? "" : "s", dot, bytes);
  guint tagged = g_hash_table_size(v->rows.tagged);
  if (tagged) g_string_append_printf(s, " %s %u tagged", dot, tagged);
  if (wood->skipped->len) g_string_append_printf(s, " %s %u skipped", dot, wood->skipped->len);
  if (!wood->grown) g_string_append_printf(s, " %s from cards", dot);
  return g_string_free(s, FALSE);
}

/* Selects the model that another view has sent us to. */
static void go_to_target(Ui *ui, ForestView *v) {
  int node = ui->wood ? forest_find(ui->wood->forest, ui->target) : -1;
  if (v->rows.filter) set_filter(v, NULL);
  if (!forest_rows_select(&v->rows, node))
    ui_tell(ui, STYLE_WARN, "%s is no longer in the collection", ui->target->shown);
  g_clear_pointer(&ui->target, model_unref);
}

static void forest_changed(Ui *ui, gpointer view, unsigned what) {
  ForestView *v = view;
  if ((what & CHANGED_WOOD) && ui->wood) forest_rows_set_wood(&v->rows, ui->wood);
  if (ui->target) go_to_target(ui, v);
}

const ViewOps view_forest = {
    .name = "Forest",
    .open = forest_open,
    .close = forest_close,
    .context = forest_context,
    .draw = forest_draw,
    .action = forest_action,
    .prompt = forest_prompt,
    .status = forest_status,
    .changed = forest_changed,
};
