/* SPDX-License-Identifier: Apache-2.0 */
/* The models of one architecture as points: near each other when an expert finds them alike. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "ui/desk/services.h"
#include "ui/desk/advice.h"
#include "ui/desk/copy_menu.h"
#include "session/model_jobs.h"
#include "ui/toolkit/glyph.h"
#include "session/latest_job.h"
#include "ui/map/map_groups.h"
#include "ui/map/map_spread.h"
#include "ui/toolkit/paint.h"
#include "search/filter.h"
#include "ui/map/scatter.h"
#include "ui/desk/view.h"

enum { MENU_COPY = 1, MENU_FIELD, REACH = 3, NEAR_SHOWN = 8, SIGNS_BELOW = 600 };

typedef struct {
  Ui *ui;
  LatestJob chart;    /* Chart* */
  const Chart *shown; /* the one that scatter and groups belong to */
  guint expert;
  MapBy by;
  bool chosen;      /* by the user, who is not to be overruled */
  ModelField field; /* when it is by one */
  MapGroups groups;
  MapSpread spread;
  bool together;  /* that layout is shown */
  LatestJob near; /* Neighbourhood*: of `of` */
  Model *of;      /* a reference, or NULL */
  Scatter scatter;
  bool lasso;
  int lasso_x, lasso_y; /* where it began */
} MapView;

static gpointer map_open(Ui *ui) {
  MapView *v = g_new0(MapView, 1);
  v->ui = ui;
  latest_job_init(&v->chart, &ui->engine, engine_free_chart);
  latest_job_init(&v->near, &ui->engine, engine_free_neighbours);
  v->spread.ui = ui;
  return v;
}

static void forget_near(MapView *v) {
  latest_job_reset(&v->near);
  g_clear_pointer(&v->of, model_unref);
}

static void map_reset(MapView *v) {
  v->shown = NULL;
  v->scatter = (Scatter){0};
  v->together = false;
  map_spread_reset(&v->spread);
  forget_near(v);
  v->lasso = false;
  map_groups_clear(&v->groups);
  latest_job_reset(&v->chart);
}

static void map_close(gpointer view) {
  map_reset(view);
  g_free(view);
}

static unsigned map_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_MAP;
}

static guint expert_count(const Ui *ui) { return ui->opened && ui->opened->experts ? ui->opened->experts->len : 0; }

/* The chart that has come, in its axes. */
static void take_chart(MapView *v) {
  v->shown = v->chart.result;
  map_groups_set(&v->groups, v->ui, v->shown->models, v->by, v->field);
  /* Of many labels with several words each, one of these says more. */
  if (v->by == MAP_BY_LABEL && !v->chosen && map_groups_are_vague(&v->groups)) {
    v->by = MAP_BY_LAST_WORD;
    map_groups_set(&v->groups, v->ui, v->shown->models, v->by, v->field);
  }
  v->scatter = (Scatter){.xy = v->shown->xy, .group = v->groups.group, .n = v->shown->models->len};
  scatter_all(&v->scatter);
}

/* The points anew, as a whole; the cursor goes where its point goes (-1: it has none). */
static void lay_points(MapView *v, const float *xy, int at) {
  v->scatter.xy = xy;
  scatter_all(&v->scatter);
  if (at >= 0) scatter_point_at(&v->scatter, (guint)at);
}

/* Asks for the map, and takes it up when it has come; the other layout as it grows. */
static void follow(MapView *v) {
  Ui *ui = v->ui;
  guint n = expert_count(ui);
  if (n && ui->wood && latest_job_is_fresh(&v->chart)) {
    v->expert = MIN(v->expert, n - 1);
    v->chart.job = engine_chart(&ui->engine, ui->wood, ui->opened, v->expert, latest_job_done, &v->chart);
  }
  if (v->chart.result && v->shown != v->chart.result) take_chart(v);
  int at = v->shown && v->together ? scatter_hover(&v->scatter, REACH) : -1;
  if (!v->shown || !v->together || !map_spread_follow(&v->spread)) return;
  lay_points(v, v->spread.xy, at);
}

