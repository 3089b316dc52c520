/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/outline.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"

typedef struct {
  const char *fork, *end; /* before a child, before the last child */
  const char *line, *gap; /* below a child that has later siblings, below the last */
  const char *elided;     /* outer levels that are not drawn */
  const char *cut;        /* the middle of a name that is left out: one column */
} GlyphSet;

static const GlyphSet glyph_sets[] = {
    [GLYPHS_UTF8] = {"├─ ", "└─ ", "│  ", "   ", "⋯ ", "…"},
    [GLYPHS_ASCII] = {"|- ", "`- ", "|  ", "   ", ".. ", "~"},
};

typedef struct {
  const Forest *forest;
  const OutlineOptions *options;
  unsigned *own_order; /* NULL: it was given, as the parents were */
  int *own_parent;
  const unsigned *order; /* all nodes, parents before children, in drawing order */
  unsigned n;            /* of them */
  unsigned *size;        /* by node: itself and its descendants, to skip over a folded tree */
  bool *shown, *kept;    /* by node */
  const int *parent;     /* by node; -1 for a root */
  unsigned *last_child;  /* by node: the last child that is shown, or G_MAXUINT */
  unsigned last_root;    /* that is shown */
} Layout;

static const ForestNode *node_of(const Layout *l, unsigned v) { return forest_node(l->forest, v); }

static int by_rank(gconstpointer a, gconstpointer b, gpointer rank) {
  const unsigned *x = a, *y = b, *ranks = rank;
  return (ranks[*x] > ranks[*y]) - (ranks[*x] < ranks[*y]);
}

/* Pushes in reverse, so that the first comes off the stack first. */
static void push_all(const Layout *l, GArray *stack, const GArray *nodes) {
  guint before = stack->len;
  for (guint i = nodes->len; i-- > 0;) g_array_append_val(stack, g_array_index(nodes, unsigned, i));
  if (!l->options->rank || nodes->len < 2) return;
  unsigned *pushed = &g_array_index(stack, unsigned, before);
  g_qsort_with_data(pushed, (int)nodes->len, sizeof *pushed, by_rank, (gpointer)l->options->rank);
  for (guint i = 0, k = nodes->len - 1; i < k; i++, k--) {
    unsigned swap = pushed[i];
    pushed[i] = pushed[k], pushed[k] = swap;
  }
}

/* Depth first with a stack of our own: the depth is bounded by memory alone. */
static void find_order(Layout *l) {
  g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(unsigned));
  push_all(l, stack, l->forest->roots);
  while (stack->len > 0 && l->n < l->forest->nodes->len) {
    unsigned v = g_array_index(stack, unsigned, stack->len - 1);
    g_array_set_size(stack, stack->len - 1);
    l->own_order[l->n++] = v;
    const GArray *children = node_of(l, v)->children;
    for (guint i = 0; i < children->len; i++) l->own_parent[g_array_index(children, unsigned, i)] = (int)v;
    push_all(l, stack, children);
  }
}

/* Sizes, and what the filter leaves: from the leaves up. */
static void sum_up(Layout *l) {
  for (unsigned i = l->n; i-- > 0;) {
    unsigned v = l->order[i];
    bool keep = !l->options->keep || l->options->keep(l->options->user, v);
    int p = l->parent[v];
    l->kept[v] = keep;
    l->shown[v] |= keep;
    l->size[v]++;
    if (p < 0) {
      if (l->shown[v] && l->last_root == G_MAXUINT) l->last_root = v;
      continue;
    }
    l->size[p] += l->size[v];
    if (!l->shown[v]) continue;
    if (l->last_child[p] == G_MAXUINT) l->last_child[p] = v; /* children come last to first */
    l->shown[p] = true;
  }
}

/* Roots are never drawn with a line; the last one is the last of all. */
static bool is_last(const Layout *l, unsigned v) {
  int p = l->parent[v];
  return p >= 0 ? l->last_child[p] == v : l->last_root == v;
}

