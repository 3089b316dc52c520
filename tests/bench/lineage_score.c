/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/lineage_score.h"

#include <math.h>
#include <string.h>

#include "tests/bench/lineage_truth.h"

typedef struct {
  const Forest *forest;
  const LineageTruth *truth;
  LineageScore *out;
} Scoring;

double tally_recall(const Tally *t) { return t->there ? (double)t->right / t->there : 1; }
double tally_precision(const Tally *t) { return t->claimed ? (double)t->right / t->claimed : 1; }

double tally_f1(const Tally *t) { return t->claimed + t->there ? 2.0 * t->right / (t->claimed + t->there) : 1; }

static const ForestNode *node_of(const Scoring *s, const TrueModel *m) {
  return m->node >= 0 ? forest_node(s->forest, (unsigned)m->node) : NULL;
}

static const ParentEdge *first_edge(const ForestNode *n) {
  return n && n->parents->len ? &g_array_index(n->parents, ParentEdge, 0) : NULL;
}

static double pairs(double n) { return n * (n - 1) / 2; }

/* Adjusted Rand index from the table of (tree, grove) counts; and who is among strangers. */
static void score_trees(Scoring *s) {
  g_autoptr(GHashTable) cells = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  double n = 0, both = 0, by_tree = 0, by_grove = 0;
  for (int what = 0; what < 3; what++) { /* cells, then trees, then groves */
    g_hash_table_remove_all(cells);
    n = 0;
    for (unsigned i = 0; i < s->truth->n; i++) {
      const ForestNode *node = node_of(s, &s->truth->models[i]);
      if (!node || true_model_is(&s->truth->models[i], "adapter")) continue;
      n++;
      char *key = what == 0   ? g_strdup_printf("%d|%s", node->tree, s->truth->models[i].grove)
                  : what == 1 ? g_strdup_printf("%d", node->tree)
                              : g_strdup(s->truth->models[i].grove);
      unsigned *count = g_hash_table_lookup(cells, key);
      if (count) g_free(key);
      else g_hash_table_insert(cells, key, count = g_new0(unsigned, 1));
      ++*count;
    }
    if (what == 2) s->out->groves = g_hash_table_size(cells);
    GHashTableIter it;
    gpointer value;
    g_hash_table_iter_init(&it, cells);
    while (g_hash_table_iter_next(&it, NULL, &value))
      *(what == 0 ? &both : what == 1 ? &by_tree : &by_grove) += pairs(*(unsigned *)value);
  }
  double chance = by_tree * by_grove / fmax(pairs(n), 1);
  double most = (by_tree + by_grove) / 2;
  s->out->rand_index = most > chance ? (both - chance) / (most - chance) : 1;
  s->out->strangers = (unsigned)(by_tree - both); /* pairs joined that are not of one grove */
}

static void add_to_bins(LineageScore *out, double confidence, bool right) {
  int bin = CLAMP((int)(confidence * 10), 0, 9);
  out->bin_edges[bin]++;
  out->bin_right[bin] += right;
  out->bin_confidence[bin] += confidence;
}

static void score_edges(Scoring *s) {
  LineageScore *out = s->out;
  for (unsigned i = 0; i < s->truth->n; i++)
    if (true_model_is_trained(&s->truth->models[i]) && s->truth->models[i].parent >= 0) out->undirected.there++;
  out->directed.there = out->undirected.there;
  for (unsigned i = 0; i < s->truth->n; i++) {
    int child = lineage_truth_original(s->truth, (int)i);
    const ForestNode *node = node_of(s, &s->truth->models[i]);
    const ParentEdge *e = first_edge(node);
    if (!e || node->duplicate_of >= 0 || child < 0 || !true_model_is_trained(&s->truth->models[child])) continue;
    if (!forest_node(s->forest, e->parent)->model) { /* the same, whichever absent base it is */
      add_to_bins(out, e->confidence, s->truth->models[child].parent == TRUE_ABSENT);
      continue;
    }
    int parent = lineage_truth_original(s->truth, s->truth->of_node[e->parent]);
    bool right = lineage_truth_is_edge(s->truth, parent, child), known = e->kind != EDGE_RELATED;
    out->undirected.claimed++;
    out->undirected.right += right || lineage_truth_is_edge(s->truth, child, parent);
    out->directed.claimed += known;
    out->directed.right += known && right;
    add_to_bins(out, e->confidence, right);
  }
  unsigned edges = 0;
  for (int b = 0; b < 10; b++) edges += out->bin_edges[b];
  for (int b = 0; b < 10; b++) out->calibration += fabs(out->bin_confidence[b] - out->bin_right[b]) / MAX(edges, 1);
}

static void score_copies(Scoring *s) {
  for (unsigned i = 0; i < s->truth->n; i++) {
    const ForestNode *node = node_of(s, &s->truth->models[i]);
    s->out->copies.there += true_model_is_copy(&s->truth->models[i]);
    if (!node || node->duplicate_of < 0) continue;
    s->out->copies.claimed++;
    s->out->copies.right += lineage_truth_original(s->truth, (int)i) ==
                            lineage_truth_original(s->truth, s->truth->of_node[node->duplicate_of]);
  }
}

