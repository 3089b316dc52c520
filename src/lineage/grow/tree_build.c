/* SPDX-License-Identifier: Apache-2.0 */
/* One tree: what is set apart first (quantised copies, merges, cards that lie), then the pedigree
 * of the rest, then what was set apart, hung where it belongs. */
#include <math.h>

#include "lineage/grow/missing_base.h"
#include "lineage/grow/forest_builder.h"
#include "lineage/grow/card_check.h"
#include "lineage/grow/merges.h"
#include "lineage/grow/mother_rule.h"
#include "lineage/grow/pedigree.h"
#include "lineage/grow/spanning.h"
#include "lineage/recipe/merge_proof.h"

typedef enum { PLACE_PLAIN, PLACE_QUANTISED, PLACE_MERGE } Place;

typedef struct {
  Builder *b;
  GArray *nodes; /* of unsigned; a ghost may join at the end */
  unsigned n;    /* of them: rows of the table */
  KinTable *table;
  GHashTable *row_of; /* node -> row + 1 */
  Place *place;       /* by row */
  GArray *merges;
  PedigreeMember *members; /* the plain ones, by their number in the pedigree */
  unsigned *row;           /* theirs */
  int *member;             /* by row, or -1 */
  unsigned plain;
} TreeBuild;

static unsigned node_at(const TreeBuild *t, unsigned row) { return g_array_index(t->nodes, unsigned, row); }

static int row_of(const TreeBuild *t, int node) {
  if (node < 0) return -1;
  return (int)GPOINTER_TO_UINT(g_hash_table_lookup(t->row_of, GUINT_TO_POINTER((guint)node))) - 1;
}

static const ModelSketch *sketch_at(const TreeBuild *t, unsigned row) { return builder_sketch(t->b, node_at(t, row)); }

/* Row of the parent that is claimed, within this tree, or -1. */
static int claimed_row(const TreeBuild *t, unsigned row) {
  return row_of(t, builder_claimed_parent(t->b, node_at(t, row)));
}

static void set_quantised_apart(TreeBuild *t) {
  unsigned whole = 0;
  for (unsigned i = 0; i < t->n; i++) whole += sketch_at(t, i) && !sketch_at(t, i)->quantised;
  for (unsigned i = 0; whole > 0 && i < t->n; i++)
    if (sketch_at(t, i) && sketch_at(t, i)->quantised) t->place[i] = PLACE_QUANTISED;
}

static WeightFile *open_row(void *tree, unsigned row) {
  const TreeBuild *t = tree;
  const Model *m = forest_node(t->b->forest, node_at(t, row))->model;
  return m ? collection_open_weights(t->b->collection, m, NULL) : NULL;
}

/* Rows that are plain so far and have a sketch. The caller unrefs it. */
static GArray *plain_rows(const TreeBuild *t) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (unsigned i = 0; i < t->n; i++)
    if (sketch_at(t, i) && t->place[i] == PLACE_PLAIN) g_array_append_val(rows, i);
  return rows;
}

/* Merges that are no weighted sum of whole models: proven on the weights themselves. */
static bool set_recipes_apart(TreeBuild *t, GError **error) {
  g_autoptr(GArray) rows = plain_rows(t);
  g_autoptr(GArray) found = merge_proofs_find(t->table, rows, open_row, t, t->b->progress, error);
  for (guint i = 0; found && i < found->len; i++) {
    const MergeProof *proof = &g_array_index(found, MergeProof, i);
    Merge m = {.child = proof->child, .n = 2};
    for (unsigned k = 0; k < 2; k++) m.parent[k] = proof->parent[k], m.weight[k] = proof->weight[k];
    g_array_append_val(t->merges, m);
    t->place[m.child] = PLACE_MERGE;
    forest_set_note(t->b->forest, node_at(t, m.child), "a merge by %s, proven on %u layers",
                    recipe_method_name(proof->method), proof->layers);
  }
  return found != NULL;
}

static bool set_merges_apart(TreeBuild *t, GError **error) {
  g_autoptr(GArray) rows = plain_rows(t);
  t->merges = merges_find(t->table, rows, t->b->threads, t->b->progress, error);
  for (guint i = 0; t->merges && i < t->merges->len; i++)
    t->place[g_array_index(t->merges, Merge, i).child] = PLACE_MERGE;
  return t->merges && set_recipes_apart(t, error);
}

