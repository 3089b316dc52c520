/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/hand_parents.h"

#include <math.h>

static GHashTable *nodes_by_shown_path(const Forest *f) {
  GHashTable *nodes = g_hash_table_new(g_str_hash, g_str_equal);
  for (unsigned v = 0; v < f->nodes->len; v++) {
    const Model *m = forest_node(f, v)->model;
    if (m) g_hash_table_insert(nodes, m->shown, GUINT_TO_POINTER(v + 1));
  }
  return nodes;
}

/* The node on the way up from `p` whose parent is v, or -1. */
static int below_on_the_way(const Forest *f, unsigned p, unsigned v) {
  for (unsigned steps = 0; steps < f->nodes->len; steps++) {
    const ParentEdge *up = forest_parent_edge(forest_node(f, p));
    if (!up) return -1;
    if (up->parent == v) return (int)p;
    p = up->parent;
  }
  return -1;
}

/* Whatever is known of the edge besides who said it stays. */
static ParentEdge edge_by_hand(const Forest *f, unsigned v, unsigned p) {
  const ForestNode *n = forest_node(f, v);
  bool adapter = model_is_adapter(n->model) || n->model->kind == MODEL_EMBEDDING;
  ParentEdge e = {.parent = p, .kind = adapter ? EDGE_ADAPTER : EDGE_FINE_TUNE, .distance = NAN};
  for (guint i = 0; i < n->parents->len; i++)
    if (g_array_index(n->parents, ParentEdge, i).parent == p) e = g_array_index(n->parents, ParentEdge, i);
  if (e.kind == EDGE_RELATED) e.kind = EDGE_FINE_TUNE;
  e.source = EDGE_BY_HAND;
  e.confidence = e.weight = 1;
  return e;
}

static void hang(Forest *f, unsigned v, unsigned p) {
  ForestNode *n = forest_edit(f, v);
  ParentEdge e = edge_by_hand(f, v, p);
  int turned = below_on_the_way(f, p, v);
  if (turned >= 0 && forest_parent_edge(forest_node(f, (unsigned)turned))->source != EDGE_BY_HAND) {
    ForestNode *t = forest_edit(f, (unsigned)turned);
    g_array_set_size(t->parents, 0);
    g_array_append_vals(t->parents, n->parents->data, n->parents->len);
  }
  g_array_set_size(n->parents, 0);
  n->card_conflict = false;
  forest_add_parent(f, v, e);
}

void forest_follow_hand(Forest *f) {
  g_autoptr(GHashTable) nodes = NULL;
  for (unsigned v = 0; v < f->nodes->len; v++) {
    const Model *m = forest_node(f, v)->model;
    const char *path = m ? model_value(m, "parent_by_hand") : NULL;
    if (!path) continue;
    if (!nodes) nodes = nodes_by_shown_path(f);
    unsigned p = GPOINTER_TO_UINT(g_hash_table_lookup(nodes, path));
    if (p && p - 1 != v) hang(f, v, p - 1);
  }
}