static void score_quantised(Scoring *s) {
  for (unsigned i = 0; i < s->truth->n; i++) {
    const ForestNode *node = node_of(s, &s->truth->models[i]);
    const ParentEdge *e = first_edge(node);
    bool there = true_model_is(&s->truth->models[i], "quantised");
    s->out->quantised.there += there;
    if (!e || e->kind != EDGE_QUANTISED || node->duplicate_of >= 0) continue;
    s->out->quantised.claimed++;
    s->out->quantised.right +=
        there && lineage_truth_original(s->truth, s->truth->of_node[e->parent]) == s->truth->models[i].parent;
  }
}

/* True when `wanted` is among the node's parents. */
static bool has_parent(const Scoring *s, const ForestNode *node, int wanted) {
  for (guint k = 0; k < node->parents->len; k++)
    if (lineage_truth_original(s->truth, s->truth->of_node[g_array_index(node->parents, ParentEdge, k).parent]) ==
        wanted)
      return true;
  return false;
}

static void score_merges(Scoring *s) {
  for (unsigned i = 0; i < s->truth->n; i++) {
    const TrueModel *m = &s->truth->models[i];
    const ForestNode *node = node_of(s, m);
    const ParentEdge *e = first_edge(node);
    bool there = true_model_is(m, "merge"), claimed = e && e->kind == EDGE_MERGE && node->duplicate_of < 0;
    bool both = there && node && has_parent(s, node, m->parents[0]) && has_parent(s, node, m->parents[1]);
    bool sum = there && m->n_parents == 3;
    Tally *t = sum || (claimed && !there && node->parents->len > 2) ? &s->out->arithmetic : &s->out->merges;
    t->there += there;
    t->claimed += claimed;
    t->right += claimed && both && (sum || node->parents->len == 2);
  }
}

static void score_adapters(Scoring *s) {
  for (unsigned i = 0; i < s->truth->n; i++) {
    const ParentEdge *e = first_edge(node_of(s, &s->truth->models[i]));
    if (!true_model_is(&s->truth->models[i], "adapter")) continue;
    s->out->adapters.there++;
    if (!e) continue;
    int parent = lineage_truth_original(s->truth, s->truth->of_node[e->parent]);
    s->out->adapters.claimed++;
    s->out->adapters.right +=
        parent >= 0 ? parent == s->truth->models[i].parent : s->truth->models[i].parent == TRUE_ABSENT;
  }
}

static void score_cards(Scoring *s) {
  for (unsigned i = 0; i < s->truth->n; i++) {
    const ForestNode *node = node_of(s, &s->truth->models[i]);
    if (!node) continue;
    s->out->wrong_cards.there += s->truth->models[i].wrong_card;
    s->out->wrong_cards.claimed += node->card_conflict;
    s->out->wrong_cards.right += node->card_conflict && s->truth->models[i].wrong_card;
  }
}

/* A ghost over full models is right when most of them are children of one missing base. */
static void score_missing(Scoring *s) {
  g_autoptr(GHashTable) there = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) found = g_hash_table_new(g_str_hash, g_str_equal);
  for (unsigned i = 0; i < s->truth->n; i++)
    if (s->truth->models[i].parent == TRUE_ABSENT && !true_model_is(&s->truth->models[i], "adapter"))
      g_hash_table_add(there, (char *)s->truth->models[i].grove);
  for (unsigned v = 0; v < s->forest->nodes->len; v++) {
    const ForestNode *ghost = forest_node(s->forest, v);
    unsigned full = 0, right = 0;
    const char *grove = NULL;
    for (guint k = 0; !ghost->model && k < ghost->children->len; k++) {
      int i = s->truth->of_node[g_array_index(ghost->children, unsigned, k)];
      if (i < 0 || true_model_is(&s->truth->models[i], "adapter")) continue;
      full++;
      int m = lineage_truth_original(s->truth, i);
      if (s->truth->models[m].parent != TRUE_ABSENT) continue;
      right++;
      grove = s->truth->models[m].grove;
    }
    if (full < 2) continue;
    s->out->missing.claimed++;
    if (2 * right > full && !g_hash_table_contains(found, grove)) {
      g_hash_table_add(found, (char *)grove);
      s->out->missing.right++;
    }
  }
  s->out->missing.there = g_hash_table_size(there);
}

bool lineage_score(const Forest *forest, const char *truth, LineageScore *out, GError **error) {
  g_autoptr(GPtrArray) models = g_ptr_array_new();
  for (unsigned v = 0; v < forest->nodes->len; v++) g_ptr_array_add(models, forest_node(forest, v)->model);
  g_autoptr(LineageTruth) t = lineage_truth_read(truth, models, error);
  if (!t) return false;
  *out = (LineageScore){.models = t->n, .trees = (unsigned)forest->trees};
  Scoring s = {.forest = forest, .truth = t, .out = out};
  score_trees(&s);
  score_edges(&s);
  score_copies(&s);
  score_quantised(&s);
  score_merges(&s);
  score_adapters(&s);
  score_cards(&s);
  score_missing(&s);
  return true;
}