/* The other layout, or back to the axes. */
static void turn_layout(MapView *v) {
  int at = scatter_hover(&v->scatter, REACH);
  v->together = !v->together;
  if (v->together) map_spread_start(&v->spread, v->shown, v->expert);
  if (v->together) map_spread_follow(&v->spread);
  lay_points(v, v->together && v->spread.xy ? v->spread.xy : v->shown->xy, at);
}

static void regroup(MapView *v) {
  if (!v->shown) return;
  map_groups_set(&v->groups, v->ui, v->shown->models, v->by, v->field);
  v->scatter.group = v->groups.group;
  v->scatter.only = 0;
}

static const Model *hovered(const MapView *v) {
  int point = v->shown ? scatter_hover(&v->scatter, REACH) : -1;
  return point >= 0 ? v->shown->models->pdata[point] : NULL;
}

/* Points are drawn as their groups' signs where they lie apart, or where dots would have no colours. */
static bool by_signs(const MapView *v) { return v->ui->mono || v->scatter.n < SIGNS_BELOW; }

/* The groups with their signs, in one line or, where it is wide, at the side. */
static void draw_legend(const MapView *v, Cells *cells, Rect area, bool side) {
  int x = area.x, y = area.y;
  for (guint k = 0; k <= MAP_GROUPS; k++) {
    if (!v->groups.names[k] || !v->groups.counts[k]) continue;
    char count[16];
    g_snprintf(count, sizeof count, "%u", v->groups.counts[k]);
    int width = side ? area.columns - 8 : MIN(text_width(v->groups.names[k]), 16);
    if (y >= area.y + area.rows || x + width + 2 > area.x + area.columns) return;
    cells_put(cells, x, y, 1, map_group_style(k),
              cells->ascii || by_signs(v) ? map_group_sign(k, cells->ascii) : "⣿"); /* as the points are */
    bool hidden = v->scatter.only && v->scatter.only != k + 1;
    paint_left(cells, x + 2, y, width, hidden ? STYLE_DIM : STYLE_TEXT, v->groups.names[k]);
    if (side) paint_right(cells, area.x + area.columns - 6, y++, 6, STYLE_DIM, count);
    else x += width + 4;
  }
}

static void draw_lasso(const MapView *v, Cells *cells, Rect in) {
  int x0 = MIN(v->lasso_x, v->scatter.cursor_x), x1 = MAX(v->lasso_x, v->scatter.cursor_x);
  int y0 = MIN(v->lasso_y, v->scatter.cursor_y), y1 = MAX(v->lasso_y, v->scatter.cursor_y);
  for (int y = y0; y <= y1; y++) {
    bool edge = y == y0 || y == y1;
    cells_restyle(cells, in.x + x0, in.y + y, edge ? x1 - x0 + 1 : 1, STYLE_SELECTED);
    if (!edge) cells_restyle(cells, in.x + x1, in.y + y, 1, STYLE_SELECTED);
  }
}

static void draw_points(const MapView *v, Cells *cells, Rect in) {
  scatter_draw(&v->scatter, cells, in.x, in.y, by_signs(v));
  if (v->lasso) draw_lasso(v, cells, in);
  int x = in.x + v->scatter.cursor_x, y = in.y + v->scatter.cursor_y;
  cells_restyle(cells, x, y, 1, STYLE_SELECTED);
  cells->cursor_x = x, cells->cursor_y = y;
}

/* "neighbours kept 31 %, axes 41 + 13 % of spread". The caller frees it. */
static char *layout_text(const MapView *v) {
  const Chart *c = v->shown;
  if (v->together) return map_spread_text(&v->spread, c);
  GString *s = g_string_new(NULL);
  if (isfinite(c->kept)) g_string_printf(s, "neighbours kept %.0f %%, ", 100 * c->kept);
  g_string_append_printf(s, "axes %.0f + %.0f %% of spread", 100 * c->shares[0], 100 * c->shares[1]);
  return g_string_free(s, FALSE);
}

