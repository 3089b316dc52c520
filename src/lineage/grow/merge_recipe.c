/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/merge_recipe.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/json.h"

void merge_recipe_free(MergeRecipe *r) {
  if (!r) return;
  g_array_unref(r->layers);
  g_free(r);
}

static MergeRecipe *from_edges(const ForestNode *n) {
  MergeRecipe *r = g_new0(MergeRecipe, 1);
  r->base = -1, r->slerp_t = NAN, r->density[0] = r->density[1] = 1;
  r->layers = recipe_layers_new();
  for (guint i = 0; i < n->parents->len && r->n < RECIPE_PARENTS; i++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, i);
    if (e->kind != EDGE_MERGE) continue;
    r->weight[r->n] = e->weight, r->parent[r->n++] = e->parent;
  }
  return r;
}

static int parent_of(const Forest *f, unsigned node) {
  const ParentEdge *e = forest_parent_edge(forest_node(f, node));
  return e && forest_node(f, e->parent)->model ? (int)e->parent : -1;
}

/* What only weights that do not add up to 1 need: where the parents' changes are counted from. */
static void guess_method(MergeRecipe *r, const Forest *f) {
  static const double off = 0.02;
  double sum = 0;
  for (unsigned k = 0; k < r->n; k++) sum += r->weight[k];
  r->method = fabs(sum - 1) > off ? "task_arithmetic" : "linear";
  for (unsigned k = 0; k < r->n && r->base < 0 && fabs(sum - 1) > off; k++) r->base = parent_of(f, r->parent[k]);
}

static double epsilon_of(const GPtrArray *sketches, unsigned node) {
  const ModelSketch *s = node < sketches->len ? sketches->pdata[node] : NULL;
  return s ? s->epsilon : 0;
}

static WeightFile *open_node(Collection *c, const Forest *f, int node) {
  const Model *m = node >= 0 ? forest_node(f, (unsigned)node)->model : NULL;
  return m ? collection_open_weights(c, m, NULL) : NULL;
}

static bool prove_with(MergeRecipe *r, Collection *c, const Forest *f, const GPtrArray *sketches, unsigned node,
                       int base) {
  g_autoptr(WeightFile) child = open_node(c, f, (int)node), a = open_node(c, f, (int)r->parent[0]);
  g_autoptr(WeightFile) b = open_node(c, f, (int)r->parent[1]), o = open_node(c, f, base);
  ProofFiles files = {child, a, b, o, 0};
  MergeProof proof = {.base = base};
  if (!child || !a || !b || (base >= 0 && !o)) return false;
  const unsigned nodes[] = {node, r->parent[0], r->parent[1], base >= 0 ? (unsigned)base : node};
  for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) files.epsilon = fmax(files.epsilon, epsilon_of(sketches, nodes[i]));
  g_array_set_size(r->layers, 0);
  if (!merge_prove(&files, &proof, r->layers)) {
    g_array_set_size(r->layers, 0);
    return false;
  }
  r->method = recipe_method_name(proof.method);
  r->base = base;
  r->proven = true;
  for (int k = 0; k < 2; k++) r->weight[k] = proof.weight[k], r->density[k] = proof.density[k];
  return true;
}

static void take_slerp(MergeRecipe *r) {
  double sum = 0;
  unsigned n = 0;
  for (guint i = 0; i < r->layers->len; i++) {
    double t = g_array_index(r->layers, RecipeLayer, i).slerp_t;
    if (isfinite(t)) sum += t, n++;
  }
  r->slerp_t = n && strcmp(r->method, "slerp") == 0 ? sum / n : NAN;
}

MergeRecipe *merge_recipe_find(Collection *collection, const Forest *forest, const GPtrArray *sketches, unsigned node,
                               GError **error) {
  const ForestNode *n = forest_node(forest, node);
  const ParentEdge *first = forest_parent_edge(n);
  if (!first || first->kind != EDGE_MERGE) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "%s is not known to be a merge of models that are here",
                n->name);
    return NULL;
  }
  MergeRecipe *r = from_edges(n);
  guess_method(r, forest);
  if (r->n == 2 && !prove_with(r, collection, forest, sketches, node, -1)) {
    int base = parent_of(forest, r->parent[0]), other = parent_of(forest, r->parent[1]);
    bool found = base >= 0 && prove_with(r, collection, forest, sketches, node, base);
    if (!found && other >= 0 && other != base) prove_with(r, collection, forest, sketches, node, other);
  }
  take_slerp(r);
  return r;
}

