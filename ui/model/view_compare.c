/* SPDX-License-Identifier: Apache-2.0 */
/* Any number of models side by side: a fact a row, a model a column, and what stands out marked. */
#include "core/name_set.h"
#include "core/text.h"
#include "lineage/forest/lineup.h"
#include "ui/desk/services.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"

enum { FACT_COLUMNS = 16, CELL_LEAST = 14, CELL_MOST = 30, MARGIN = 1 };

typedef struct {
  Ui *ui;
  GPtrArray *models; /* of Model*: references; NULL before the first */
  Lineup *lineup;    /* of them in the wood as it is; NULL: none */
  NameSet *names;    /* of its columns */
  List list;         /* of facts */
  guint at, left;    /* the model at hand, and the first whose column is drawn */
  bool as_listed;    /* the rows are in the fields' order, not the differences first */
} CompareView;

static gpointer compare_open(Ui *ui) {
  CompareView *v = g_new0(CompareView, 1);
  v->ui = ui;
  return v;
}

static void forget_lineup(CompareView *v) {
  g_clear_pointer(&v->lineup, lineup_free);
  g_clear_pointer(&v->names, name_set_free);
}

static void compare_close(gpointer view) {
  CompareView *v = view;
  forget_lineup(v);
  g_clear_pointer(&v->models, g_ptr_array_unref);
  g_free(v);
}

static unsigned compare_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_COMPARE;
}

/* Lines the models up as the wood knows them now; those that have gone are left out. */
static void line_up(CompareView *v) {
  forget_lineup(v);
  if (!v->models || !v->ui->wood) return;
  const Forest *forest = v->ui->wood->forest;
  g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(guint));
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < v->models->len;) {
    int node = forest_find(forest, v->models->pdata[i]);
    if (node < 0) {
      g_ptr_array_remove_index(v->models, i);
      continue;
    }
    g_array_append_val(nodes, node);
    g_ptr_array_add(names, forest_node(forest, (guint)node)->name);
    i++;
  }
  v->lineup = lineup_new(forest, nodes, v->ui->wood->label_key);
  v->names = name_set_new((const char *const *)names->pdata, names->len);
  if (!v->as_listed) lineup_differences_first(v->lineup);
  v->at = MIN(v->at, MAX(v->lineup->n, 1) - 1);
  list_resize(&v->list, (int)v->lineup->rows->len);
}

/* How the columns stand in a width. */
typedef struct {
  int facts, cell; /* columns of the names of facts, and of a model */
  guint shown;     /* models that there is room for */
} Grid;

static Grid grid_of(const CompareView *v, int columns) {
  Grid g = {.facts = MIN(FACT_COLUMNS, columns / 3)};
  int room = columns - MARGIN - g.facts;
  g.shown = (guint)CLAMP(room / (CELL_LEAST + 1), 1, (int)MAX(v->lineup->n, 1));
  g.cell = CLAMP(room / (int)g.shown - 1, 1, CELL_MOST);
  return g;
}

static int column_x(const CompareView *v, const Grid *g, Rect area, guint model) {
  return area.x + MARGIN + g->facts + (int)(model - v->left) * (g->cell + 1) + 1;
}

static void draw_head(const CompareView *v, const Grid *g, Cells *cells, Rect area) {
  cells_restyle(cells, area.x, area.y, area.columns, STYLE_HEADER);
  paint_left(cells, area.x + MARGIN, area.y, g->facts, STYLE_HEADER, "FACT");
  for (guint i = v->left; i < MIN(v->left + g->shown, v->lineup->n); i++) {
    g_autofree char *name = name_set_fit(v->names, i, g->cell - 1, glyph(cells->ascii, GLYPH_ELLIPSIS));
    int x = column_x(v, g, area, i);
    paint_left(cells, x + 1, area.y, g->cell - 1, i == v->at ? STYLE_TITLE : STYLE_HEADER, name);
    if (i == v->at) cells_put(cells, x, area.y, 1, STYLE_TITLE, glyph(cells->ascii, GLYPH_OPEN));
  }
}

static void draw_row(const CompareView *v, const Grid *g, Cells *cells, Rect area, int y, guint at) {
  const LineupRow *row = v->lineup->rows->pdata[at];
  bool here = (int)at == v->list.cursor;
  paint_left(cells, area.x + MARGIN, y, g->facts, row->same ? STYLE_DIM : STYLE_LABEL, row->name);
  for (guint i = v->left; i < MIN(v->left + g->shown, v->lineup->n); i++) {
    int x = column_x(v, g, area, i);
    const char *text = *row->texts[i] ? row->texts[i] : NULL;
    Style style = row->odd[i] ? STYLE_WARN : row->same || !text ? STYLE_DIM : STYLE_TEXT;
    if (row->odd[i]) cells_put(cells, x, y, 1, STYLE_WARN, "!");
    paint_left(cells, x + 1, y, g->cell - 1, style, text ? text : glyph(cells->ascii, GLYPH_NOTHING));
  }
  if (!here) return;
  cells_restyle(cells, area.x, y, area.columns, STYLE_SELECTED);
  cells->cursor_x = area.x, cells->cursor_y = y;
}