static void draw_head(const MapView *v, Cells *cells, Rect area) {
  g_autofree char *layout = layout_text(v);
  g_autofree char *n = text_whole(v->shown->models->len);
  g_autofree char *line = g_strdup_printf("%s by %s; %s", n, map_by_name(v->by, v->field), layout);
  /* Where there are several experts, whose map it is says less than how good it is. */
  g_autofree char *whole = g_strdup_printf("%s: %s", v->shown->expert, line);
  bool fits = text_width(whole) <= area.columns - 2;
  paint_left(cells, area.x + 1, area.y, area.columns - 2, STYLE_DIM, fits ? whole : line);
}

/* Asks who is near the model under the cursor, once a model. */
static void follow_near(MapView *v, const Model *hover) {
  Ui *ui = v->ui;
  Model *m = (Model *)hover;
  if (!m || m == v->of) return;
  forget_near(v);
  v->of = model_ref(m);
  v->near.job = engine_neighbours(&ui->engine, ui->wood, ui->opened, m, latest_job_done, &v->near);
}

/* "near: fox-lora 0.95, hare-lora 0.75". NULL when nobody is known. The caller frees it. */
static char *near_text(const MapView *v, const Model *hover) {
  const Neighbourhood *n = v->near.result;
  if (!n || v->of != hover || n->near->len == 0) return NULL;
  GString *s = g_string_new("near:");
  for (guint i = 0; i < n->near->len && i < NEAR_SHOWN; i++) {
    const Neighbour *one = &g_array_index(n->near, Neighbour, i);
    g_string_append_printf(s, "%s %s %.2f", i ? "," : "", one->model->name, one->score);
  }
  return g_string_free(s, FALSE);
}

static void draw_hover(const MapView *v, const Ui *ui, const Model *m, Cells *cells, Rect area) {
  if (!m) return;
  g_autofree char *concept = model_concept_text(m, ui->wood ? ui->wood->label_key : NULL);
  paint_left(cells, area.x, area.y, area.columns, STYLE_TITLE, m->name);
  if (area.rows > 1 && concept) paint_left(cells, area.x, area.y + 1, area.columns, STYLE_CONCEPT, concept);
  g_autofree char *near = area.rows > 2 ? near_text(v, m) : NULL;
  if (near) paint_wrapped(cells, area.x, area.y + 2, area.columns, area.rows - 2, STYLE_DIM, near);
}

/* The legend above what is under the cursor. */
static void draw_side(const MapView *v, const Ui *ui, const Model *m, Cells *cells, Rect in) {
  draw_legend(v, cells, (Rect){in.x, in.y, in.columns, MAP_GROUPS + 2}, true);
  draw_hover(v, ui, m, cells, (Rect){in.x, in.y + MAP_GROUPS + 3, in.columns, MAX(in.rows - MAP_GROUPS - 3, 0)});
}

/* The same in two lines. */
static void draw_below(const MapView *v, const Ui *ui, const Model *m, Cells *cells, Rect in) {
  draw_legend(v, cells, (Rect){in.x, in.y, in.columns, 1}, false);
  g_autofree char *near = near_text(v, m);
  g_autofree char *concept = m ? model_concept_text(m, ui->wood ? ui->wood->label_key : NULL) : NULL;
  g_autofree char *line =
      near ? g_strdup_printf("%s%s%s  %s", m->name, concept ? ", " : "", concept ? concept : "", near) : NULL;
  if (line) paint_left(cells, in.x, in.y + 1, in.columns, STYLE_TITLE, line);
  else draw_hover(v, ui, m, cells, (Rect){in.x, in.y + 1, in.columns, 1});
}

