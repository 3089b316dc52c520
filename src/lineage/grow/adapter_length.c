/* SPDX-License-Identifier: Apache-2.0 */
/* How far an adapter moves its base: the length of its branch. */
#include <math.h>
#include <string.h>

#include "collection/stamp.h"
#include "lineage/diff/model_diff.h"
#include "lineage/grow/forest_builder.h"

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
  g_autofree char *own = model_stamp(b->collection, model), *other = model_stamp(b->collection, base);
  g_autofree char *key = g_strconcat(own, " ", other, NULL);
  g_autoptr(GBytes) kept = collection_get(b->collection, space, key, NULL);
  double length;
  if (kept && g_bytes_get_size(kept) == sizeof length) {
    memcpy(&length, g_bytes_get_data(kept, NULL), sizeof length);
    return length;
  }
  length = measure(b, model, sizes);
  g_autoptr(GBytes) value = g_bytes_new(&length, sizeof length);
  if (!collection_is_read_only(b->collection)) collection_put(b->collection, space, key, value, NULL);
  return length;
}

bool builder_measure_adapters(Builder *b, GError **error) {
  g_autoptr(GHashTable) known = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
  for (unsigned v = 0; v < b->models->len; v++) {
    const ParentEdge *edge = forest_parent_edge(forest_node(b->forest, v));
    const Model *model = b->models->pdata[v];
    if (!edge || edge->kind != EDGE_ADAPTER || isfinite(edge->distance) || !builder_is_adapter(b, v)) continue;
    const ModelSketch *base = builder_sketch(b, edge->parent);
    if (!base || edge->parent >= b->models->len || model->bytes > measured_bytes) continue;
    if (!progress_step(b->progress, "measuring adapters", v, b->models->len, error)) return false;
    GHashTable *sizes = g_hash_table_lookup(known, base);
    if (!sizes) g_hash_table_insert(known, (gpointer)base, sizes = sizes_of(base));
    ParentEdge *own = &g_array_index(forest_edit(b->forest, v)->parents, ParentEdge, 0);
    own->distance = length_of(b, model, b->models->pdata[edge->parent], sizes);
  }
  return true;
}
