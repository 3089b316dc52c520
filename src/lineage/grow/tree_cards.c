/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the cards of one tree's models, and the base that siblings miss. */
#include <math.h>

#include "lineage/grow/card_check.h"
#include "lineage/grow/missing_base.h"
#include "lineage/grow/tree_build_private.h"

void tree_accuse(TreeBuild *t, unsigned row, const char *says) {
  unsigned v = tree_node(t, row);
  Claim *claim = builder_claim(t->b, v);
  const char *name = forest_node(t->b->forest, (unsigned)claim->parent)->name;
  forest_edit(t->b->forest, v)->card_conflict = true;
  forest_set_note(t->b->forest, v, "the card names %s, the weights say %s", name, says);
  *claim = (Claim){.parent = -1};
}

/* A card's parent must be as near as what else the tree offers. What it is instead shows when the tree stands. */
static void check_cards(TreeBuild *t, const Spanning *s) {
  for (unsigned m = 0; m < t->plain; m++) {
    unsigned i = t->row[m];
    Claim *claim = builder_claim(t->b, tree_node(t, i));
    int p = tree_claimed_row(t, i);
    if (p < 0 || claim->edge.source != EDGE_DECLARED || t->member[p] < 0) continue;
    if (card_is_believed(t->members, t->plain, t->table, s, m, (unsigned)t->member[p])) continue;
    t->named[i] = claim->parent;
    *claim = (Claim){.parent = -1};
  }
}

void tree_settle_cards(TreeBuild *t) {
  for (unsigned i = 0; i < t->n; i++) {
    if (t->named[i] < 0) continue;
    unsigned v = tree_node(t, i), named = (unsigned)t->named[i];
    const char *name = forest_node(t->b->forest, named)->name;
    int same = forest_node(t->b->forest, named)->duplicate_of;
    ForestNode *node = forest_edit(t->b->forest, v);
    if (tree_descends(t, v, named) || (same >= 0 && tree_descends(t, v, (unsigned)same))) {
      node->card_ancestor = true;
      forest_set_note(t->b->forest, v, "the card names %s, an ancestor", name);
    } else {
      node->card_conflict = true;
      forest_set_note(t->b->forest, v, "the card names %s, the weights say a nearer one", name);
    }
  }
}

/* The ghost that the siblings' cards name, else the only one in the tree; or -1. */
static int named_ghost(const TreeBuild *t, const GArray *siblings) {
  int only = -1;
  unsigned ghosts = 0;
  for (guint i = 0; i < siblings->len; i++) {
    unsigned row = t->row[g_array_index(siblings, unsigned, i)];
    int p = builder_claim(t->b, tree_node(t, row))->parent;
    if (p >= 0 && !forest_node(t->b->forest, (unsigned)p)->model) return p;
  }
  for (unsigned i = 0; i < t->n; i++) {
    if (forest_node(t->b->forest, tree_node(t, i))->model) continue;
    only = (int)tree_node(t, i);
    ghosts++;
  }
  return ghosts == 1 ? only : -1;
}

/* A base that some sibling's card alone names: the weights now say that there is one. */
static const char *lone_name(const TreeBuild *t, const GArray *siblings) {
  for (guint i = 0; i < siblings->len; i++) {
    unsigned v = tree_node(t, t->row[g_array_index(siblings, unsigned, i)]);
    const AbsentBase *absent = v < t->b->models->len ? t->b->absent->pdata[v] : NULL;
    if (absent) return absent->name;
  }
  return NULL;
}

/* How many of the siblings say that they have a parent on disk. */
static unsigned count_denials(const TreeBuild *t, const GArray *siblings) {
  unsigned n = 0;
  for (guint i = 0; i < siblings->len; i++) {
    unsigned row = t->row[g_array_index(siblings, unsigned, i)];
    int p = builder_claim(t->b, tree_node(t, row))->parent;
    n += p >= 0 && forest_node(t->b->forest, (unsigned)p)->model;
  }
  return n;
}

/* A ghost for siblings whose base is missing: the one that a card names, else a new one, which the
 * table of pairs has kept its last row for. What the weights alone find is one thing a hub. */
static unsigned ghost_of(TreeBuild *t, const GArray *siblings) {
  int named = named_ghost(t, siblings);
  if (named >= 0) return (unsigned)named;
  const Model *hub = forest_node(t->b->forest, tree_node(t, t->row[g_array_index(siblings, unsigned, 0)]))->model;
  const char *said = lone_name(t, siblings);
  g_autofree char *name = said ? g_strdup(said) : g_strdup_printf("missing base of %s", hub->name);
  g_autofree char *identity = g_strdup_printf("found|%s", hub->path);
  unsigned ghost = builder_ghost(t->b, identity, name);
  g_array_append_val(t->nodes, ghost);
  t->n++;
  g_hash_table_insert(t->row_of, GUINT_TO_POINTER(ghost), GUINT_TO_POINTER(t->n));
  return ghost;
}

/* Siblings of a missing base claim it, those apart that say another. */
static void adopt_siblings(TreeBuild *t, const Spanning *span, const Spanning *euclid) {
  Absent absent;
  bool missing = missing_base_find(t->members, t->plain, t->table, span, euclid, tree_witness(t), &absent);
  for (unsigned m = 0; m < t->plain; m++) t->doubt[t->row[m]] = absent.doubt[m];
  g_free(absent.doubt);
  if (!missing) return;
  if (2 * count_denials(t, absent.siblings) < absent.siblings->len) {
    unsigned ghost = ghost_of(t, absent.siblings);
    for (guint i = 0; i < absent.siblings->len; i++) {
      unsigned v = tree_node(t, t->row[g_array_index(absent.siblings, unsigned, i)]);
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

bool tree_judge_cards(TreeBuild *t, GError **error) {
  Spanning span, euclid = {0};
  tree_gather(t, false);
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