/* Numbers the plain ones; `cards`: with what those claim, and with ghosts. */
static void gather_members(TreeBuild *t, bool cards) {
  t->plain = 0;
  for (unsigned i = 0; i < t->n; i++) {
    bool in = t->place[i] == PLACE_PLAIN && (cards || sketch_at(t, i));
    t->member[i] = in ? (int)t->plain : -1;
    if (in) t->row[t->plain++] = i;
  }
  for (unsigned m = 0; m < t->plain; m++) {
    unsigned i = t->row[m];
    const Claim *claim = builder_claim(t->b, node_at(t, i));
    int p = claimed_row(t, i);
    bool taken = p >= 0 && (cards || claim->edge.kind == EDGE_CHECKPOINT);
    t->members[m] = (PedigreeMember){sketch_at(t, i), i, taken ? t->member[p] : -1};
  }
}

static void mark_conflict(TreeBuild *t, unsigned row, const char *says) {
  unsigned v = node_at(t, row);
  Claim *claim = builder_claim(t->b, v);
  const char *name = forest_node(t->b->forest, (unsigned)claim->parent)->name;
  forest_edit(t->b->forest, v)->card_conflict = true;
  forest_set_note(t->b->forest, v, "the card names %s, the weights say %s", name, says);
  *claim = (Claim){.parent = -1};
}

/* A card's parent must be as near as what else the tree offers. */
static void check_cards(TreeBuild *t, const Spanning *s) {
  for (unsigned m = 0; m < t->plain; m++) {
    unsigned i = t->row[m];
    const Claim *claim = builder_claim(t->b, node_at(t, i));
    int p = claimed_row(t, i);
    if (p < 0 || claim->edge.source != EDGE_DECLARED || t->member[p] < 0) continue;
    if (!card_is_believed(t->members, t->plain, t->table, s, m, (unsigned)t->member[p]))
      mark_conflict(t, i, "a nearer one");
  }
}

/* The ghost that cards name: of the siblings, else the only one in the tree; or -1. */
static int named_ghost(const TreeBuild *t, const GArray *siblings) {
  int only = -1;
  unsigned ghosts = 0;
  for (guint i = 0; i < siblings->len; i++) {
    unsigned row = t->row[g_array_index(siblings, unsigned, i)];
    int p = builder_claim(t->b, node_at(t, row))->parent;
    if (p >= 0 && !forest_node(t->b->forest, (unsigned)p)->model) return p;
  }
  for (unsigned i = 0; i < t->n; i++) {
    if (forest_node(t->b->forest, node_at(t, i))->model) continue;
    only = (int)node_at(t, i);
    ghosts++;
  }
  return ghosts == 1 ? only : -1;
}

/* How many of the siblings say that they have a parent on disk. */
static unsigned count_denials(const TreeBuild *t, const GArray *siblings) {
  unsigned n = 0;
  for (guint i = 0; i < siblings->len; i++) {
    unsigned row = t->row[g_array_index(siblings, unsigned, i)];
    int p = builder_claim(t->b, node_at(t, row))->parent;
    n += p >= 0 && forest_node(t->b->forest, (unsigned)p)->model;
  }
  return n;
}

/* A ghost for siblings whose base is missing: the one that a card names, else a new one, which the
 * table of pairs has kept its last row for. */
static unsigned ghost_of(TreeBuild *t, const GArray *siblings) {
  int named = named_ghost(t, siblings);
  if (named >= 0) return (unsigned)named;
  unsigned hub = node_at(t, t->row[g_array_index(siblings, unsigned, 0)]);
  g_autofree char *name = g_strdup_printf("missing base of %s", forest_node(t->b->forest, hub)->name);
  unsigned ghost = builder_ghost(t->b, name);
  if (row_of(t, (int)ghost) >= 0) return ghost;
  g_array_append_val(t->nodes, ghost);
  t->n++;
  g_hash_table_insert(t->row_of, GUINT_TO_POINTER(ghost), GUINT_TO_POINTER(t->n));
  return ghost;
}

/* Siblings of a missing base claim it, those apart that say another. */
static void adopt_siblings(TreeBuild *t, const Spanning *span, const Spanning *euclid) {
  Absent absent;
  if (!missing_base_find(t->members, t->plain, t->table, span, euclid, &absent)) return;
  if (2 * count_denials(t, absent.siblings) < absent.siblings->len) {
    unsigned ghost = ghost_of(t, absent.siblings);
    for (guint i = 0; i < absent.siblings->len; i++) {
      unsigned v = node_at(t, t->row[g_array_index(absent.siblings, unsigned, i)]);
      if (builder_claim(t->b, v)->parent >= 0) continue;
      *builder_claim(t->b, v) = (Claim){.parent = (int)ghost};
      builder_claim(t->b, v)->edge = (ParentEdge){.parent = ghost,
                                                  .kind = EDGE_FINE_TUNE,
                                                  .source = EDGE_RECOVERED,
                                                  .confidence = absent.sure,
                                                  .weight = 1,
                                                  .distance = NAN};
    }
  }
  g_array_unref(absent.siblings);
}

