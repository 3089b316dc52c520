/* SPDX-License-Identifier: Apache-2.0 */
/* Where adapters go whose card names no base: to the tree whose layers they fit. */
#include <math.h>

#include "lineage/grow/forest_builder.h"
#include "lineage/grow/adapter_fit.h"
#include "lineage/grow/base_name.h"
#include "lineage/grow/certainty.h"

/* Where adapters of one signature go when no card says it. */
typedef struct {
  int node;       /* -1: nowhere */
  unsigned trees; /* that fit */
  double confidence;
} Place;

/* The full model whose tables of tokens an adapter carries, of those that it fits: the one that they are most alike to;
 * -1 when it carries none, or a stranger's. */
static int carried_base(const Builder *b, const ModelSketch *adapter) {
  int best = -1;
  double most = FIT_CARRIED_SAME;
  for (unsigned v = 0; v < b->models->len; v++) {
    if (!builder_is_compared(b, v) || ((const Model *)b->models->pdata[v])->kind != MODEL_FULL) continue;
    double cosine = fit_carried(builder_sketch(b, v), adapter);
    if (!(cosine > most)) continue;
    g_autoptr(FitIndex) index = fit_index_new(builder_sketch(b, v));
    Fit fit = fit_compare(index, adapter);
    if (fit_is_whole(&fit)) best = (int)v, most = cosine;
  }
  return best;
}

/* How a full model takes an adapter. */
typedef enum { TAKES_NATIVE = 1, TAKES_RESPELLED, TAKES_NOT } Taking;

/* Asked once for all models of one signature. */
static Taking taking_of(const Builder *b, unsigned v, const ModelSketch *adapter, GHashTable *known) {
  const Model *m = b->models->pdata[v];
  char *signature = m->shapes ? m->shapes : m->path;
  Taking taking = (Taking)GPOINTER_TO_UINT(g_hash_table_lookup(known, signature));
  if (taking) return taking;
  g_autoptr(FitIndex) index = fit_index_new(builder_sketch(b, v));
  Fit fit = fit_compare(index, adapter);
  taking = fit_is_native(&fit) ? TAKES_NATIVE : fit_is_whole(&fit) ? TAKES_RESPELLED : TAKES_NOT;
  g_hash_table_insert(known, signature, GUINT_TO_POINTER((guint)taking));
  return taking;
}

/* Looks at one full model of each signature; all full models that fit, by their trees. Those that the adapter was made
 * for, by its names and what is fused, come before all that fit in another spelling. */
static Place base_on_disk(const Builder *b, Sets *sets, const ModelSketch *adapter) {
  g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal); /* signature -> Taking */
  g_autoptr(GHashTable) trees = g_hash_table_new(NULL, NULL);
  Place place = {.node = -1};
  Taking best = TAKES_NOT;
  for (unsigned v = 0; v < b->models->len; v++) {
    const Model *m = b->models->pdata[v];
    if (!builder_is_compared(b, v) || m->kind != MODEL_FULL) continue;
    Taking taking = taking_of(b, v, adapter, known);
    if (taking == TAKES_NOT || taking > best) continue;
    if (taking < best) {
      best = taking;
      place.node = -1;
      g_hash_table_remove_all(trees);
    }
    if (place.node < 0 || builder_top(b, v) == v) place.node = (int)v;
    g_hash_table_add(trees, GUINT_TO_POINTER(sets_find(sets, v)));
  }
  place.trees = g_hash_table_size(trees);
  place.confidence = certainty.adapter_fits;
  if (place.trees != 1) place.node = -1;
  return place;
}

/* The one base that the cards of adapters with this signature name. */
static Place base_beside(const Builder *b, const char *shapes) {
  Place place = {.node = -1, .confidence = certainty.adapter_beside};
  for (unsigned v = 0; v < b->models->len; v++) {
    const Model *m = b->models->pdata[v];
    int p = builder_claim(b, v)->parent;
    if (p < 0 || !model_is_adapter(m) || g_strcmp0(m->shapes, shapes) != 0) continue;
    if (place.node != p) place.trees++;
    place.node = p;
  }
  if (place.trees > 1) place.node = -1;
  return place;
}

