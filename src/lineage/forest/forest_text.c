/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/forest_text.h"

#include <math.h>
#include <string.h>

const char *forest_card_word(const ForestNode *node, const ParentEdge *edge) {
  if (node->card_conflict) return "conflict";
  if (node->card_ancestor) return "ancestor";
  if (edge->source != EDGE_DECLARED) return "silent";
  return isfinite(edge->distance) ? "agrees" : "unchecked";
}

/* The number however the locale writes its point. */
static void append_number(GString *out, const char *format, double value) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(out, g_ascii_formatd(digits, sizeof digits, format, value));
}

/* In double quotes, those inside and backslashes escaped. */
static void append_quoted(GString *out, const char *text) {
  g_string_append_c(out, '"');
  for (const char *p = text; *p; p++) {
    if (*p == '"' || *p == '\\') g_string_append_c(out, '\\');
    g_string_append_c(out, *p);
  }
  g_string_append_c(out, '"');
}

static void append_dot_edges(GString *out, const ForestNode *n, unsigned v) {
  for (guint k = 0; k < n->parents->len; k++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, k);
    g_string_append_printf(out, "  n%u -> n%u [label=\"%s ", e->parent, v, edge_kind_name(e->kind));
    append_number(out, "%.2f", e->kind == EDGE_MERGE ? e->weight : e->confidence);
    g_string_append_printf(out, "\"%s];\n", k > 0 ? ", style=dashed" : "");
  }
}

char *forest_to_dot(const Forest *f) {
  GString *out = g_string_new("digraph forest {\n  rankdir=LR;\n  node [shape=box];\n");
  for (unsigned v = 0; v < f->nodes->len; v++) {
    const ForestNode *n = forest_node(f, v);
    g_string_append_printf(out, "  n%u [label=", v);
    append_quoted(out, n->model ? n->model->shown : n->name);
    g_string_append_printf(out, "%s];\n", n->model ? "" : ", style=dotted");
  }
  for (unsigned v = 0; v < f->nodes->len; v++) append_dot_edges(out, forest_node(f, v), v);
  g_string_append(out, "}\n");
  return g_string_free(out, FALSE);
}

/* 'name':0.061 */
static void append_newick_name(GString *out, const ForestNode *n) {
  const char *text = n->model ? n->model->shown : n->name;
  g_string_append_c(out, '\'');
  for (const char *p = text; *p; p++) {
    if (*p == '\'') g_string_append_c(out, '\'');
    g_string_append_c(out, *p);
  }
  g_string_append_c(out, '\'');
  if (n->parents->len == 0) return;
  double distance = g_array_index(n->parents, ParentEdge, 0).distance;
  g_string_append_c(out, ':');
  append_number(out, "%.6g", isfinite(distance) ? distance : 0);
}

typedef struct {
  unsigned node;
  guint next; /* child to visit */
} Visit;

/* One tree, with a stack of its own: chains may be as long as the forest is large. */
static void append_newick_tree(GString *out, const Forest *f, unsigned root) {
  g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(Visit));
  Visit first = {root, 0};
  g_array_append_val(stack, first);
  while (stack->len > 0) {
    Visit *v = &g_array_index(stack, Visit, stack->len - 1);
    const ForestNode *n = forest_node(f, v->node);
    if (v->next == n->children->len) {
      if (n->children->len) g_string_append_c(out, ')');
      append_newick_name(out, n);
      g_array_set_size(stack, stack->len - 1);
      continue;
    }
    g_string_append_c(out, v->next ? ',' : '(');
    Visit child = {g_array_index(n->children, unsigned, v->next++), 0};
    g_array_append_val(stack, child);
  }
  g_string_append(out, ";\n");
}

char *forest_to_newick(const Forest *f) {
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < f->roots->len; i++) append_newick_tree(out, f, g_array_index(f->roots, unsigned, i));
  return g_string_free(out, FALSE);
}