static bool build_spanning(const TreeBuild *t, SpanningLength length, Spanning *out, GError **error) {
  return spanning_build(t->members, t->plain, t->table, length, t->b->threads, out, t->b->progress, error);
}

static bool set_lies_apart(TreeBuild *t, GError **error) {
  Spanning span, euclid = {0};
  gather_members(t, false);
  if (t->plain < 2) return true;
  if (!build_spanning(t, SPANNING_TAIL, &span, error)) return false;
  bool ok = build_spanning(t, SPANNING_EUCLID, &euclid, error);
  if (ok) {
    check_cards(t, &span);
    adopt_siblings(t, &span, &euclid);
  }
  spanning_clear(&span);
  spanning_clear(&euclid);
  return ok;
}

static void add_edge(TreeBuild *t, unsigned row, unsigned parent, ParentEdge edge) {
  edge.parent = node_at(t, parent);
  forest_add_parent(t->b->forest, node_at(t, row), edge);
}

static bool plant_plain(TreeBuild *t, GError **error) {
  gather_members(t, true);
  if (t->plain < 2) return true;
  g_autofree PedigreeEdge *edges = g_new0(PedigreeEdge, t->plain);
  if (!pedigree_build(t->members, t->plain, t->table, t->b->threads, edges, t->b->progress, error)) return false;
  for (unsigned m = 0; m < t->plain; m++) {
    if (edges[m].parent < 0) continue;
    unsigned row = t->row[m], parent = t->row[edges[m].parent];
    if (edges[m].known)
      builder_add_claimed(t->b, node_at(t, row), (int)node_at(t, parent), edges[m].kind, edges[m].distance);
    else
      add_edge(t, row, parent,
               (ParentEdge){.kind = edges[m].kind,
                            .source = EDGE_RECOVERED,
                            .weight = 1,
                            .confidence = edges[m].confidence,
                            .distance = edges[m].distance});
  }
  return true;
}

static double relative(const TreeBuild *t, unsigned parent, double distance2) {
  double norm2 = sketch_at(t, parent)->norm2;
  return norm2 > 0 ? sqrt(distance2 / norm2) : NAN;
}

/* Nearest of those that are not quantised; *second: squared distance to the next. */
static int nearest_whole(const TreeBuild *t, unsigned row, double *best, double *second) {
  int found = -1;
  *best = *second = INFINITY;
  for (unsigned i = 0; i < t->n; i++) {
    if (i == row || t->place[i] == PLACE_QUANTISED || !sketch_at(t, i)) continue;
    double d = kin_table_get(t->table, row, i).distance2;
    if (d < *best) *second = *best, *best = d, found = (int)i;
    else if (d < *second) *second = d;
  }
  return found;
}

static void hang_quantised(TreeBuild *t, unsigned row) {
  double best, second;
  int p = nearest_whole(t, row, &best, &second), claimed = claimed_row(t, row);
  unsigned v = node_at(t, row);
  if (claimed >= 0 && (p < 0 || claimed == p || !sketch_at(t, (unsigned)claimed))) {
    builder_add_claimed(t->b, v, (int)node_at(t, (unsigned)claimed), EDGE_QUANTISED,
                        p == claimed ? relative(t, (unsigned)p, best) : NAN);
    return;
  }
  if (p < 0) return;
  if (claimed >= 0) mark_conflict(t, row, "a nearer one");
  double gap = best > 0 ? second / best - 1 : 1;
  add_edge(t, row, (unsigned)p,
           (ParentEdge){.kind = EDGE_QUANTISED,
                        .source = EDGE_RECOVERED,
                        .weight = 1,
                        .confidence = 0.6 + 0.37 * CLAMP(gap, 0, 1),
                        .distance = relative(t, (unsigned)p, best)});
}

static void hang_merge(TreeBuild *t, const Merge *m) {
  int claimed = claimed_row(t, m->child);
  for (unsigned k = 0; k < m->n; k++) {
    double d2 = kin_table_get(t->table, m->child, m->parent[k]).distance2;
    bool said = claimed == (int)m->parent[k];
    add_edge(t, m->child, m->parent[k],
             (ParentEdge){.kind = EDGE_MERGE,
                          .weight = m->weight[k],
                          .confidence = 0.95,
                          .source = said ? EDGE_DECLARED : EDGE_RECOVERED,
                          .distance = relative(t, m->parent[k], d2)});
  }
}

static bool has_no_parent(const TreeBuild *t, unsigned row) {
  return forest_node(t->b->forest, node_at(t, row))->parents->len == 0;
}

