/* SPDX-License-Identifier: Apache-2.0 */
/* Models that hold the same numbers: which of each group to keep and why, what the others would free. copse deletes
 * nothing: the paths that could go are copied. */
#include "core/text.h"
#include "session/latest_job.h"
#include "ui/desk/services.h"
#include "ui/desk/view.h"
#include "ui/keeping/keeping_tables.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/lines.h"
#include "ui/toolkit/paint.h"

enum { LABEL = 7, DETAIL_ROWS = 6, DETAIL_FROM = 12 };

typedef struct {
  LatestJob found; /* Duplicates* */
  KeepRule rule;
  DuplicateRows rows;
  Table table;
} DuplicatesView;

static gpointer duplicates_open(Ui *ui) {
  DuplicatesView *v = g_new0(DuplicatesView, 1);
  latest_job_init(&v->found, &ui->engine, duplicates_free);
  table_init(&v->table, &duplicate_table);
  v->rows.tagged = g_hash_table_new(NULL, NULL);
  v->rows.rows = duplicate_rows_new(NULL);
  return v;
}

static void forget(DuplicatesView *v) {
  v->rows.found = NULL;
  g_hash_table_remove_all(v->rows.tagged);
  table_set(&v->table, NULL, 0);
  latest_job_reset(&v->found);
}

static void duplicates_close(gpointer view) {
  DuplicatesView *v = view;
  forget(v);
  table_clear(&v->table);
  g_hash_table_unref(v->rows.tagged);
  g_array_unref(v->rows.rows);
  g_free(v);
}

static unsigned duplicates_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_DUPLICATES;
}

/* Copies are known when weights have been compared. */
static bool is_ready(const Ui *ui) { return ui->wood && ui->wood->grown; }

/* Asks for the groups, and takes them up when they have come. */
static void follow(const Ui *ui, DuplicatesView *v) {
  if (is_ready(ui) && latest_job_is_fresh(&v->found))
    v->found.job = engine_duplicates(&ui->engine, ui->wood, v->rule, latest_job_done, &v->found);
  if (!v->found.result || v->rows.found == v->found.result) return;
  v->rows.found = v->found.result;
  g_array_unref(v->rows.rows);
  v->rows.rows = duplicate_rows_new(v->rows.found);
  table_set(&v->table, &v->rows, v->rows.rows->len);
}

static int at_hand(const DuplicatesView *v) { return v->rows.found ? table_row(&v->table) : -1; }

/* What goes and what stays of the group at hand, with all paths of the row at hand. */
static void draw_detail(const DuplicatesView *v, Cells *cells, Rect area) {
  guint row = (guint)at_hand(v);
  const KeepGroup *g = duplicate_group(&v->rows, row);
  const KeepMember *m = duplicate_member(&v->rows, row);
  const Forest *forest = v->rows.found->wood->forest;
  const KeepMember *kept = &g_array_index(g->members, KeepMember, g->keep);
  g_autoptr(Lines) lines = lines_new(area.columns);
  g_autofree char *frees = text_bytes(g->frees);
  g_autofree char *keep = g_strdup_printf("%s (%s)", forest_node(forest, kept->node)->model->shown, g->why);
  guint others = g->members->len - 1;
  g_autofree char *gain = others == 1 ? g_strdup_printf("%s when the other goes", frees)
                                      : g_strdup_printf("%s when the other %u go", frees, others);
  lines_fact(lines, "keep", LABEL, STYLE_GOOD, keep);
  lines_fact(lines, "frees", LABEL, STYLE_TEXT, gain);
  for (guint i = 0; m != kept && i < m->paths->len; i++) {
    g_autofree SafeText *path = safe_text(m->paths->pdata[i], -1);
    lines_fact(lines, i ? "" : "goes", LABEL, STYLE_DIM, path);
  }
  lines_draw(lines, cells, area, 0);
}

static const char *empty_text(const Ui *ui, const DuplicatesView *v) {
  const char *text = latest_job_text(&v->found, "Looking at copies ...");
  if (!is_ready(ui)) return "Copies are known when the weights have been compared.";
  return text ? text : "No two models hold the same numbers.";
}

static void duplicates_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  DuplicatesView *v = view;
  follow(ui, v);
  if (at_hand(v) < 0) {
    paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, area.rows - 1, STYLE_DIM, empty_text(ui, v));
    return;
  }
  int below = area.rows >= DETAIL_FROM ? DETAIL_ROWS : 0;
  table_draw(&v->table, cells, (Rect){area.x, area.y, area.columns, area.rows - below});
  if (!below) return;
  int y = area.y + area.rows - below;
  paint_rule(cells, (Rect){area.x, y, area.columns, 1});
  draw_detail(v, cells, (Rect){area.x + 1, y + 1, area.columns - 2, below - 1});
}

