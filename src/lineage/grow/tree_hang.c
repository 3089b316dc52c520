/* SPDX-License-Identifier: Apache-2.0 */
/* Where those hang that were set apart while a tree's pedigree was made. */
#include <math.h>

#include "lineage/grow/direction.h"
#include "lineage/grow/certainty.h"
#include "lineage/grow/tree_build_private.h"

static double relative(const TreeBuild *t, unsigned parent, double distance2) {
  double norm2 = tree_sketch(t, parent)->norm2;
  return norm2 > 0 ? sqrt(distance2 / norm2) : NAN;
}

/* Nearest of those that are not quantised; *second: squared distance to the next. */
static int nearest_whole(const TreeBuild *t, unsigned row, double *best, double *second) {
  int found = -1;
  *best = *second = INFINITY;
  for (unsigned i = 0; i < t->n; i++) {
    if (i == row || t->place[i] == PLACE_QUANTISED || !tree_sketch(t, i)) continue;
    double d = kin_table_get(t->table, row, i).distance2;
    if (d < *best) *second = *best, *best = d, found = (int)i;
    else if (d < *second) *second = d;
  }
  return found;
}

/* What is taken off again is no parent, but where the parents came from. */
static void add_ingredients(TreeBuild *t, const Merge *m) {
  int claimed = tree_claimed_row(t, m->child);
  for (unsigned k = 0; k < m->n; k++) {
    if (m->weight[k] < 0) continue;
    double d2 = kin_table_get(t->table, m->child, m->parent[k]).distance2;
    bool said = claimed == (int)m->parent[k];
    tree_add_edge(t, m->child, m->parent[k],
                  (ParentEdge){.kind = EDGE_MERGE,
                               .weight = m->weight[k],
                               .confidence = certainty.merge_proven,
                               .source = said ? EDGE_DECLARED : EDGE_RECOVERED,
                               .distance = relative(t, m->parent[k], d2)});
  }
}

static bool has_no_parent(const TreeBuild *t, unsigned row) {
  return forest_node(t->b->forest, tree_node(t, row))->parents->len == 0;
}

bool tree_descends(const TreeBuild *t, unsigned v, unsigned above) {
  for (unsigned steps = 0; v != above && steps <= t->b->forest->nodes->len; steps++) {
    const GArray *parents = forest_node(t->b->forest, v)->parents;
    if (parents->len == 0) return false;
    v = g_array_index(parents, ParentEdge, 0).parent;
  }
  return v == above;
}

/* Silent children of a merge: what is clearly nearer to the merge than to the parent that it was given
 * hangs below the merge, unless it is one of the merge's ancestors. */
static void rehang_below(TreeBuild *t, const Merge *m) {
  const double clearly = 0.9;
  for (unsigned k = 0; k < t->plain; k++) {
    unsigned row = t->row[k], v = tree_node(t, row);
    if (!tree_sketch(t, row) || has_no_parent(t, row)) continue;
    ParentEdge *e = &g_array_index(forest_edit(t->b->forest, v)->parents, ParentEdge, 0);
    int parent = tree_row(t, (int)e->parent);
    if (e->source != EDGE_RECOVERED || e->kind == EDGE_CHECKPOINT || parent < 0) continue;
    double near = kin_table_get(t->table, row, m->child).distance2;
    bool ghost = !tree_sketch(t, (unsigned)parent), above = false;
    if (ghost || near > clearly * kin_table_get(t->table, row, (unsigned)parent).distance2) continue;
    for (unsigned i = 0; i < m->n; i++) above |= tree_descends(t, tree_node(t, m->parent[i]), v);
    if (above) continue;
    e->parent = tree_node(t, m->child);
    e->kind = EDGE_FINE_TUNE;
    e->distance = relative(t, m->child, near);
  }
}

void tree_hang_merge(TreeBuild *t, const Merge *m) {
  add_ingredients(t, m);
  rehang_below(t, m);
}

void tree_hang_quantised(TreeBuild *t, unsigned row) {
  double best, second;
  int p = nearest_whole(t, row, &best, &second), claimed = tree_claimed_row(t, row);
  unsigned v = tree_node(t, row);
  if (claimed >= 0 && (p < 0 || claimed == p || !tree_sketch(t, (unsigned)claimed))) {
    builder_add_claimed(t->b, v, (int)tree_node(t, (unsigned)claimed), EDGE_QUANTISED,
                        p == claimed ? relative(t, (unsigned)p, best) : NAN);
    return;
  }
  if (p < 0) return;
  if (claimed >= 0) tree_accuse(t, row, "a nearer one");
  double gap = best > 0 ? second / best - 1 : 1;
  tree_add_edge(t, row, (unsigned)p,
                (ParentEdge){.kind = EDGE_QUANTISED,
                             .source = EDGE_RECOVERED,
                             .weight = 1,
                             .confidence = certainty.quantised_least + certainty.quantised_apart * CLAMP(gap, 0, 1),
                             .distance = relative(t, (unsigned)p, best)});
}