/* True when `above` is v or one of its ancestors by first parents. */
static bool descends(const TreeBuild *t, unsigned v, unsigned above) {
  for (unsigned steps = 0; v != above && steps <= t->b->forest->nodes->len; steps++) {
    const GArray *parents = forest_node(t->b->forest, v)->parents;
    if (parents->len == 0) return false;
    v = g_array_index(parents, ParentEdge, 0).parent;
  }
  return v == above;
}

/* Merges have children too: what is clearly nearer to the merge than to the parent that it was given
 * hangs below the merge, unless it is one of the merge's ancestors. */
static void rehang_below(TreeBuild *t, const Merge *m) {
  const double clearly = 0.9;
  for (unsigned k = 0; k < t->plain; k++) {
    unsigned row = t->row[k], v = node_at(t, row);
    if (!sketch_at(t, row) || has_no_parent(t, row)) continue;
    ParentEdge *e = &g_array_index(forest_edit(t->b->forest, v)->parents, ParentEdge, 0);
    int parent = row_of(t, (int)e->parent);
    if (e->source != EDGE_RECOVERED || e->kind == EDGE_CHECKPOINT || parent < 0) continue;
    double near = kin_table_get(t->table, row, m->child).distance2;
    bool ghost = !sketch_at(t, (unsigned)parent), above = false;
    if (ghost || near > clearly * kin_table_get(t->table, row, (unsigned)parent).distance2) continue;
    for (unsigned i = 0; i < m->n; i++) above |= descends(t, node_at(t, m->parent[i]), v);
    if (above) continue;
    e->parent = node_at(t, m->child);
    e->kind = EDGE_FINE_TUNE;
    e->distance = relative(t, m->child, near);
  }
}

static bool plant_all(TreeBuild *t, GError **error) {
  set_quantised_apart(t);
  if (!set_merges_apart(t, error)) return false;
  if (!set_lies_apart(t, error) || !plant_plain(t, error)) return false;
  for (guint i = 0; i < t->merges->len; i++) {
    hang_merge(t, &g_array_index(t->merges, Merge, i));
    rehang_below(t, &g_array_index(t->merges, Merge, i));
  }
  for (unsigned i = 0; i < t->n; i++)
    if (t->place[i] == PLACE_QUANTISED) hang_quantised(t, i);
  return true;
}

/* The tree by MoTHer's rule: nothing is set apart, no card is read. */
static bool plant_as_mother(TreeBuild *t) {
  g_autofree int *parent = g_new(int, t->n);
  mother_rule_tree(t->table, t->n, t->b->options->rule == FOREST_RULE_MOTHER_REVERSED, parent);
  for (unsigned i = 0; i < t->n; i++)
    if (parent[i] >= 0)
      add_edge(t, i, (unsigned)parent[i],
               (ParentEdge){
                   .kind = EDGE_FINE_TUNE, .source = EDGE_RECOVERED, .weight = 1, .confidence = 0.5, .distance = NAN});
  return true;
}

/* Room for one ghost more than there are nodes. */
static void tree_init(TreeBuild *t, Builder *b, const GArray *nodes) {
  *t = (TreeBuild){.b = b, .n = nodes->len};
  t->nodes = g_array_sized_new(FALSE, FALSE, sizeof(unsigned), t->n + 1);
  g_array_append_vals(t->nodes, nodes->data, t->n);
  t->row_of = g_hash_table_new(NULL, NULL);
  t->place = g_new0(Place, t->n + 1);
  t->members = g_new0(PedigreeMember, t->n + 1);
  t->row = g_new0(unsigned, t->n + 1);
  t->member = g_new0(int, t->n + 1);
  for (unsigned i = 0; i < t->n; i++)
    g_hash_table_insert(t->row_of, GUINT_TO_POINTER(node_at(t, i)), GUINT_TO_POINTER(i + 1));
}

static void tree_clear(TreeBuild *t) {
  g_array_unref(t->nodes);
  g_hash_table_unref(t->row_of);
  g_free(t->place);
  g_free(t->members);
  g_free(t->row);
  g_free(t->member);
  if (t->merges) g_array_unref(t->merges);
  kin_table_free(t->table);
}

bool builder_build_tree(Builder *b, const GArray *nodes, GError **error) {
  TreeBuild t;
  tree_init(&t, b, nodes);
  g_autofree const ModelSketch **sketches = g_new0(const ModelSketch *, t.n + 1);
  for (unsigned i = 0; i < t.n; i++) sketches[i] = sketch_at(&t, i);
  t.table = kin_table_new(sketches, t.n + 1, b->threads, b->progress, error);
  bool ok = t.table && (b->options->rule != FOREST_RULE_POOLED ? plant_as_mother(&t) : plant_all(&t, error));
  tree_clear(&t);
  return ok;
}
