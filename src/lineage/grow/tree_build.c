/* SPDX-License-Identifier: Apache-2.0 */
/* One tree: what is set apart first (quantised copies, merges, cards that lie), then the pedigree
 * of the rest, then what was set apart, hung where it belongs. */
#include <math.h>

#include "lineage/grow/mother_rule.h"
#include "lineage/grow/certainty.h"
#include "lineage/grow/tree_build_private.h"
#include "lineage/recipe/merge_search.h"

unsigned tree_node(const TreeBuild *t, unsigned row) { return g_array_index(t->nodes, unsigned, row); }

int tree_row(const TreeBuild *t, int node) {
  if (node < 0) return -1;
  return (int)GPOINTER_TO_UINT(g_hash_table_lookup(t->row_of, GUINT_TO_POINTER((guint)node))) - 1;
}

const ModelSketch *tree_sketch(const TreeBuild *t, unsigned row) { return builder_sketch(t->b, tree_node(t, row)); }

int tree_claimed_row(const TreeBuild *t, unsigned row) {
  return tree_row(t, builder_claimed_parent(t->b, tree_node(t, row)));
}

void tree_gather(TreeBuild *t, bool cards) {
  t->plain = 0;
  for (unsigned i = 0; i < t->n; i++) {
    bool in = t->place[i] == PLACE_PLAIN && (cards || tree_sketch(t, i));
    t->member[i] = in ? (int)t->plain : -1;
    if (in) t->row[t->plain++] = i;
  }
  for (unsigned m = 0; m < t->plain; m++) {
    unsigned i = t->row[m];
    const Claim *claim = builder_claim(t->b, tree_node(t, i));
    int p = tree_claimed_row(t, i);
    bool taken = p >= 0 && (cards || claim->edge.kind == EDGE_CHECKPOINT);
    t->members[m] = (PedigreeMember){tree_sketch(t, i), i, taken ? t->member[p] : -1, t->doubt[i]};
  }
}

void tree_add_edge(TreeBuild *t, unsigned row, unsigned parent, ParentEdge edge) {
  edge.parent = tree_node(t, parent);
  forest_add_parent(t->b->forest, tree_node(t, row), edge);
}

static void set_quantised_apart(TreeBuild *t) {
  unsigned whole = 0;
  for (unsigned i = 0; i < t->n; i++) whole += tree_sketch(t, i) && !tree_sketch(t, i)->quantised;
  for (unsigned i = 0; whole > 0 && i < t->n; i++)
    if (tree_sketch(t, i) && tree_sketch(t, i)->quantised) t->place[i] = PLACE_QUANTISED;
}

static WeightFile *open_row(void *tree, unsigned row) {
  const TreeBuild *t = tree;
  const Model *m = forest_node(t->b->forest, tree_node(t, row))->model;
  return m ? collection_open_weights(t->b->collection, m, NULL) : NULL;
}

/* Rows that are plain so far and have a sketch. The caller unrefs it. */
static GArray *plain_rows(const TreeBuild *t) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (unsigned i = 0; i < t->n; i++)
    if (tree_sketch(t, i) && t->place[i] == PLACE_PLAIN) g_array_append_val(rows, i);
  return rows;
}

/* Sets proven merges apart. */
static void take_found(TreeBuild *t, const GArray *found, bool quantised) {
  for (guint i = 0; i < found->len; i++) {
    const MergeFound *f = &g_array_index(found, MergeFound, i);
    Merge m = {.child = f->child, .n = f->proof.n};
    for (unsigned k = 0; k < m.n; k++) m.parent[k] = f->parent[k], m.weight[k] = f->proof.weight[k];
    g_array_append_val(t->merges, m);
    t->place[m.child] = PLACE_MERGE;
    if (f->base >= 0)
      forest_edit(t->b->forest, tree_node(t, m.child))->merge_base = (int)tree_node(t, (unsigned)f->base);
    bool unknown = f->proof.method == RECIPE_UNKNOWN;
    forest_set_note(t->b->forest, tree_node(t, m.child), "%s%s%s%s, proven on %u layers",
                    quantised ? "a quantised copy of " : "",
                    unknown ? "a merge of these, method unknown" : "a merge by ",
                    unknown ? "" : recipe_method_name(f->proof.method), f->proof.ramp && !unknown ? " by layer" : "",
                    f->proof.layers);
  }
}

/* Merges that are no one weighted sum of whole models: proven on the weights themselves; then merges of which only a
 * quantised copy is here. */
static bool set_recipes_apart(TreeBuild *t, GError **error) {
  g_autoptr(GArray) rows = plain_rows(t);
  g_autoptr(GArray) found = merge_search(t->table, rows, open_row, t, t->b->threads, t->b->progress, error);
  if (!found) return false;
  take_found(t, found, false);
  g_autoptr(GArray) quantised = g_array_new(FALSE, FALSE, sizeof(unsigned)), whole = plain_rows(t);
  for (unsigned i = 0; i < t->n; i++)
    if (t->place[i] == PLACE_QUANTISED) g_array_append_val(quantised, i);
  for (unsigned i = 0; i < t->n; i++)
    if (t->place[i] == PLACE_MERGE) g_array_append_val(whole, i);
  g_autoptr(GArray) copies = merge_search_quantised(t->table, quantised, whole, open_row, t, t->b->progress, error);
  if (copies) take_found(t, copies, true);
  return copies != NULL;
}