char *outline_branch(Glyphs glyphs, int depth, const bool *last) {
  const GlyphSet *g = &glyph_sets[glyphs];
  int drawn = MIN(depth, OUTLINE_MAX_LEVELS);
  if (depth == 0) return g_strdup("");
  char text[(OUTLINE_MAX_LEVELS + 1) * 8], *end = text;
  if (drawn < depth) end = g_stpcpy(end, g->elided);
  for (int i = drawn - 1; i > 0; i--) end = g_stpcpy(end, last[i] ? g->gap : g->line);
  g_stpcpy(end, last[0] ? g->end : g->fork);
  return g_strdup(text);
}

/* The lines before a name: one for the node itself, one for each ancestor below the root, of which
 * only the nearest are drawn. */
static char *branch_of(const Layout *l, unsigned v, int depth) {
  bool last[OUTLINE_MAX_LEVELS];
  int at = (int)v;
  for (int i = 0; i < MIN(depth, OUTLINE_MAX_LEVELS); i++, at = l->parent[at]) last[i] = is_last(l, (unsigned)at);
  return outline_branch(l->options->glyphs, depth, last);
}

static void row_clear(void *row) { g_free(((OutlineRow *)row)->branch); }

static bool is_folded(const Layout *l, unsigned v) {
  return l->options->folded && l->last_child[v] != G_MAXUINT &&
         g_hash_table_contains(l->options->folded, GUINT_TO_POINTER(v));
}

static GArray *emit(const Layout *l) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(OutlineRow));
  if (!l->options->bare) g_array_set_clear_func(rows, row_clear);
  g_autofree int *depth = g_new0(int, l->forest->nodes->len + 1);
  for (unsigned i = 0; i < l->n; i++) {
    unsigned v = l->order[i];
    if (l->parent[v] >= 0) depth[v] = depth[l->parent[v]] + 1;
    bool folded = is_folded(l, v);
    OutlineRow row = {.node = v,
                      .depth = depth[v],
                      .last = is_last(l, v),
                      .folded = folded,
                      .descendants = l->size[v] - 1,
                      .dimmed = !l->kept[v]};
    if (l->shown[v]) {
      if (!l->options->bare) row.branch = branch_of(l, v, depth[v]);
      g_array_append_val(rows, row);
    }
    if (folded || !l->shown[v]) i += l->size[v] - 1;
  }
  return rows;
}

static void layout_init(Layout *l, const Forest *forest, const OutlineOptions *options) {
  const unsigned n = forest->nodes->len + 1;
  *l = (Layout){.forest = forest, .options = options, .last_root = G_MAXUINT};
  l->size = g_new0(unsigned, n);
  l->shown = g_new0(bool, n);
  l->kept = g_new0(bool, n);
  l->last_child = g_new(unsigned, n);
  for (unsigned v = 0; v < n; v++) l->last_child[v] = G_MAXUINT;
  if (options->order) {
    l->order = options->order, l->parent = options->parent, l->n = n - 1;
    return;
  }
  l->order = l->own_order = g_new(unsigned, n);
  l->parent = l->own_parent = g_new(int, n);
  for (unsigned v = 0; v < n; v++) l->own_parent[v] = -1;
  find_order(l);
}

static void layout_clear(Layout *l) {
  g_free(l->own_order);
  g_free(l->size);
  g_free(l->shown);
  g_free(l->kept);
  g_free(l->own_parent);
  g_free(l->last_child);
}

GArray *outline_rows(const Forest *forest, const OutlineOptions *options) {
  static const OutlineOptions defaults = {0};
  Layout l;
  layout_init(&l, forest, options ? options : &defaults);
  sum_up(&l);
  GArray *rows = emit(&l);
  layout_clear(&l);
  return rows;
}

