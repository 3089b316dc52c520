/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/adapter_fit.h"

#include <inttypes.h>
#include <string.h>

struct FitIndex {
  GHashTable *layers;   /* plain name -> TensorSketch, borrowed */
  GHashTable *wrappers; /* first components of the base's names */
};

/* One spelling for the adapters' tools: underscores become dots. */
static char *plain_name(const char *name) { return g_strdelimit(g_strdup(name), "_", '.'); }

FitIndex *fit_index_new(const ModelSketch *base) {
  FitIndex *x = g_new0(FitIndex, 1);
  x->layers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  x->wrappers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < base->tensors->len; i++) {
    TensorSketch *t = &g_array_index(base->tensors, TensorSketch, i);
    if (!t->projected) continue;
    char *plain = plain_name(t->name);
    g_hash_table_add(x->wrappers, g_strndup(plain, strcspn(plain, ".")));
    g_hash_table_insert(x->layers, plain, t);
  }
  return x;
}

void fit_index_free(FitIndex *x) {
  if (!x) return;
  g_hash_table_unref(x->layers);
  g_hash_table_unref(x->wrappers);
  g_free(x);
}

/* Under its own name, without its first component, or behind one of the base's. */
static const TensorSketch *find_layer(const FitIndex *x, const char *name) {
  enum { MOST_WRAPPERS = 16 };
  g_autofree char *plain = plain_name(name);
  const TensorSketch *t = g_hash_table_lookup(x->layers, plain);
  const char *dot = strchr(plain, '.');
  if (!t && dot) t = g_hash_table_lookup(x->layers, dot + 1);
  if (t || g_hash_table_size(x->wrappers) > MOST_WRAPPERS) return t;
  GHashTableIter it;
  gpointer wrapper;
  g_hash_table_iter_init(&it, x->wrappers);
  while (!t && g_hash_table_iter_next(&it, &wrapper, NULL)) {
    g_autofree char *wrapped = g_strconcat(wrapper, ".", plain, NULL);
    t = g_hash_table_lookup(x->layers, wrapped);
  }
  return t;
}

Fit fit_compare(const FitIndex *base, const ModelSketch *adapter) {
  Fit fit = {0};
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal); /* layers of several parts */
  for (guint i = 0; i < adapter->tensors->len; i++) {
    const TensorSketch *a = &g_array_index(adapter->tensors, TensorSketch, i);
    if (a->role == TENSOR_LORA_B) g_hash_table_add(seen, a->name);
  }
  for (guint i = 0; i < adapter->tensors->len; i++) {
    const TensorSketch *a = &g_array_index(adapter->tensors, TensorSketch, i);
    bool counts = a->role == TENSOR_LORA_B || (a->role == TENSOR_ADAPTER_PART && g_hash_table_add(seen, a->name));
    if (!counts) continue;
    fit.layers++;
    const TensorSketch *b = find_layer(base, a->name);
    if (!b) continue;
    bool same = (b->d_out == a->d_out && b->d_in == a->d_in) || (b->d_out == a->d_in && b->d_in == a->d_out);
    *(same ? &fit.fitting : &fit.clashing) += 1;
  }
  return fit;
}

bool fit_is_whole(const Fit *fit) { return fit->layers > 0 && fit->fitting == fit->layers; }

double fit_shapes_shared(const ModelSketch *base, const ModelSketch *child) {
  g_autoptr(GHashTable) shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < base->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(base->tensors, TensorSketch, i);
    if (t->part == PART_MATRIX) g_hash_table_add(shapes, g_strdup_printf("%" PRIu64 "x%" PRIu64, t->d_out, t->d_in));
  }
  double shared = 0, all = 0;
  for (guint i = 0; i < child->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(child->tensors, TensorSketch, i);
    if (t->part != PART_MATRIX) continue;
    g_autofree char *shape = g_strdup_printf("%" PRIu64 "x%" PRIu64, t->d_out, t->d_in);
    all += (double)t->moments.count;
    if (g_hash_table_contains(shapes, shape)) shared += (double)t->moments.count;
  }
  return all > 0 ? shared / all : 0;
}
