/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/lineage_score.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/json.h"

typedef struct {
  const char *path, *kind, *grove;
  int parent;     /* -1: none, -2: missing */
  int parents[3]; /* of a merge */
  unsigned n_parents;
  bool wrong_card;
  int node; /* in the forest, -1: none */
} True;

typedef struct {
  const Forest *forest;
  True *models;
  unsigned n;
  int *of_node; /* forest node -> model or -1 */
  LineageScore *out;
} Scoring;

double tally_recall(const Tally *t) { return t->there ? (double)t->right / t->there : 1; }
double tally_precision(const Tally *t) { return t->claimed ? (double)t->right / t->claimed : 1; }

double tally_f1(const Tally *t) { return t->claimed + t->there ? 2.0 * t->right / (t->claimed + t->there) : 1; }

static bool is(const True *m, const char *kind) { return g_strcmp0(m->kind, kind) == 0; }
static bool is_copy(const True *m) { return is(m, "copy") || is(m, "recast"); }

static bool is_trained(const True *m) {
  return !m->kind || is(m, "fine-tune") || is(m, "continued") || is(m, "checkpoint") || is(m, "lora-merged");
}

/* What a model is a copy of, or itself. */
static int original(const Scoring *s, int i) {
  while (i >= 0 && is_copy(&s->models[i]) && s->models[i].parent >= 0) i = s->models[i].parent;
  return i;
}

static int index_of(GHashTable *by_path, const char *path) {
  return path ? (int)GPOINTER_TO_UINT(g_hash_table_lookup(by_path, path)) - 1 : -1;
}

/* Woods of one tree do not number it. */
static const char *grove_of(const cJSON *item) {
  const char *tree = cJSON_GetStringValue(cJSON_GetObjectItem(item, "tree"));
  return tree ? tree : "";
}

static void read_one(const cJSON *item, GHashTable *by_path, True *m) {
  const char *parent = cJSON_GetStringValue(cJSON_GetObjectItem(item, "parent"));
  *m = (True){.path = cJSON_GetStringValue(cJSON_GetObjectItem(item, "path")),
              .kind = cJSON_GetStringValue(cJSON_GetObjectItem(item, "kind")),
              .grove = grove_of(item),
              .node = -1};
  m->parent = parent && g_str_has_prefix(parent, "ghost:") ? -2 : index_of(by_path, parent);
  m->wrong_card = cJSON_IsTrue(cJSON_GetObjectItem(item, "wrong_card"));
  const cJSON *p;
  cJSON_ArrayForEach(p, cJSON_GetObjectItem(item, "parents")) if (m->n_parents < 3) m->parents[m->n_parents++] =
      index_of(by_path, cJSON_GetStringValue(cJSON_GetObjectItem(p, "path")));
}

static void read_truth(Scoring *s, const cJSON *document) {
  const cJSON *list = cJSON_GetObjectItem(document, "models"), *item;
  g_autoptr(GHashTable) by_path = g_hash_table_new(g_str_hash, g_str_equal);
  s->models = g_new0(True, (gsize)cJSON_GetArraySize(list) + 1);
  cJSON_ArrayForEach(item, list) {
    char *path = cJSON_GetStringValue(cJSON_GetObjectItem(item, "path"));
    if (path) g_hash_table_insert(by_path, path, GUINT_TO_POINTER(++s->n));
  }
  unsigned i = 0;
  cJSON_ArrayForEach(item, list) read_one(item, by_path, &s->models[i++]);
  s->of_node = g_new(int, s->forest->nodes->len + 1);
  for (unsigned v = 0; v < s->forest->nodes->len; v++) {
    const Model *model = forest_node(s->forest, v)->model;
    int at = model ? index_of(by_path, model->path) : -1;
    if (model && at < 0) at = index_of(by_path, model->file);
    s->of_node[v] = at;
    if (at >= 0) s->models[at].node = (int)v;
  }
}