/* What stands in the map's place. The caller frees it. */
static char *advice(const MapView *v) {
  if (!v->ui->opened) return g_strdup(advice_opening(v->ui));
  if (!expert_count(v->ui)) {
    g_autofree char *train = advice_train(v->ui, IN_MAP);
    return g_strconcat("A map is drawn by an expert, and there is none yet. ", train, NULL);
  }
  const char *text = latest_job_text(&v->chart, "Drawing the map ...");
  return g_strdup(text ? text : "");
}

static void map_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  MapView *v = view;
  follow(v);
  if (!v->shown || area.rows < 4) {
    g_autofree char *text = advice(v);
    paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, area.rows - 1, STYLE_DIM, text);
    return;
  }
  draw_head(v, cells, area);
  area.y++, area.rows--;
  int side = area.columns >= 100 ? 30 : 0, below = side ? 0 : 2;
  Rect points = {area.x + 1, area.y, area.columns - 2 - (side ? side + 1 : 0), area.rows - below};
  scatter_size(&v->scatter, points.columns, points.rows); /* before it is asked what is under the cursor */
  const Model *m = hovered(v);
  follow_near(v, m);
  draw_points(v, cells, points);
  if (side) draw_side(v, ui, m, cells, (Rect){area.x + area.columns - side, area.y + 1, side - 1, area.rows - 1});
  else draw_below(v, ui, m, cells, (Rect){area.x + 1, area.y + area.rows - 2, area.columns - 2, 2});
}

/* Tags every point in the rectangle from where the lasso began. */
static void tag_lasso(Ui *ui, MapView *v) {
  const Scatter *s = &v->scatter;
  if (!v->lasso) {
    v->lasso = true;
    v->lasso_x = s->cursor_x, v->lasso_y = s->cursor_y;
    ui_tell(ui, STYLE_DIM, "Move, then v again tags all points in the rectangle");
    return;
  }
  int x, y;
  v->lasso = false;
  GPtrArray *models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  for (guint i = 0; i < s->n; i++)
    if (scatter_cell(s, i, &x, &y) && x >= MIN(v->lasso_x, s->cursor_x) && x <= MAX(v->lasso_x, s->cursor_x) &&
        y >= MIN(v->lasso_y, s->cursor_y) && y <= MAX(v->lasso_y, s->cursor_y))
      g_ptr_array_add(models, model_ref(v->shown->models->pdata[i]));
  ui_tell(ui, STYLE_GOOD, "%u tagged in the forest", models->len);
  ui_ask_tags(ui, models);
}

static bool move(MapView *v, Action action) {
  Scatter *s = &v->scatter;
  switch (action) {
    case ACTION_DOWN:
      scatter_move(s, 0, 1);
      return true;
    case ACTION_UP:
      scatter_move(s, 0, -1);
      return true;
    case ACTION_MAP_LEFT:
      scatter_move(s, -1, 0);
      return true;
    case ACTION_MAP_RIGHT:
      scatter_move(s, 1, 0);
      return true;
    case ACTION_HALF_DOWN:
    case ACTION_PAGE_DOWN:
      scatter_move(s, 0, MAX(s->rows / 2, 1));
      return true;
    case ACTION_HALF_UP:
    case ACTION_PAGE_UP:
      scatter_move(s, 0, -MAX(s->rows / 2, 1));
      return true;
    case ACTION_FIRST:
      scatter_move(s, -s->cursor_x, 0);
      return true;
    case ACTION_LAST:
      scatter_move(s, s->columns - 1 - s->cursor_x, 0);
      return true;
    case ACTION_ZOOM_IN:
      scatter_zoom(s, 0.5);
      return true;
    case ACTION_ZOOM_OUT:
      scatter_zoom(s, 2);
      return true;
    case ACTION_MAP_ALL:
      scatter_all(s);
      return true;
    default:
      return false;
  }
}

static void next_expert(Ui *ui, MapView *v) {
  guint n = expert_count(ui);
  if (n < 2) {
    ui_tell(ui, STYLE_DIM, n ? "There is only one expert" : "There is no expert yet");
    return;
  }
  v->expert = (v->expert + 1) % n;
  map_reset(v);
}