/* The fact at hand of the model at hand, whole, and where the model is: cells are narrow. */
static int draw_whole(const CompareView *v, Cells *cells, Rect area) {
  enum { ROWS = 3, FROM = 9 };
  const LineupRow *row = v->list.cursor < (int)v->lineup->rows->len ? v->lineup->rows->pdata[v->list.cursor] : NULL;
  if (area.rows < FROM || !row) return 0;
  const Model *model = v->models->pdata[v->at];
  const char *text = *row->texts[v->at] ? row->texts[v->at] : "says nothing of it";
  g_autofree char *line = g_strdup_printf("%s: %s", row->name, text);
  int y = area.y + area.rows - ROWS;
  paint_rule(cells, (Rect){area.x, y, area.columns, 1});
  paint_left(cells, area.x + MARGIN, y + 1, area.columns - 2 * MARGIN, STYLE_TITLE, model->shown);
  paint_left(cells, area.x + MARGIN, y + 2, area.columns - 2 * MARGIN, row->odd[v->at] ? STYLE_WARN : STYLE_TEXT, line);
  return ROWS;
}

static void compare_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  CompareView *v = view;
  (void)ui;
  if (!v->lineup || v->lineup->n == 0) {
    paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, area.rows - 1, STYLE_DIM,
                  "Nothing is compared: tag models in the forest, then = puts them side by side.");
    return;
  }
  Grid g = grid_of(v, area.columns);
  if (v->at < v->left) v->left = v->at;
  if (v->at >= v->left + g.shown) v->left = v->at - g.shown + 1;
  draw_head(v, &g, cells, area);
  int below = draw_whole(v, cells, area);
  list_show(&v->list, area.rows - 1 - below);
  for (int i = 0; i < v->list.height && v->list.top + i < v->list.count; i++)
    draw_row(v, &g, cells, area, area.y + 1 + i, (guint)(v->list.top + i));
}

static void resort(CompareView *v) {
  v->as_listed = !v->as_listed;
  line_up(v);
  list_select(&v->list, 0);
  ui_tell(v->ui, STYLE_DIM, v->as_listed ? "Facts in the order of the fields" : "Facts that differ first");
}

static bool go_to(Ui *ui, const CompareView *v, RequestKind request) {
  return !v->lineup || v->lineup->n == 0 || ui_ask_model(ui, request, v->models->pdata[v->at]);
}

static bool compare_action(Ui *ui, gpointer view, Action action) {
  CompareView *v = view;
  if (list_action(&v->list, action)) return true;
  switch (action) {
    case ACTION_PAGE_NEXT:
      if (v->lineup && v->at + 1 < v->lineup->n) v->at++;
      return true;
    case ACTION_PAGE_PREVIOUS:
      if (v->at > 0) v->at--;
      return true;
    case ACTION_SORT:
      resort(v);
      return true;
    case ACTION_SHOW:
      return go_to(ui, v, REQUEST_MODEL);
    case ACTION_LOCATE:
      return go_to(ui, v, REQUEST_LOCATE);
    case ACTION_LEAVE:
      return ui_ask(ui, REQUEST_BACK);
    default:
      return false;
  }
}

static void compare_serve(Ui *ui, gpointer view, const Request *request) {
  CompareView *v = view;
  (void)ui;
  g_clear_pointer(&v->models, g_ptr_array_unref);
  v->models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  for (guint i = 0; i < request->models->len; i++) g_ptr_array_add(v->models, model_ref(request->models->pdata[i]));
  v->list = (List){0};
  v->at = v->left = 0;
  line_up(v);
}

static void compare_changed(Ui *ui, gpointer view, unsigned what) {
  (void)ui;
  if (what & CHANGED_WOOD) line_up(view);
}

static char *compare_status(const Ui *ui, gpointer view) {
  const CompareView *v = view;
  (void)ui;
  if (!v->lineup || v->lineup->n == 0) return g_strdup("");
  g_autofree char *text = lineup_text(v->lineup);
  return g_strdup_printf("%u/%u %s %s", v->at + 1, v->lineup->n, glyph(v->ui->ascii, GLYPH_DOT), text);
}

const ViewOps view_compare = {
    .name = "Compare",
    .open = compare_open,
    .close = compare_close,
    .context = compare_context,
    .draw = compare_draw,
    .action = compare_action,
    .status = compare_status,
    .serve = compare_serve,
    .changed = compare_changed,
};