static const ForestNode *node_of(const Scoring *s, const True *m) {
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
    for (unsigned i = 0; i < s->n; i++) {
      const ForestNode *node = node_of(s, &s->models[i]);
      if (!node || is(&s->models[i], "adapter")) continue;
      n++;
      char *key = what == 0   ? g_strdup_printf("%d|%s", node->tree, s->models[i].grove)
                  : what == 1 ? g_strdup_printf("%d", node->tree)
                              : g_strdup(s->models[i].grove);
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

/* True when a and b are parent and child, in this order. */
static bool is_edge(const Scoring *s, int parent, int child) {
  return child >= 0 && parent >= 0 && s->models[child].parent == parent;
}

static void add_to_bins(LineageScore *out, double confidence, bool right) {
  int bin = CLAMP((int)(confidence * 10), 0, 9);
  out->bin_edges[bin]++;
  out->bin_right[bin] += right;
  out->bin_confidence[bin] += confidence;
}

static void score_edges(Scoring *s) {
  LineageScore *out = s->out;
  for (unsigned i = 0; i < s->n; i++)
    if (is_trained(&s->models[i]) && s->models[i].parent >= 0) out->undirected.there++;
  out->directed.there = out->undirected.there;
  for (unsigned i = 0; i < s->n; i++) {
    int child = original(s, (int)i);
    const ForestNode *node = node_of(s, &s->models[i]);
    const ParentEdge *e = first_edge(node);
    if (!e || node->duplicate_of >= 0 || child < 0 || !is_trained(&s->models[child])) continue;
    if (!forest_node(s->forest, e->parent)->model) continue;
    int parent = original(s, s->of_node[e->parent]);
    bool right = is_edge(s, parent, child), known = e->kind != EDGE_RELATED;
    out->undirected.claimed++;
    out->undirected.right += right || is_edge(s, child, parent);
    out->directed.claimed += known;
    out->directed.right += known && right;
    add_to_bins(out, e->confidence, right);
  }
  unsigned edges = 0;
  for (int b = 0; b < 10; b++) edges += out->bin_edges[b];
  for (int b = 0; b < 10; b++) out->calibration += fabs(out->bin_confidence[b] - out->bin_right[b]) / MAX(edges, 1);
}

static void score_copies(Scoring *s) {
  for (unsigned i = 0; i < s->n; i++) {
    const ForestNode *node = node_of(s, &s->models[i]);
    s->out->copies.there += is_copy(&s->models[i]);
    if (!node || node->duplicate_of < 0) continue;
    s->out->copies.claimed++;
    s->out->copies.right += original(s, (int)i) == original(s, s->of_node[node->duplicate_of]);
  }
}

static void score_quantised(Scoring *s) {
  for (unsigned i = 0; i < s->n; i++) {
    const ForestNode *node = node_of(s, &s->models[i]);
    const ParentEdge *e = first_edge(node);
    bool there = is(&s->models[i], "quantised");
    s->out->quantised.there += there;
    if (!e || e->kind != EDGE_QUANTISED || node->duplicate_of >= 0) continue;
    s->out->quantised.claimed++;
    s->out->quantised.right += there && original(s, s->of_node[e->parent]) == s->models[i].parent;
  }
}

/* True when `wanted` is among the node's parents. */
static bool has_parent(const Scoring *s, const ForestNode *node, int wanted) {
  for (guint k = 0; k < node->parents->len; k++)
    if (original(s, s->of_node[g_array_index(node->parents, ParentEdge, k).parent]) == wanted) return true;
  return false;
}

static void score_merges(Scoring *s) {
  for (unsigned i = 0; i < s->n; i++) {
    const True *m = &s->models[i];
    const ForestNode *node = node_of(s, m);
    const ParentEdge *e = first_edge(node);
    bool there = is(m, "merge"), claimed = e && e->kind == EDGE_MERGE && node->duplicate_of < 0;
    bool both = there && node && has_parent(s, node, m->parents[0]) && has_parent(s, node, m->parents[1]);
    bool sum = there && m->n_parents == 3;
    Tally *t = sum || (claimed && !there && node->parents->len > 2) ? &s->out->arithmetic : &s->out->merges;
    t->there += there;
    t->claimed += claimed;
    t->right += claimed && both && (sum || node->parents->len == 2);
  }
}

static void score_adapters(Scoring *s) {
  for (unsigned i = 0; i < s->n; i++) {
    const ParentEdge *e = first_edge(node_of(s, &s->models[i]));
    if (!is(&s->models[i], "adapter")) continue;
    s->out->adapters.there++;
    if (!e) continue;
    int parent = original(s, s->of_node[e->parent]);
    s->out->adapters.claimed++;
    s->out->adapters.right += parent >= 0 ? parent == s->models[i].parent : s->models[i].parent == -2;
  }
}

static void score_cards(Scoring *s) {
  for (unsigned i = 0; i < s->n; i++) {
    const ForestNode *node = node_of(s, &s->models[i]);
    if (!node) continue;
    s->out->wrong_cards.there += s->models[i].wrong_card;
    s->out->wrong_cards.claimed += node->card_conflict;
    s->out->wrong_cards.right += node->card_conflict && s->models[i].wrong_card;
  }
}

/* A ghost over full models is right when most of them are children of one missing base. */
static void score_missing(Scoring *s) {
  g_autoptr(GHashTable) there = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) found = g_hash_table_new(g_str_hash, g_str_equal);
  for (unsigned i = 0; i < s->n; i++)
    if (s->models[i].parent == -2 && !is(&s->models[i], "adapter")) g_hash_table_add(there, (char *)s->models[i].grove);
  for (unsigned v = 0; v < s->forest->nodes->len; v++) {
    const ForestNode *ghost = forest_node(s->forest, v);
    unsigned full = 0, right = 0;
    const char *grove = NULL;
    for (guint k = 0; !ghost->model && k < ghost->children->len; k++) {
      int i = s->of_node[g_array_index(ghost->children, unsigned, k)];
      if (i < 0 || is(&s->models[i], "adapter")) continue;
      full++;
      int m = original(s, i);
      if (s->models[m].parent != -2) continue;
      right++;
      grove = s->models[m].grove;
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
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents(truth, &text, &length, error)) return false;
  g_autoptr(cJSON) document = json_parse(text, length);
  if (!cJSON_IsArray(cJSON_GetObjectItem(document, "models"))) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s tells no truth", truth);
    return false;
  }
  *out = (LineageScore){.trees = (unsigned)forest->trees};
  Scoring s = {.forest = forest, .out = out};
  read_truth(&s, document);
  out->models = s.n;
  score_trees(&s);
  score_edges(&s);
  score_copies(&s);
  score_quantised(&s);
  score_merges(&s);
  score_adapters(&s);
  score_cards(&s);
  score_missing(&s);
  g_free(s.models);
  g_free(s.of_node);
  return true;
}
