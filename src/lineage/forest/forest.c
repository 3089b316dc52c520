/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/forest.h"

#include <string.h>

#include "lineage/forest/forest_make.h"

const char *edge_kind_name(EdgeKind kind) {
  static const char *const names[] = {"fine-tune", "continued", "checkpoint",   "lora-merged", "adapter",
                                      "quantised", "merge",     "related",      "recast",      "pruned",
                                      "new-head",  "resized",   "depth-pruned", "stacked",     "noise-added"};
  return (unsigned)kind < G_N_ELEMENTS(names) ? names[kind] : "related";
}

const char *edge_source_name(EdgeSource source) {
  static const char *const names[] = {"declared", "recovered", "by hand"};
  return (unsigned)source < G_N_ELEMENTS(names) ? names[source] : "recovered";
}

static void node_free(void *data) {
  ForestNode *n = data;
  model_unref(n->model);
  g_free(n->name);
  g_free(n->note);
  g_array_unref(n->parents);
  g_array_unref(n->children);
  g_free(n);
}

Forest *forest_new(void) {
  Forest *f = g_new0(Forest, 1);
  f->nodes = g_ptr_array_new_with_free_func(node_free);
  f->roots = g_array_new(FALSE, FALSE, sizeof(unsigned));
  f->by_path = g_hash_table_new(g_str_hash, g_str_equal);
  return f;
}

void forest_free(Forest *f) {
  if (!f) return;
  g_hash_table_unref(f->by_path);
  g_ptr_array_unref(f->nodes);
  g_array_unref(f->roots);
  g_free(f);
}

unsigned forest_add_node(Forest *f, Model *model, const char *name) {
  ForestNode *n = g_new0(ForestNode, 1);
  n->model = model ? model_ref(model) : NULL;
  n->name = safe_text(name ? name : model ? model->name : "", -1);
  n->parents = g_array_new(FALSE, FALSE, sizeof(ParentEdge));
  n->children = g_array_new(FALSE, FALSE, sizeof(unsigned));
  n->duplicate_of = n->merge_base = n->hidden_kin = -1;
  g_ptr_array_add(f->nodes, n);
  if (model && model->path) g_hash_table_insert(f->by_path, model->path, GUINT_TO_POINTER(f->nodes->len));
  return f->nodes->len - 1;
}

ForestNode *forest_edit(Forest *f, unsigned node) { return f->nodes->pdata[node]; }

const ForestNode *forest_node(const Forest *f, unsigned node) {
  g_return_val_if_fail(node < f->nodes->len, NULL);
  return f->nodes->pdata[node];
}

const SafeText *forest_shown(const Forest *f, unsigned node) {
  const ForestNode *n = forest_node(f, node);
  return n->model ? model_title(n->model) : n->name;
}

int forest_find(const Forest *f, const Model *model) {
  return (int)GPOINTER_TO_UINT(g_hash_table_lookup(f->by_path, model->path)) - 1;
}

void forest_add_parent(Forest *f, unsigned node, ParentEdge edge) {
  g_return_if_fail(edge.parent < f->nodes->len && edge.parent != node);
  g_array_append_val(forest_edit(f, node)->parents, edge);
}

void forest_set_note(Forest *f, unsigned node, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  ForestNode *n = forest_edit(f, node);
  g_free(n->note);
  n->note = safe_text(text, -1);
}

const ParentEdge *forest_parent_edge(const ForestNode *node) {
  return node->parents->len ? &g_array_index(node->parents, ParentEdge, 0) : NULL;
}

int forest_parent(const Forest *f, unsigned node) {
  const ParentEdge *e = forest_parent_edge(forest_node(f, node));
  return e ? (int)e->parent : -1;
}

/* Walks up from every node; a walk that meets itself has found a ring, whose last link is cut.
 * seen[v] holds the walk that passed v, so that no node is passed twice. */
static void cut_rings(Forest *f) {
  g_autofree unsigned *seen = g_new0(unsigned, f->nodes->len + 1);
  for (unsigned start = 0; start < f->nodes->len; start++) {
    int v = (int)start, p;
    for (; v >= 0 && !seen[v]; v = p) {
      seen[v] = start + 1;
      p = forest_parent(f, (unsigned)v);
      if (p >= 0 && seen[p] == start + 1) {
        g_array_set_size(forest_edit(f, (unsigned)v)->parents, 0);
        p = -1;
      }
    }
  }
}

static gint by_name(gconstpointer a, gconstpointer b, gpointer forest) {
  unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
  int order = strcmp(forest_node(forest, x)->name, forest_node(forest, y)->name);
  return order ? order : (x > y) - (x < y);
}

static void fill_children(Forest *f) {
  g_array_set_size(f->roots, 0);
  for (unsigned v = 0; v < f->nodes->len; v++) g_array_set_size(forest_edit(f, v)->children, 0);
  for (unsigned v = 0; v < f->nodes->len; v++) {
    int p = forest_parent(f, v);
    g_array_append_val(p >= 0 ? forest_edit(f, (unsigned)p)->children : f->roots, v);
  }
  for (unsigned v = 0; v < f->nodes->len; v++) g_array_sort_with_data(forest_edit(f, v)->children, by_name, f);
}

/* Marks all that hang below a root with its tree's number; how many they are. */
static unsigned mark_tree(Forest *f, unsigned root, int tree, GArray *stack) {
  unsigned marked = 0;
  g_array_append_val(stack, root);
  while (stack->len > 0) {
    unsigned v = g_array_index(stack, unsigned, stack->len - 1);
    g_array_set_size(stack, stack->len - 1);
    ForestNode *n = forest_edit(f, v);
    n->tree = tree;
    marked++;
    if (n->children->len) g_array_append_vals(stack, n->children->data, n->children->len);
  }
  return marked;
}

typedef struct {
  const Forest *forest;
  const unsigned *size; /* of the tree below each root */
} RootOrder;

static gint by_size(gconstpointer a, gconstpointer b, gpointer user) {
  const RootOrder *o = user;
  unsigned x = o->size[*(const unsigned *)a], y = o->size[*(const unsigned *)b];
  return x != y ? (x < y) - (x > y) : by_name(a, b, (gpointer)o->forest);
}

void forest_settle(Forest *f) {
  cut_rings(f);
  fill_children(f);
  g_autofree unsigned *size = g_new0(unsigned, f->nodes->len + 1);
  g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (guint i = 0; i < f->roots->len; i++) {
    unsigned root = g_array_index(f->roots, unsigned, i);
    size[root] = mark_tree(f, root, 0, stack);
  }
  RootOrder order = {f, size};
  g_array_sort_with_data(f->roots, by_size, &order);
  for (guint i = 0; i < f->roots->len; i++) mark_tree(f, g_array_index(f->roots, unsigned, i), (int)i, stack);
  f->trees = (int)f->roots->len;
}