char *outline_edge_text(const ForestNode *node) {
  if (node->parents->len == 0) return g_strdup("");
  const ParentEdge *e = &g_array_index(node->parents, ParentEdge, 0);
  g_autoptr(GString) out = g_string_new(NULL);
  g_string_append_printf(out, "%s %s %.2f", edge_source_name(e->source), edge_kind_name(e->kind), e->confidence);
  if (node->parents->len > 1) g_string_append_printf(out, " of %u", node->parents->len);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* The text from which on at most `columns` are left. */
static const char *last_columns(const char *text, int columns) {
  const char *at = text + strlen(text), *from = at;
  for (int width = 0; at > text; from = at) {
    at = g_utf8_prev_char(at);
    width += text_char_width(g_utf8_get_char(at));
    if (width > columns) break;
  }
  while (*from && text_char_width(g_utf8_get_char(from)) == 0) from = g_utf8_next_char(from);
  return from;
}

char *outline_name(const ForestNode *node, Glyphs glyphs) {
  enum { TAIL = 32 };
  if (text_width(node->name) <= OUTLINE_NAME_COLUMNS) return g_strdup(node->name);
  g_autofree char *head = text_fit(node->name, OUTLINE_NAME_COLUMNS - TAIL, glyph_sets[glyphs].cut);
  return g_strconcat(g_strchomp(head), last_columns(node->name, TAIL), NULL);
}

/* ": 0.60 of owl, 0.40 of fox" */
static void say_shares(const Forest *forest, const ForestNode *node, Glyphs glyphs, GString *out) {
  for (guint k = 0; k < node->parents->len && node->parents->len > 1; k++) {
    const ParentEdge *e = &g_array_index(node->parents, ParentEdge, k);
    g_autofree char *name = outline_name(forest_node(forest, e->parent), glyphs);
    g_string_append_printf(out, "%s %.2f of %s", k ? "," : ":", e->weight, name);
  }
}

/* All that is said behind a name: the edge, then what is odd about the node. */
static char *remarks(const Forest *forest, const ForestNode *node, Glyphs glyphs) {
  g_autoptr(GString) out = g_string_new(NULL);
  g_autofree char *edge = outline_edge_text(node);
  g_string_append(out, edge);
  say_shares(forest, node, glyphs, out);
  if (!node->model) g_string_append_printf(out, "%snot on disk", out->len ? ", " : "");
  if (node->duplicate_of >= 0) {
    g_autofree char *name = outline_name(forest_node(forest, (unsigned)node->duplicate_of), glyphs);
    g_string_append_printf(out, "%sduplicate of %s", out->len ? ", " : "", name);
  }
  if (node->card_conflict) g_string_append_printf(out, "%scard conflict", out->len ? ", " : "");
  if (node->note) g_string_append_printf(out, "%s%s", out->len ? ", " : "", node->note);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Where the remarks begin: behind the widest name, within reason. */
static int remark_column(const Forest *forest, const GArray *rows) {
  enum { WIDEST = 60 };
  int widest = 0;
  for (guint i = 0; i < rows->len; i++) {
    const OutlineRow *row = &g_array_index(rows, OutlineRow, i);
    int width = text_width(row->branch) + text_width(forest_node(forest, row->node)->name);
    if (width <= WIDEST) widest = MAX(widest, width);
  }
  return widest + 2;
}

char *outline_print(const Forest *forest, Glyphs glyphs) {
  OutlineOptions options = {.glyphs = glyphs};
  GArray *rows = outline_rows(forest, &options);
  int column = remark_column(forest, rows);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < rows->len; i++) {
    const OutlineRow *row = &g_array_index(rows, OutlineRow, i);
    const ForestNode *node = forest_node(forest, row->node);
    g_autofree char *said = remarks(forest, node, glyphs), *name = outline_name(node, glyphs);
    int width = text_width(row->branch) + text_width(name);
    g_string_append_printf(out, "%s%s", row->branch, name);
    if (*said) g_string_append_printf(out, "%*s%s", MAX(2, column - width), "", said);
    g_string_append_c(out, '\n');
  }
  g_array_unref(rows);
  return g_string_free(out, FALSE);
}