/* What each row's card says of merges. The caller frees it. */
static MergeCard *read_cards(const TreeBuild *t) {
  MergeCard *cards = g_new0(MergeCard, t->n + 1);
  for (unsigned i = 0; i < t->n; i++) {
    unsigned v = tree_node(t, i);
    const Claim *claim = builder_claim(t->b, v);
    const GArray *more = v < t->b->models->len ? t->b->more->pdata[v] : NULL;
    cards[i] = (MergeCard){-1, more || (claim->kind_is_said && claim->edge.kind == EDGE_MERGE)};
    if (claim->edge.source == EDGE_DECLARED) cards[i].parent = tree_claimed_row(t, i);
  }
  return cards;
}

static bool set_merges_apart(TreeBuild *t, GError **error) {
  g_autoptr(GArray) rows = plain_rows(t);
  g_autofree MergeCard *cards = read_cards(t);
  t->merges = merges_find(t->table, rows, cards, t->b->threads, t->b->progress, error);
  for (guint i = 0; t->merges && i < t->merges->len; i++)
    t->place[g_array_index(t->merges, Merge, i).child] = PLACE_MERGE;
  return t->merges && set_recipes_apart(t, error);
}

/* Tells the caller's witness of nodes in place of rows. */
static void hear_rows(void *tree, EvidenceOf of, const unsigned *rows, unsigned n, const double *x) {
  const TreeBuild *t = tree;
  const EvidenceWitness *w = t->b->options->witness;
  g_autofree unsigned *nodes = g_new(unsigned, n);
  for (unsigned i = 0; i < n; i++) nodes[i] = tree_node(t, rows[i]);
  w->hear(w->user, of, nodes, n, x);
}

const EvidenceWitness *tree_witness(TreeBuild *t) {
  t->witness = (EvidenceWitness){hear_rows, t};
  return t->b->options->witness ? &t->witness : NULL;
}

static bool plant_plain(TreeBuild *t, GError **error) {
  tree_gather(t, true);
  if (t->plain < 2) return true;
  g_autofree PedigreeEdge *edges = g_new0(PedigreeEdge, t->plain);
  if (!pedigree_build(t->members, t->plain, t->table, t->b->threads, edges, tree_witness(t), t->b->progress, error))
    return false;
  for (unsigned m = 0; m < t->plain; m++) {
    if (edges[m].parent < 0) continue;
    unsigned row = t->row[m], parent = t->row[edges[m].parent];
    if (edges[m].known)
      builder_add_claimed(t->b, tree_node(t, row), (int)tree_node(t, parent), edges[m].kind, edges[m].distance);
    else
      tree_add_edge(t, row, parent,
                    (ParentEdge){.kind = edges[m].kind,
                                 .source = EDGE_RECOVERED,
                                 .weight = 1,
                                 .confidence = edges[m].confidence,
                                 .distance = edges[m].distance});
  }
  return true;
}

static bool plant_all(TreeBuild *t, GError **error) {
  set_quantised_apart(t);
  if (!set_merges_apart(t, error)) return false;
  tree_set_below_apart(t);
  if (!tree_judge_cards(t, error) || !plant_plain(t, error)) return false;
  for (guint i = 0; i < t->merges->len; i++) tree_hang_merge(t, &g_array_index(t->merges, Merge, i));
  for (unsigned i = 0; i < t->n; i++)
    if (t->place[i] == PLACE_QUANTISED) tree_hang_quantised(t, i);
    else if (t->place[i] == PLACE_BELOW) tree_hang_below(t, i);
  tree_settle_cards(t);
  return true;
}

/* The tree by MoTHer's rule: nothing is set apart, no card is read. */
static bool plant_as_mother(TreeBuild *t, GError **error) {
  g_autofree int *parent = g_new(int, t->n);
  bool reversed = t->b->options->rule == FOREST_RULE_MOTHER_REVERSED;
  if (!mother_rule_tree(t->table, t->n, open_row, t, reversed, parent, t->b->progress, error)) return false;
  for (unsigned i = 0; i < t->n; i++)
    if (parent[i] >= 0)
      tree_add_edge(t, i, (unsigned)parent[i],
                    (ParentEdge){.kind = EDGE_FINE_TUNE,
                                 .source = EDGE_RECOVERED,
                                 .weight = 1,
                                 .confidence = certainty.mother,
                                 .distance = NAN});
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
  t->doubt = g_new0(double, t->n + 1);
  t->below = g_new(int, t->n + 1);
  t->named = g_new(int, t->n + 1);
  for (unsigned i = 0; i <= t->n; i++) t->below[i] = t->named[i] = -1;
  for (unsigned i = 0; i < t->n; i++)
    g_hash_table_insert(t->row_of, GUINT_TO_POINTER(tree_node(t, i)), GUINT_TO_POINTER(i + 1));
}

static void tree_clear(TreeBuild *t) {
  g_array_unref(t->nodes);
  g_hash_table_unref(t->row_of);
  g_free(t->place);
  g_free(t->members);
  g_free(t->row);
  g_free(t->member);
  g_free(t->doubt);
  g_free(t->below);
  g_free(t->named);
  if (t->merges) g_array_unref(t->merges);
  kin_table_free(t->table);
}

bool builder_build_tree(Builder *b, const GArray *nodes, GError **error) {
  TreeBuild t;
  tree_init(&t, b, nodes);
  g_autofree const ModelSketch **sketches = g_new0(const ModelSketch *, t.n + 1);
  for (unsigned i = 0; i < t.n; i++) sketches[i] = tree_sketch(&t, i);
  t.table = kin_table_new(sketches, t.n + 1, b->threads, b->progress, error);
  bool ok = t.table && (b->options->rule != FOREST_RULE_POOLED ? plant_as_mother(&t, error) : plant_all(&t, error));
  tree_clear(&t);
  return ok;
}