/* ---- YAML ---- */

static void append_quoted(GString *out, const char *text) {
  cJSON *string = cJSON_CreateString(text); /* every JSON string is one of YAML's */
  char *quoted = cJSON_PrintUnformatted(string);
  g_string_append(out, quoted);
  cJSON_free(quoted);
  cJSON_Delete(string);
}

static void append_number(GString *out, double value) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(out, g_ascii_formatd(digits, sizeof digits, "%.4g", value));
}

static const char *name_of(const Forest *f, unsigned node) {
  const ForestNode *n = forest_node(f, node);
  return n->model ? n->model->shown : n->name;
}

/* The number of the block that a layer lies in, or -1. */
static int block_of(const char *layer) {
  for (const char *p = layer; *p;) {
    size_t n = strcspn(p, "."), digits = strspn(p, "0123456789");
    if (n > 0 && n == digits && n < 6) return (int)g_ascii_strtoull(p, NULL, 10);
    p += n + (p[n] == '.');
  }
  return -1;
}

/* Which parent gives the block: the one that gives its first proven layer. -1: none says. */
static int giver_of(const MergeRecipe *r, int block) {
  for (guint i = 0; i < r->layers->len; i++) {
    const RecipeLayer *l = &g_array_index(r->layers, RecipeLayer, i);
    if (block_of(l->name) == block) return l->weight[0] < l->weight[1];
  }
  return -1;
}

static void append_slices(GString *out, const MergeRecipe *r, const Forest *f) {
  int last = -1;
  for (guint i = 0; i < r->layers->len; i++) last = MAX(last, block_of(g_array_index(r->layers, RecipeLayer, i).name));
  g_string_append(out, "slices:\n");
  for (int from = 0, to; from <= last; from = to) {
    int giver = MAX(giver_of(r, from), 0);
    for (to = from + 1; to <= last && MAX(giver_of(r, to), 0) == giver;) to++;
    g_string_append(out, "  - sources:\n      - model: ");
    append_quoted(out, name_of(f, r->parent[giver]));
    g_string_append_printf(out, "\n        layer_range: [%d, %d]\n", from, to);
  }
}

static void append_models(GString *out, const MergeRecipe *r, const Forest *f) {
  bool slerp = strcmp(r->method, "slerp") == 0, sparse = r->base >= 0 && r->n == 2 && r->proven;
  g_string_append(out, "models:\n");
  for (unsigned k = 0; k < r->n; k++) {
    g_string_append(out, "  - model: ");
    append_quoted(out, name_of(f, r->parent[k]));
    g_string_append_c(out, '\n');
    if (slerp) continue;
    g_string_append(out, "    parameters:\n      weight: ");
    append_number(out, r->weight[k]);
    if (sparse) {
      g_string_append(out, "\n      density: ");
      append_number(out, r->density[k]);
    }
    g_string_append_c(out, '\n');
  }
}

static void append_layers(GString *out, const MergeRecipe *r) {
  for (guint i = 0; i < r->layers->len; i++) {
    const RecipeLayer *l = &g_array_index(r->layers, RecipeLayer, i);
    g_string_append_printf(out, "# %s: ", l->name);
    append_number(out, l->weight[0]);
    g_string_append(out, " and ");
    append_number(out, l->weight[1]);
    g_string_append_c(out, '\n');
  }
}

char *merge_recipe_yaml(const MergeRecipe *r, const Forest *f, const char *dtype) {
  GString *out = g_string_new(r->proven ? "# proven on the weights, layer by layer:\n" : "# told by sketches\n");
  append_layers(out, r);
  g_string_append_printf(out, "merge_method: %s\n", r->method);
  int base = isfinite(r->slerp_t) ? (int)r->parent[0] : r->base;
  if (base >= 0) {
    g_string_append(out, "base_model: ");
    append_quoted(out, name_of(f, (unsigned)base));
    g_string_append_c(out, '\n');
  }
  if (strcmp(r->method, "passthrough") == 0 && r->layers->len) append_slices(out, r, f);
  else append_models(out, r, f);
  if (isfinite(r->slerp_t)) {
    g_string_append(out, "parameters:\n  t: ");
    append_number(out, r->slerp_t);
    g_string_append_c(out, '\n');
  }
  if (dtype) g_string_append_printf(out, "dtype: %s\n", dtype);
  return g_string_free(out, FALSE);
}
