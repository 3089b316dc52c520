/* SPDX-License-Identifier: Apache-2.0 */
/* Where models hang that are made of others' layers at other places, and those that come of them: names make kin of
 * what stands at other places, so these are taken out of the trees of their parents before one is drawn. */
#include <math.h>

#include "lineage/grow/direction.h"
#include "lineage/grow/certainty.h"
#include "lineage/grow/forest_builder.h"

static const DepthOrigin *origin_of(const Builder *b, unsigned v) {
  return b->origins && v < b->models->len && b->origins[v].n ? &b->origins[v] : NULL;
}

static EdgeKind kind_of(const DepthOrigin *o) {
  if (o->n > 1) return EDGE_MERGE;
  return o->repeats || o->blocks >= o->blocks_of_parent ? EDGE_STACKED : EDGE_DEPTH_PRUNED;
}

static ParentEdge edge_to(const Builder *b, unsigned v, unsigned k) {
  const DepthOrigin *o = &b->origins[v];
  const Claim *claim = builder_claim(b, v);
  bool said = claim->edge.source == EDGE_DECLARED && claim->parent == (int)o->parent[k];
  return (ParentEdge){.parent = o->parent[k],
                      .kind = kind_of(o),
                      .source = said ? EDGE_DECLARED : EDGE_RECOVERED,
                      .confidence = certainty.layers_equal,
                      .weight = o->n > 1 ? o->share[k] : 1,
                      .distance = NAN};
}

/* What the layers say takes the place of what the card claims. */
static void claim_origin(Builder *b, unsigned v) {
  const DepthOrigin *o = &b->origins[v];
  GArray *more = g_array_new(FALSE, FALSE, sizeof(ParentEdge));
  for (unsigned k = 1; k < o->n; k++) {
    ParentEdge e = edge_to(b, v, k);
    g_array_append_val(more, e);
  }
  if (b->more->pdata[v]) g_array_unref(b->more->pdata[v]);
  b->more->pdata[v] = more;
  Claim claim = {.parent = (int)o->parent[0], .kind_is_said = true, .edge = edge_to(b, v, 0)};
  *builder_claim(b, v) = claim;
  if (o->n > 1) forest_set_note(b->forest, v, "a merge by passthrough: %u blocks of %u models", o->blocks, o->n);
  else forest_set_note(b->forest, v, "%u blocks of the parent's %u", o->blocks, o->blocks_of_parent);
}

void builder_find_depths(Builder *b) {
  unsigned n = b->models->len;
  g_autofree const ModelSketch **sketches = g_new0(const ModelSketch *, n + 1);
  for (unsigned v = 0; v < n; v++)
    if (builder_is_compared(b, v) && builder_sketch(b, v)->finite) sketches[v] = builder_sketch(b, v);
  b->origins = depth_origins(sketches, n);
  for (unsigned v = 0; v < n; v++)
    if (b->origins[v].n) claim_origin(b, v);
}

/* The model with an origin that v comes of, or -1: of its depth, which is not the parents', and its nearest. */
static int stem_of(const Builder *b, const GArray *stems, unsigned v, unsigned blocks) {
  int best = -1;
  double least = INFINITY;
  for (guint i = 0; i < stems->len; i++) {
    unsigned s = g_array_index(stems, unsigned, i);
    const DepthOrigin *o = origin_of(b, s);
    if (o->blocks != blocks || o->blocks_of_parent == blocks) continue;
    Kinship k;
    kinship_compare(builder_sketch(b, s), builder_sketch(b, v), &k);
    if (kinship_is_kin(&k) && k.distance2 < least) least = k.distance2, best = (int)i;
  }
  return best;
}

/* Turns the edges between v and the top of its tree, so that v becomes the top. */
static void make_top(Builder *b, unsigned v) {
  unsigned below = v;
  ParentEdge carried = {.parent = v};
  for (bool first = true;; first = false) {
    ForestNode *n = forest_edit(b->forest, below);
    ParentEdge up = {0};
    bool more = n->parents->len > 0;
    if (more) up = g_array_index(n->parents, ParentEdge, 0);
    g_array_set_size(n->parents, 0);
    if (!first) g_array_append_val(n->parents, carried);
    if (!more) return;
    unsigned next = up.parent;
    carried = up;
    carried.parent = below;
    below = next;
  }
}

/* Whom the stem's neighbours come of is known now. */
static void name_children(Builder *b, const GArray *group, unsigned stem) {
  for (guint i = 1; i < group->len; i++) {
    GArray *parents = forest_edit(b->forest, g_array_index(group, unsigned, i))->parents;
    ParentEdge *e = parents->len ? &g_array_index(parents, ParentEdge, 0) : NULL;
    const ModelSketch *child = builder_sketch(b, g_array_index(group, unsigned, i));
    if (!e || e->parent != stem || e->kind == EDGE_QUANTISED || !child) continue;
    Kinship k;
    kinship_compare(builder_sketch(b, stem), child, &k);
    e->kind = direction_kind(builder_sketch(b, stem), child, &k);
    e->confidence = MAX(e->confidence, certainty.from_stem);
  }
}

static bool build_stem(Builder *b, const GArray *group, GError **error) {
  unsigned stem = g_array_index(group, unsigned, 0);
  Claim claim = *builder_claim(b, stem);
  *builder_claim(b, stem) = (Claim){.parent = -1};
  if (group->len > 1 && !builder_build_tree(b, group, error)) return false;
  make_top(b, stem);
  name_children(b, group, stem);
  *builder_claim(b, stem) = claim;
  builder_add_claimed(b, stem, claim.parent, claim.edge.kind, NAN);
  return true;
}

static void array_unref(void *array) { g_array_unref(array); }

static GPtrArray *split(const Builder *b, const GArray *nodes, const GArray *stems, GArray *others) {
  GPtrArray *groups = g_ptr_array_new_with_free_func(array_unref);
  for (guint i = 0; i < stems->len; i++) {
    GArray *group = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_array_append_val(group, g_array_index(stems, unsigned, i));
    g_ptr_array_add(groups, group);
  }
  for (guint i = 0; i < nodes->len; i++) {
    unsigned v = g_array_index(nodes, unsigned, i);
    if (origin_of(b, v)) continue;
    int at = builder_sketch(b, v) ? stem_of(b, stems, v, depth_blocks(builder_sketch(b, v))) : -1;
    g_array_append_val(at >= 0 ? (GArray *)groups->pdata[at] : others, v);
  }
  return groups;
}

bool builder_build_group(Builder *b, const GArray *nodes, GError **error) {
  g_autoptr(GArray) stems = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (guint i = 0; i < nodes->len; i++)
    if (origin_of(b, g_array_index(nodes, unsigned, i))) g_array_append_val(stems, g_array_index(nodes, unsigned, i));
  if (stems->len == 0) return builder_build_tree(b, nodes, error);
  g_autoptr(GArray) others = g_array_new(FALSE, FALSE, sizeof(unsigned));
  g_autoptr(GPtrArray) groups = split(b, nodes, stems, others);
  if (others->len > 1 && !builder_build_tree(b, others, error)) return false;
  for (guint i = 0; i < groups->len; i++)
    if (!build_stem(b, groups->pdata[i], error)) return false;
  return true;
}
