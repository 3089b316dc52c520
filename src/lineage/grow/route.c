/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/route.h"

#include <math.h>
#include <string.h>

#include "lineage/grow/adapter_fit.h"
#include "lineage/grow/adapter_host.h"
#include "lineage/sketch/kinship.h"

static bool is_full(const Forest *f, unsigned node) {
  const Model *m = forest_node(f, node)->model;
  return m && !model_is_adapter(m) && m->kind != MODEL_EMBEDDING;
}

Route route_find(const Forest *f, const GPtrArray *sketches, const ModelSketch *model, int self) {
  Route r = {.tree = -1, .nearest = -1, .correlation = NAN, .threshold = KINSHIP_THRESHOLD};
  for (unsigned v = 0; v < f->nodes->len && v < sketches->len; v++) {
    const ModelSketch *other = sketches->pdata[v];
    if (!other || (int)v == self || !is_full(f, v)) continue;
    Kinship k;
    kinship_compare(model, other, &k);
    if (!kinship_is_comparable(&k) || (r.nearest >= 0 && k.cosine <= r.correlation)) continue;
    r.nearest = (int)v;
    r.correlation = k.cosine;
    r.common = k.common;
    r.threshold = kinship_threshold(&k);
    r.tree = kinship_is_kin(&k) ? forest_node(f, v)->tree : -1;
  }
  return r;
}

/* Adapters with these layers that hang below the node by their cards. */
static unsigned count_peers(const Forest *f, unsigned node, const char *shapes, int self) {
  const GArray *children = forest_node(f, node)->children;
  unsigned n = 0;
  for (guint i = 0; i < children->len; i++) {
    unsigned c = g_array_index(children, unsigned, i);
    const ForestNode *child = forest_node(f, c);
    if ((int)c == self || !child->model || !model_is_adapter(child->model)) continue;
    n += g_array_index(child->parents, ParentEdge, 0).source == EDGE_DECLARED &&
         g_strcmp0(child->model->shapes, shapes) == 0;
  }
  return n;
}

static bool fit_adapter(const Forest *f, const ModelSketch *base, const ModelSketch *model, const char *shapes,
                        int self, BaseFit *out) {
  g_autoptr(FitIndex) index = base ? fit_index_new(base) : NULL; /* NULL: a parent that cannot be read */
  Fit fit = index ? fit_compare(index, model) : (Fit){0};
  out->layers = fit.layers;
  out->fitting = fit.fitting;
  if (!fit_is_whole(&fit) && !out->parent) return false;
  out->refitted = fit.refitted;
  bool native = fit_is_native(&fit);
  out->carried = base ? fit_carried(base, model) : (double)NAN;
  out->peers = shapes && *shapes ? count_peers(f, out->node, shapes, self) : 0;
  bool root = forest_node(f, out->node)->parents->len == 0;
  out->score = 0.4 + 0.1 * root + 0.2 * (out->peers > 0) + fmax(0.3 * out->declared, 0.35 * out->parent) -
               0.15 * !native + 0.2 * (out->carried > FIT_CARRIED_SAME);
  return true;
}

/* A copy of a base is named only where it, and not the original, is what the forest would hang the adapter below. */
static bool is_asked(AdapterHosts *hosts, const Forest *f, const ModelSketch *model, bool adapter, unsigned node) {
  int original = forest_node(f, node)->duplicate_of;
  return original < 0 || (adapter && adapter_host(hosts, model, (unsigned)original) == node);
}

/* What an adapter is a copy or a later step of, in the end. */
static int first_adapter(const Forest *f, int self) {
  for (unsigned steps = 0; self >= 0 && steps <= f->nodes->len; steps++) {
    const ParentEdge *e = forest_parent_edge(forest_node(f, (unsigned)self));
    const Model *m = e ? forest_node(f, e->parent)->model : NULL;
    if (!m || !model_is_adapter(m)) break;
    self = (int)e->parent;
  }
  return self;
}

/* The forest hangs `self` below that node; an adapter of an adapter, where that hangs. */
static bool is_parent(const Forest *f, int self, unsigned node) {
  const GArray *parents = self >= 0 ? forest_node(f, (unsigned)self)->parents : NULL;
  for (guint i = 0; parents && i < parents->len; i++)
    if (g_array_index(parents, ParentEdge, i).parent == node) return true;
  return false;
}

/* What came from `self` is no base of it. */
static bool is_descendant(const Forest *f, int self, unsigned node) {
  for (unsigned steps = 0; self >= 0 && steps <= f->nodes->len; steps++) {
    const GArray *parents = forest_node(f, node)->parents;
    if (parents->len == 0) return false;
    const ParentEdge *e = &g_array_index(parents, ParentEdge, 0);
    if (e->kind == EDGE_RELATED) return false; /* may be the other way round */
    if (e->parent == (unsigned)self) return true;
    node = e->parent;
  }
  return false;
}

/* Nearer ones first; the parent that the whole tree speaks for before them all. */
static bool fit_full(const ModelSketch *base, const ModelSketch *model, BaseFit *out) {
  Kinship k;
  kinship_compare(base, model, &k);
  if (!kinship_is_kin(&k)) return false;
  out->correlation = k.cosine;
  out->distance = k.norm2_a > 0 ? sqrt(k.distance2 / k.norm2_a) : NAN;
  out->score = CLAMP(k.cosine, 0, 1) / (1 + (isfinite(out->distance) ? out->distance : 1));
  out->score = (out->score + out->parent + out->declared) / 3;
  return true;
}

/* What the forest says goes before all that merely fits: it has asked the whole tree. */
static gint by_score(gconstpointer a, gconstpointer b) {
  const BaseFit *x = a, *y = b;
  if (x->parent != y->parent) return x->parent ? -1 : 1;
  if (x->score != y->score) return x->score < y->score ? 1 : -1;
  if (x->peers != y->peers) return x->peers < y->peers ? 1 : -1;
  return (x->node > y->node) - (x->node < y->node);
}

GArray *route_bases(const Forest *f, const GPtrArray *sketches, const ModelSketch *model, bool adapter,
                    const char *shapes, int self, int declared, unsigned limit) {
  GArray *out = g_array_new(FALSE, FALSE, sizeof(BaseFit));
  int first = adapter ? first_adapter(f, self) : self;
  g_autoptr(AdapterHosts) hosts = adapter_hosts_new(f, sketches);
  for (unsigned v = 0; v < f->nodes->len && v < sketches->len; v++) {
    const ModelSketch *base = sketches->pdata[v];
    bool parent = is_parent(f, first, v);
    if ((int)v == self || !is_full(f, v) || !(base || (adapter && parent))) continue;
    if (!parent && !is_asked(hosts, f, model, adapter, v)) continue;
    BaseFit fit = {.node = v,
                   .declared = declared == (int)v,
                   .correlation = NAN,
                   .carried = NAN,
                   .parent = parent,
                   .distance = NAN};
    bool fits = adapter ? fit_adapter(f, base, model, shapes, self, &fit)
                        : !is_descendant(f, self, v) && fit_full(base, model, &fit);
    if (fits) g_array_append_val(out, fit);
  }
  g_array_sort(out, by_score);
  if (out->len > 1) {
    BaseFit *parent = &g_array_index(out, BaseFit, 0);
    parent->score = fmax(parent->score, g_array_index(out, BaseFit, 1).score);
  }
  if (out->len > limit) g_array_set_size(out, limit);
  return out;
}