static bool is_unplaced(const Builder *b, unsigned v) {
  const Model *m = b->models->pdata[v];
  return model_is_adapter(m) && builder_sketch(b, v) && !builder_is_duplicate(b, v) && builder_claim(b, v)->parent < 0;
}

static unsigned count_unplaced(const Builder *b, const char *shapes) {
  unsigned n = 0;
  for (unsigned v = 0; v < b->models->len; v++)
    n += is_unplaced(b, v) && g_strcmp0(((Model *)b->models->pdata[v])->shapes, shapes) == 0;
  return n;
}

/* A base that nobody names: several adapters of one signature still belong together. */
static Place base_unknown(Builder *b, const Model *m) {
  Place place = {.node = -1, .confidence = certainty.adapter_alone};
  if (count_unplaced(b, m->shapes) < 2) return place;
  g_autofree char *name = g_strdup_printf("unknown base %.6s", m->shapes);
  g_autofree char *identity = g_strconcat("unknown|", m->shapes, NULL);
  place.node = (int)builder_ghost(b, identity, name);
  return place;
}

/* A base that the card calls by a folder of its author's: one thing for adapters of one signature. */
static Place base_called_so(Builder *b, unsigned v) {
  const Model *m = b->models->pdata[v];
  const char *name = ((const AbsentBase *)b->absent->pdata[v])->name, *last = base_name_last(name);
  g_autofree char *identity = g_strdup_printf("%s|%s", m->shapes ? m->shapes : "", name);
  return (Place){(int)builder_ghost(b, identity, base_name_is_generic(last) ? name : last), 1,
                 certainty.by_folder_name};
}

/* Where adapters of one signature go: to what is here, and failing that, elsewhere. Each is found once. */
typedef struct {
  Place here, elsewhere;
  bool sought;
} Places;

static Places *places_of(const Builder *b, Sets *sets, GHashTable *known, unsigned v) {
  const Model *m = b->models->pdata[v];
  const char *signature = m->shapes ? m->shapes : m->path;
  Places *found = g_hash_table_lookup(known, signature);
  if (found) return found;
  found = g_new0(Places, 1);
  found->here = base_on_disk(b, sets, builder_sketch(b, v));
  g_hash_table_insert(known, (char *)signature, found);
  return found;
}

static Place find_adapter_base(Builder *b, Sets *sets, GHashTable *known, unsigned v) {
  static const double sure_carried = 0.9;
  const Model *m = b->models->pdata[v];
  int carried = carried_base(b, builder_sketch(b, v));
  if (carried >= 0) return (Place){carried, 1, sure_carried};
  Places *places = places_of(b, sets, known, v);
  if (places->here.trees) return places->here;
  if (b->absent->pdata[v]) return base_called_so(b, v);
  if (!places->sought) {
    places->elsewhere = base_beside(b, m->shapes);
    if (places->elsewhere.trees == 0 && m->shapes && *m->shapes) places->elsewhere = base_unknown(b, m);
    places->sought = true;
  }
  return places->elsewhere;
}

static void hang_adapter(Builder *b, unsigned v, const Place *place) {
  if (place->trees > 1) forest_set_note(b->forest, v, "%u bases fit", place->trees);
  else if (place->node < 0) forest_set_note(b->forest, v, "no base that fits");
  if (place->node < 0) return;
  ParentEdge edge = {.parent = builder_host(b, v, (unsigned)place->node),
                     .kind = EDGE_ADAPTER,
                     .source = EDGE_RECOVERED,
                     .confidence = place->confidence,
                     .weight = 1,
                     .distance = NAN};
  forest_add_parent(b->forest, v, edge);
}

void builder_place_adapters(Builder *b, Sets *sets) {
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  for (unsigned v = 0; v < b->models->len; v++) {
    if (!is_unplaced(b, v)) continue;
    Place place = find_adapter_base(b, sets, known, v);
    hang_adapter(b, v, &place);
  }
}