/* Opens the model at the cursor, or shows it in the forest. */
static bool open_hovered(Ui *ui, const MapView *v, RequestKind how) {
  const Model *m = hovered(v);
  if (!m) return ui_tell(ui, STYLE_DIM, "No point here"), true;
  return ui_ask_model(ui, how, m);
}

static void open_fields(Ui *ui) {
  Menu *menu = menu_new(MENU_FIELD, "Colour by", false);
  for (int f = 0; f < FIELD_COUNT; f++)
    menu_add(menu, f, UIKEY_NONE, field_info((ModelField)f)->name, field_info((ModelField)f)->meaning, false);
  ui_menu(ui, menu);
}

/* The next group that has points, alone; after the last all of them. */
static void next_only(Ui *ui, MapView *v) {
  guint k = v->scatter.only; /* the one behind it */
  while (k <= MAP_GROUPS && !v->groups.counts[k]) k++;
  v->scatter.only = k > MAP_GROUPS ? 0 : k + 1;
  ui_tell(ui, STYLE_DIM, "Shown: %s", k > MAP_GROUPS ? "all" : v->groups.names[k]);
}

static bool map_action(Ui *ui, gpointer view, Action action) {
  MapView *v = view;
  if (action == ACTION_LEAVE) {
    if (!v->lasso) return ui_ask(ui, REQUEST_BACK);
    v->lasso = false;
    return true;
  }
  if (action == ACTION_MAP_EXPERT) return next_expert(ui, v), true;
  if (action == ACTION_MAP_COLOUR) {
    v->by = v->by >= MAP_BY_COUNT ? MAP_BY_LABEL : (MapBy)((v->by + 1) % MAP_BY_COUNT);
    v->chosen = true;
    return regroup(v), true;
  }
  if (action == ACTION_MAP_FIELD) return open_fields(ui), true;
  if (!v->shown || v->scatter.columns == 0) return false;
  if (action == ACTION_MAP_LAYOUT) return turn_layout(v), true;
  if (action == ACTION_MAP_ONLY) return next_only(ui, v), true;
  if (move(v, action)) return true;
  switch (action) {
    case ACTION_RANGE:
      tag_lasso(ui, v);
      return true;
    case ACTION_SHOW:
      return open_hovered(ui, v, REQUEST_MODEL);
    case ACTION_LOCATE:
      return open_hovered(ui, v, REQUEST_LOCATE);
    case ACTION_COPY:
      if (hovered(v)) ui_menu(ui, copy_menu_new(MENU_COPY));
      return true;
    case ACTION_MAP_NEXT: {
      int point = scatter_next(&v->scatter);
      if (point >= 0) scatter_point_at(&v->scatter, (guint)point);
      return true;
    }
    default:
      return false;
  }
}

static void map_choose(Ui *ui, gpointer view, int menu, int line) {
  MapView *v = view;
  if (menu == MENU_FIELD) {
    v->by = MAP_BY_FIELD, v->field = (ModelField)line, v->chosen = true;
    regroup(v);
    return;
  }
  const Model *m = hovered(view);
  if (menu == MENU_COPY && m) copy_menu_choose_model(ui, line, m);
}

static void map_changed(Ui *ui, gpointer view, unsigned what) {
  MapView *v = view;
  (void)ui;
  if (what & CHANGED_EXPERTS) map_reset(v);
  bool scores = (what & CHANGED_SCORES) && v->by == MAP_BY_SCORE;
  if (scores || (what & CHANGED_WOOD)) regroup(v);
}

static char *map_status(const Ui *ui, gpointer view) {
  const Model *m = hovered(view);
  (void)ui;
  return g_strdup(m ? m->shown : "");
}

const ViewOps view_map = {
    .name = "Map",
    .open = map_open,
    .close = map_close,
    .context = map_context,
    .draw = map_draw,
    .action = map_action,
    .choose = map_choose,
    .status = map_status,
    .changed = map_changed,
};