static void tag(DuplicatesView *v) {
  guint group = g_array_index(v->rows.rows, DuplicateRow, at_hand(v)).group;
  gpointer key = GUINT_TO_POINTER(group);
  if (!g_hash_table_remove(v->rows.tagged, key)) g_hash_table_add(v->rows.tagged, key);
  /* On to the next group. */
  int place = v->table.list.cursor;
  while (place + 1 < v->table.list.count &&
         g_array_index(v->rows.rows, DuplicateRow, table_at(&v->table, place)).group == group)
    place++;
  list_select(&v->table.list, place);
}

/* The whole paths of what goes of the tagged groups, or of the one at hand. */
static void copy(Ui *ui, const DuplicatesView *v) {
  const char *root = ui->engine.ops->root(ui->engine.collection);
  guint here = g_array_index(v->rows.rows, DuplicateRow, at_hand(v)).group;
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < v->rows.rows->len; i++) {
    const DuplicateRow *r = &g_array_index(v->rows.rows, DuplicateRow, i);
    bool wanted = g_hash_table_size(v->rows.tagged) ? g_hash_table_contains(v->rows.tagged, GUINT_TO_POINTER(r->group))
                                                    : r->group == here;
    const GPtrArray *paths = duplicate_member(&v->rows, i)->paths;
    for (guint p = 0; wanted && r->member != duplicate_group(&v->rows, i)->keep && p < paths->len; p++)
      g_string_append_printf(text, "%s/%s\n", root, (const char *)paths->pdata[p]);
  }
  ui_ask_text(ui, REQUEST_COPY, g_string_free(text, FALSE));
}

static void next_rule(Ui *ui, DuplicatesView *v) {
  static const char *const says[] = {[KEEP_AUTO] = "in a Hub cache or named by a card, then oldest, then smallest",
                                     [KEEP_OLDEST] = "the oldest",
                                     [KEEP_SMALLEST] = "the smallest that loses nothing",
                                     [KEEP_HUB] = "in a Hub cache"};
  v->rule = (KeepRule)((v->rule + 1) % KEEP_PATTERN);
  forget(v);
  ui_tell(ui, STYLE_DIM, "Kept is: %s", says[v->rule]);
}

/* Opens the model at hand, or shows it in the forest. */
static bool go_to(Ui *ui, const DuplicatesView *v, RequestKind how) {
  const KeepMember *m = duplicate_member(&v->rows, (guint)at_hand(v));
  return ui_ask_model(ui, how, forest_node(v->rows.found->wood->forest, m->node)->model);
}

static bool duplicates_action(Ui *ui, gpointer view, Action action) {
  DuplicatesView *v = view;
  if (action == ACTION_LEAVE) return ui_ask(ui, REQUEST_BACK);
  if (action == ACTION_KEEP_RULE) return next_rule(ui, v), true;
  if (at_hand(v) < 0) return false;
  if (list_action(&v->table.list, action)) return true;
  switch (action) {
    case ACTION_TAG:
      tag(v);
      return true;
    case ACTION_UNTAG:
      g_hash_table_remove_all(v->rows.tagged);
      return true;
    case ACTION_COPY:
      copy(ui, v);
      return true;
    case ACTION_SHOW:
      return go_to(ui, v, REQUEST_MODEL);
    case ACTION_LOCATE:
      return go_to(ui, v, REQUEST_LOCATE);
    default:
      return false;
  }
}

static void duplicates_changed(Ui *ui, gpointer view, unsigned what) {
  (void)ui;
  if (what & CHANGED_WOOD) forget(view);
}

static char *duplicates_status(const Ui *ui, gpointer view) {
  const DuplicatesView *v = view;
  if (!v->rows.found) return g_strdup("");
  g_autofree char *sum = duplicates_text(v->rows.found);
  guint tagged = g_hash_table_size(v->rows.tagged);
  g_autofree char *marked =
      tagged ? g_strdup_printf(" %s %u tagged", glyph(ui->ascii, GLYPH_DOT), tagged) : g_strdup("");
  return g_strdup_printf("%s%s %s copse deletes nothing", sum, marked, glyph(ui->ascii, GLYPH_DOT));
}

const ViewOps view_duplicates = {
    .name = "Duplicates",
    .open = duplicates_open,
    .close = duplicates_close,
    .context = duplicates_context,
    .draw = duplicates_draw,
    .action = duplicates_action,
    .status = duplicates_status,
    .changed = duplicates_changed,
};
