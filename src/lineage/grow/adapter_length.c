/* SPDX-License-Identifier: Apache-2.0 */
/* How far an adapter moves its base: the length of its branch. */
#include <math.h>

#include "lineage/diff/model_diff.h"
#include "lineage/grow/forest_builder.h"
#include "lineage/grow/pair_store.h"
#include "numerics/side_by_side.h"

/* A larger file is left unmeasured: its factors would be read once more for a length alone. */
static const uint64_t measured_bytes = 32U << 20;

static const char space[] = "adapter-length";

/* |W|^2 of each layer of a base: canonical name -> double*. */
static GHashTable *sizes_of(const ModelSketch *base) {
  GHashTable *sizes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  for (guint i = 0; i < base->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(base->tensors, TensorSketch, i);
    if (t->part != PART_MATRIX || !moments_are_finite(&t->moments)) continue;
    g_hash_table_insert(sizes, t->name, g_memdup2(&t->moments.sum2, sizeof t->moments.sum2));
  }
  return sizes;
}

/* The change over the layers that it changes, of their own size: sqrt(sum |s B A|^2 / sum |W|^2). NAN when a layer
 * cannot be told. */
static double measure(const Builder *b, const Model *model, GHashTable *sizes) {
  g_autoptr(ModelDiff) own = model_layers_new(b->collection, model, NULL);
  double change = 0, size = 0;
  for (guint i = 0; own && i < own->rows->len; i++) {
    const DiffRow *row = &g_array_index(own->rows, DiffRow, i);
    const double *w = g_hash_table_lookup(sizes, row->name);
    if (!w || !isfinite(row->distance)) continue;
    change += row->distance * row->distance, size += *w;
  }
  return size > 0 ? sqrt(change / size) : NAN;
}

/* The same, kept for the bytes of both: an adapter is read for it once. */
static double length_of(const Builder *b, const Model *model, const Model *base, GHashTable *sizes) {
  g_autofree char *key = pair_store_key(b->collection, model, base);
  double length;
  if (pair_store_get(b->collection, space, key, &length, sizeof length)) return length;
  length = measure(b, model, sizes);
  pair_store_put(b->collection, space, key, &length, sizeof length);
  return length;
}

/* One adapter whose length is asked for. */
typedef struct {
  unsigned node, base;
  GHashTable *sizes; /* of the base; borrowed */
  double length;
} Branch;

typedef struct {
  const Builder *b;
  GArray *branches; /* of Branch */
} Measuring;

static bool measure_one(void *user, size_t item, unsigned thread) {
  (void)thread;
  const Measuring *m = user;
  const GPtrArray *models = m->b->models;
  Branch *branch = &g_array_index(m->branches, Branch, item);
  branch->length = length_of(m->b, models->pdata[branch->node], models->pdata[branch->base], branch->sizes);
  return true;
}

/* Adapters that hang below a base with weights, without a length yet. `known`: base's sketch -> sizes_of(). */
static GArray *find_branches(const Builder *b, GHashTable *known) {
  GArray *branches = g_array_new(FALSE, FALSE, sizeof(Branch));
  for (unsigned v = 0; v < b->models->len; v++) {
    const ParentEdge *edge = forest_parent_edge(forest_node(b->forest, v));
    const Model *model = b->models->pdata[v];
    if (!edge || edge->kind != EDGE_ADAPTER || isfinite(edge->distance) || !builder_is_adapter(b, v)) continue;
    const ModelSketch *base = builder_sketch(b, edge->parent);
    if (!base || edge->parent >= b->models->len || model->bytes > measured_bytes) continue;
    GHashTable *sizes = g_hash_table_lookup(known, base);
    if (!sizes) g_hash_table_insert(known, (gpointer)base, sizes = sizes_of(base));
    Branch branch = {.node = v, .base = edge->parent, .sizes = sizes};
    g_array_append_val(branches, branch);
  }
  return branches;
}

bool builder_measure_adapters(Builder *b, GError **error) {
  g_autoptr(GHashTable) known = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
  g_autoptr(GArray) branches = find_branches(b, known);
  Measuring measuring = {b, branches};
  if (!progress_step(b->progress, "measuring adapters", 0, branches->len, error)) return false;
  side_by_side(branches->len, b->threads, measure_one, &measuring, b->progress ? b->progress->cancel : NULL);
  if (!progress_check(b->progress, error)) return false;
  for (guint i = 0; i < branches->len; i++) {
    const Branch *branch = &g_array_index(branches, Branch, i);
    g_array_index(forest_edit(b->forest, branch->node)->parents, ParentEdge, 0).distance = branch->length;
  }
  return true;
}
