/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/phylogram.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_COLUMNS = 48, LEAST = 2, WIDEST = 4 };

typedef struct {
  const char *fork, *end, *line, *along, *unknown, *dashed, *elided;
} GlyphSet;

static const GlyphSet glyph_sets[] = {
    [GLYPHS_UTF8] = {"├", "└", "│", "─", "┈", "╌", "⋯"},
    [GLYPHS_ASCII] = {"|", "`", "|", "-", ".", "~", "<"},
};

struct PhylogramLayout {
  const Forest *forest;
  const GlyphSet *glyphs;
  GArray *whole; /* of OutlineRow: all nodes, parents before children */
  int columns;
  double scale; /* columns a unit of distance */
  int *column;  /* by node: where its name begins */
  int *parent;  /* by node, -1: none */
  bool *last;   /* by node: no sibling follows */
};

typedef PhylogramLayout Layout;

/* Distance from the parent; 0 when it is not known. */
static double length_of(const Layout *l, unsigned v) {
  const ParentEdge *e = forest_parent_edge(forest_node(l->forest, v));
  return e && isfinite(e->distance) && e->distance > 0 ? e->distance : 0;
}

/* The longest path decides the scale. Parents come before their children. */
static void find_scale(Layout *l) {
  g_autofree double *path = g_new0(double, l->forest->nodes->len + 1);
  double longest = 0;
  for (guint i = 0; i < l->whole->len; i++) {
    unsigned v = g_array_index(l->whole, OutlineRow, i).node;
    const ParentEdge *e = forest_parent_edge(forest_node(l->forest, v));
    l->parent[v] = e ? (int)e->parent : -1;
    path[v] = e ? path[e->parent] + length_of(l, v) : 0;
    longest = fmax(longest, path[v]);
  }
  l->scale = longest > 0 ? l->columns / longest : 0;
}

static int branch_columns(const Layout *l, unsigned v) {
  double wide = length_of(l, v) * l->scale;
  return LEAST + (int)fmin(nearbyint(wide), l->columns);
}

static void find_columns(Layout *l) {
  for (guint i = 0; i < l->whole->len; i++) {
    unsigned v = g_array_index(l->whole, OutlineRow, i).node;
    l->column[v] = l->parent[v] < 0 ? 0 : l->column[l->parent[v]] + branch_columns(l, v) + 1;
  }
}

/* One glyph a column, from `from` on. */
static char *join_cells(const Layout *l, const char **cells, int n, bool cut) {
  GString *out = g_string_new(cut ? l->glyphs->elided : NULL);
  for (int i = 0; i < n; i++) g_string_append(out, cells[i] ? cells[i] : " ");
  return g_string_free(out, FALSE);
}

/* Vertical lines of v's ancestors that have siblings below, as far as they lie in the window. */
static void draw_ancestors(const Layout *l, int v, int from, const char **cells) {
  for (int at = v; at >= 0 && l->parent[at] >= 0; at = l->parent[at]) {
    int x = l->column[l->parent[at]];
    if (x < from) break;
    if (!l->last[at]) cells[x - from] = l->glyphs->line;
  }
}

/* The lines in front of `width` columns of text at `column`; `own`: v's own branch ends there. */
static char *branch_of(const Layout *l, unsigned v, int column, bool own) {
  int most = WIDEST * l->columns, from = MAX(0, column - most), n = column - from;
  g_autofree const char **cells = g_new0(const char *, (gsize)n + 1);
  int parent = l->parent[v];
  draw_ancestors(l, own ? parent : (int)v, from, cells);
  if (!own && forest_node(l->forest, v)->children->len && l->column[v] >= from)
    cells[l->column[v] - from] = l->glyphs->line;
  if (own && parent >= 0) {
    const ParentEdge *e = forest_parent_edge(forest_node(l->forest, v));
    bool known = isfinite(e->distance);
    for (int x = MAX(l->column[parent] + 1, from); x < column - 1; x++)
      cells[x - from] = known ? l->glyphs->along : l->glyphs->unknown;
    if (l->column[parent] >= from) cells[l->column[parent] - from] = l->last[v] ? l->glyphs->end : l->glyphs->fork;
  }
  return join_cells(l, cells, n, from > 0);
}