/* ---- below what is set apart ---- */

/* The row lies between p and i: squared distances add up on the way. */
static bool is_between(const TreeBuild *t, unsigned row, unsigned p, unsigned i) {
  static const double adds_up = 1.1;
  double whole = kin_table_get(t->table, p, i).distance2;
  return kin_table_get(t->table, row, p).distance2 + kin_table_get(t->table, row, i).distance2 <= adds_up * whole;
}

/* Squared distance to the nearest plain row but for the row itself and, with `except`, for those that name that one
 * too, or that come from it by the row. */
static double nearest_plain(const TreeBuild *t, unsigned row, int except) {
  double best = INFINITY;
  for (unsigned i = 0; i < t->n; i++) {
    if (i == row || t->place[i] != PLACE_PLAIN || !tree_sketch(t, i)) continue;
    if (except >= 0 && (tree_claimed_row(t, i) == except || is_between(t, row, (unsigned)except, i))) continue;
    best = fmin(best, kin_table_get(t->table, row, i).distance2);
  }
  return best;
}

/* Its card names a row that is set apart, which is as near as any plain one. */
static bool is_claimed_below(const TreeBuild *t, unsigned row) {
  static const double as_near = 1.2;
  int p = tree_claimed_row(t, row);
  if (p < 0 || !tree_sketch(t, row) || (t->place[p] != PLACE_MERGE && t->place[p] != PLACE_BELOW)) return false;
  if (builder_claim(t->b, tree_node(t, row))->edge.kind == EDGE_CHECKPOINT) return true;
  return kin_table_get(t->table, row, (unsigned)p).distance2 <= as_near * nearest_plain(t, row, p);
}

/* Silent, and much nearer to a row that hangs below a merge than to all that is plain: that row, or -1. */
static int drawn_below(const TreeBuild *t, unsigned row) {
  static const double much = 0.5;
  double best = INFINITY;
  int found = -1;
  if (!tree_sketch(t, row) || tree_claimed_row(t, row) >= 0) return -1;
  for (unsigned i = 0; i < t->n; i++) {
    double d = t->place[i] == PLACE_BELOW ? kin_table_get(t->table, row, i).distance2 : INFINITY;
    if (d < best) best = d, found = (int)i;
  }
  return found >= 0 && best < much * nearest_plain(t, row, -1) ? found : -1;
}

/* A quantised copy that a card names stands for what it was made of. */
static void redirect_claims(TreeBuild *t) {
  for (unsigned i = 0; i < t->n; i++) {
    int p = tree_claimed_row(t, i);
    if (p < 0 || t->place[i] == PLACE_QUANTISED || t->place[p] != PLACE_QUANTISED) continue;
    double best, second;
    int whole = nearest_whole(t, (unsigned)p, &best, &second);
    Claim *claim = builder_claim(t->b, tree_node(t, i));
    if (whole < 0 || whole == (int)i) *claim = (Claim){.parent = -1};
    else claim->parent = (int)tree_node(t, (unsigned)whole), claim->edge.parent = (unsigned)claim->parent;
  }
}

void tree_set_below_apart(TreeBuild *t) {
  redirect_claims(t);
  for (bool more = t->merges->len > 0; more;) {
    more = false;
    for (unsigned i = 0; i < t->n; i++) {
      if (t->place[i] != PLACE_PLAIN) continue;
      int p = is_claimed_below(t, i) ? tree_claimed_row(t, i) : drawn_below(t, i);
      if (p < 0) continue;
      t->place[i] = PLACE_BELOW, t->below[i] = p;
      more = true;
    }
  }
}

void tree_hang_below(TreeBuild *t, unsigned row) {
  unsigned p = (unsigned)t->below[row];
  const ModelSketch *parent = tree_sketch(t, p), *child = tree_sketch(t, row);
  Kinship k;
  kinship_compare(parent, child, &k);
  EdgeKind kind = direction_kind(parent, child, &k);
  double distance = relative(t, p, k.distance2);
  if (tree_claimed_row(t, row) == (int)p) {
    builder_add_claimed(t->b, tree_node(t, row), (int)tree_node(t, p), kind, distance);
    return;
  }
  tree_add_edge(
      t, row, p,
      (ParentEdge){
          .kind = kind, .source = EDGE_RECOVERED, .weight = 1, .confidence = certainty.hung, .distance = distance});
}
