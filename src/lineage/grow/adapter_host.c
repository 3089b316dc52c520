/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/adapter_host.h"

#include "lineage/grow/adapter_fit.h"

struct AdapterHosts {
  const GPtrArray *sketches;
  GHashTable *copies;  /* original + 1 -> GArray of unsigned */
  GHashTable *indices; /* node + 1 -> FitIndex, made when first asked for */
};

static void array_free(void *array) { g_array_unref(array); }
static void index_free(void *index) { fit_index_free(index); }

AdapterHosts *adapter_hosts_new(const Forest *f, const GPtrArray *sketches) {
  AdapterHosts *h = g_new0(AdapterHosts, 1);
  h->sketches = sketches;
  h->copies = g_hash_table_new_full(NULL, NULL, NULL, array_free);
  h->indices = g_hash_table_new_full(NULL, NULL, NULL, index_free);
  for (unsigned v = 0; v < f->nodes->len && v < sketches->len; v++) {
    int original = forest_node(f, v)->duplicate_of;
    const Model *m = forest_node(f, v)->model;
    if (original < 0 || !sketches->pdata[v] || !m || model_is_adapter(m)) continue;
    gpointer key = GUINT_TO_POINTER((guint)original + 1);
    GArray *list = g_hash_table_lookup(h->copies, key);
    if (!list) g_hash_table_insert(h->copies, key, list = g_array_new(FALSE, FALSE, sizeof(unsigned)));
    g_array_append_val(list, v);
  }
  return h;
}

void adapter_hosts_free(AdapterHosts *h) {
  if (!h) return;
  g_hash_table_unref(h->copies);
  g_hash_table_unref(h->indices);
  g_free(h);
}

static const FitIndex *index_of(AdapterHosts *h, unsigned node) {
  gpointer key = GUINT_TO_POINTER(node + 1);
  FitIndex *index = g_hash_table_lookup(h->indices, key);
  if (!index) g_hash_table_insert(h->indices, key, index = fit_index_new(h->sketches->pdata[node]));
  return index;
}

/* 0: as the adapter was made for it; 1: under other names; 2: fused or taken apart otherwise; 3: not all fits. */
static unsigned strangeness(AdapterHosts *h, const ModelSketch *adapter, unsigned node) {
  if (node >= h->sketches->len || !h->sketches->pdata[node]) return 3;
  Fit fit = fit_compare(index_of(h, node), adapter);
  if (!fit_is_whole(&fit)) return 3;
  return fit.refitted ? 2 : fit.foreign ? 1 : 0;
}

unsigned adapter_host(AdapterHosts *h, const ModelSketch *adapter, unsigned node) {
  const GArray *copies = g_hash_table_lookup(h->copies, GUINT_TO_POINTER(node + 1));
  if (!copies || !adapter) return node;
  unsigned host = node, least = strangeness(h, adapter, node);
  for (guint i = 0; i < copies->len && least > 0; i++) {
    unsigned copy = g_array_index(copies, unsigned, i), strange = strangeness(h, adapter, copy);
    if (strange < least) host = copy, least = strange;
  }
  return host;
}