static void add_rows(const Layout *l, unsigned v, GArray *rows) {
  PhylogramRow row = {.node = v, .column = l->column[v]};
  row.branch = branch_of(l, v, row.column, true);
  g_array_append_val(rows, row);
  const GArray *parents = forest_node(l->forest, v)->parents;
  for (guint k = 1; k < parents->len; k++) {
    PhylogramRow more = {.node = v, .parent = (int)k, .column = l->column[v] + LEAST};
    more.branch = branch_of(l, v, more.column, false);
    g_array_append_val(rows, more);
  }
}

static void row_clear(void *row) { g_free(((PhylogramRow *)row)->branch); }

PhylogramLayout *phylogram_layout_new(const Forest *forest, const GArray *outline, const PhylogramOptions *options) {
  OutlineOptions order = {.bare = true};
  gsize n = forest->nodes->len + 1;
  Layout *l = g_new0(Layout, 1);
  l->forest = forest;
  l->glyphs = &glyph_sets[options->glyphs];
  l->columns = options->columns > 0 ? options->columns : DEFAULT_COLUMNS;
  l->whole = outline_rows(forest, &order);
  l->column = g_new0(int, n);
  l->parent = g_new0(int, n);
  l->last = g_new0(bool, n);
  find_scale(l);
  find_columns(l);
  if (!outline) outline = l->whole;
  for (guint i = 0; i < outline->len; i++) {
    const OutlineRow *row = &g_array_index(outline, OutlineRow, i);
    l->last[row->node] = row->last;
  }
  return l;
}

void phylogram_layout_free(PhylogramLayout *l) {
  if (!l) return;
  g_array_unref(l->whole);
  g_free(l->column);
  g_free(l->parent);
  g_free(l->last);
  g_free(l);
}

int phylogram_layout_column(const PhylogramLayout *l, unsigned node) { return l->column[node]; }

char *phylogram_layout_branch(const PhylogramLayout *l, unsigned node) {
  return branch_of(l, node, l->column[node], true);
}

double phylogram_layout_scale(const PhylogramLayout *l) { return l->scale; }

static GArray *layout_rows(const Layout *l) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(PhylogramRow));
  g_array_set_clear_func(rows, row_clear);
  for (guint i = 0; i < l->whole->len; i++) add_rows(l, g_array_index(l->whole, OutlineRow, i).node, rows);
  return rows;
}

GArray *phylogram_rows(const Forest *forest, const PhylogramOptions *options) {
  static const PhylogramOptions defaults = {0};
  g_autoptr(PhylogramLayout) l = phylogram_layout_new(forest, NULL, options ? options : &defaults);
  return layout_rows(l);
}

/* "owl  moved 0.061", or of a merge's further parent "╌╌ 0.40 of owl". */
static void print_row(const Layout *l, const PhylogramRow *row, Glyphs glyphs, GString *out) {
  const ForestNode *n = forest_node(l->forest, row->node);
  g_string_append(out, row->branch);
  if (row->parent > 0) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, row->parent);
    g_autofree char *other = outline_name(forest_node(l->forest, e->parent), glyphs);
    g_string_append_printf(out, "%s%s %.2f of %s\n", l->glyphs->dashed, l->glyphs->dashed, e->weight, other);
    return;
  }
  g_autofree char *name = outline_name(n, glyphs);
  g_string_append(out, name);
  const ParentEdge *e = forest_parent_edge(forest_node(l->forest, row->node));
  if (e) g_string_append_printf(out, "  %s", edge_kind_name(e->kind));
  if (e && isfinite(e->distance)) g_string_append_printf(out, " %.3g", e->distance);
  if (!n->model) g_string_append(out, e ? ", not on disk" : "  not on disk");
  if (n->card_conflict) g_string_append(out, ", card conflict");
  g_string_append_c(out, '\n');
}

static void print_scale(const Layout *l, GString *out) {
  enum { RULER = 10 };
  if (l->scale <= 0) return;
  for (int i = 0; i < RULER; i++) g_string_append(out, l->glyphs->along);
  g_string_append_printf(out, " %.2g of the parent's norm, as sketches estimate it\n", RULER / l->scale);
}

char *phylogram_print(const Forest *forest, const PhylogramOptions *options) {
  static const PhylogramOptions defaults = {0};
  if (!options) options = &defaults;
  g_autoptr(PhylogramLayout) l = phylogram_layout_new(forest, NULL, options);
  GArray *rows = layout_rows(l);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < rows->len; i++) print_row(l, &g_array_index(rows, PhylogramRow, i), options->glyphs, out);
  print_scale(l, out);
  g_array_unref(rows);
  return g_string_free(out, FALSE);
}
