/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/merge_recipe.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/json.h"
#include "lineage/sketch/sketch.h"

void merge_recipe_free(MergeRecipe *r) {
  if (!r) return;
  g_array_unref(r->layers);
  g_free(r);
}

static MergeRecipe *from_edges(const ForestNode *n) {
  MergeRecipe *r = g_new0(MergeRecipe, 1);
  r->base = -1, r->slerp_t = NAN;
  r->layers = recipe_layers_new();
  for (guint i = 0; i < n->parents->len && r->n < RECIPE_PARENTS; i++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, i);
    if (e->kind != EDGE_MERGE) continue;
    r->weight[r->n] = e->weight, r->density[r->n] = 1, r->parent[r->n++] = e->parent;
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

static const ModelSketch *sketch_of(const GPtrArray *sketches, unsigned node) {
  return node < sketches->len ? sketches->pdata[node] : NULL;
}

static WeightFile *open_node(Collection *c, const Forest *f, int node) {
  const Model *m = node >= 0 ? forest_node(f, (unsigned)node)->model : NULL;
  return m ? collection_open_weights(c, m, NULL) : NULL;
}

/* Where a proof is looked for. */
typedef struct {
  Collection *collection;
  const Forest *forest;
  const GPtrArray *sketches;
  unsigned node;
} Place;

static WeightFile *open_side(const Place *p, int node, ProofFiles *files, bool *there) {
  WeightFile *file = open_node(p->collection, p->forest, node);
  const ModelSketch *s = node >= 0 ? sketch_of(p->sketches, (unsigned)node) : NULL;
  if (s) files->epsilon = fmax(files->epsilon, s->epsilon);
  *there &= file != NULL;
  return file;
}

static void take_proof(MergeRecipe *r, const MergeProof *proof, int base, bool by_element) {
  r->method = recipe_method_name(proof->method);
  r->base = base;
  r->proven = true, r->sparse = by_element;
  r->slerp_t = proof->slerp_t;
  for (unsigned k = 0; k < r->n; k++) r->weight[k] = proof->weight[k], r->density[k] = proof->density[k];
}

static bool prove_with(MergeRecipe *r, const Place *p, int base, bool by_element) {
  ProofFiles files = {.n = r->n, .by_element = by_element};
  MergeProof proof;
  const ModelSketch *self = sketch_of(p->sketches, p->node);
  bool there = true;
  files.child = open_side(p, (int)p->node, &files, &there);
  files.quantised = self && self->quantised;
  for (unsigned k = 0; k < r->n; k++) files.parent[k] = open_side(p, (int)r->parent[k], &files, &there);
  if (base >= 0) files.base = open_side(p, base, &files, &there);
  g_array_set_size(r->layers, 0);
  bool ok = there && merge_prove(&files, &proof, r->layers);
  if (ok) take_proof(r, &proof, base, by_element);
  else g_array_set_size(r->layers, 0);
  weight_file_free(files.child);
  weight_file_free(files.base);
  for (unsigned k = 0; k < r->n; k++) weight_file_free(files.parent[k]);
  return ok;
}

/* What the parents may have moved from: what is known, then their ancestors, the nearest first. Array of unsigned. */
static GArray *find_bases(const MergeRecipe *r, const Forest *f, unsigned node) {
  enum { FAR = 3, MOST = 6 };
  GArray *bases = g_array_new(FALSE, FALSE, sizeof(unsigned));
  int at[RECIPE_PARENTS], known_base = forest_node(f, node)->merge_base;
  if (known_base >= 0) g_array_append_val(bases, known_base);
  for (unsigned k = 0; k < r->n; k++) at[k] = (int)r->parent[k];
  for (unsigned step = 0; step < FAR; step++)
    for (unsigned k = 0; k < r->n; k++) {
      at[k] = at[k] < 0 ? -1 : parent_of(f, (unsigned)at[k]);
      bool known = at[k] < 0 || bases->len == MOST;
      for (guint i = 0; i < bases->len; i++) known |= g_array_index(bases, unsigned, i) == (unsigned)at[k];
      for (unsigned i = 0; i < r->n; i++) known |= (int)r->parent[i] == at[k];
      if (!known) g_array_append_val(bases, at[k]);
    }
  return bases;
}

static void prove(MergeRecipe *r, const Place *p) {
  if (r->n < 2 || r->n > PROOF_PARENTS || prove_with(r, p, -1, false)) return;
  g_autoptr(GArray) bases = find_bases(r, p->forest, p->node);
  for (int by_element = 0; by_element < 2; by_element++)
    for (guint i = 0; i < bases->len && (!by_element || r->n <= ELEMENT_PARENTS); i++)
      if (prove_with(r, p, (int)g_array_index(bases, unsigned, i), by_element)) return;
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
  prove(r, &(Place){collection, forest, sketches, node});
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
    int best = 0;
    for (unsigned k = 1; k < l->n; k++)
      if (l->weight[k] > l->weight[best]) best = (int)k;
    if (block_of(l->name) == block) return best;
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
  bool slerp = strcmp(r->method, "slerp") == 0, stock = strcmp(r->method, "model_stock") == 0;
  g_string_append(out, "models:\n");
  for (unsigned k = 0; k < r->n; k++) {
    g_string_append(out, "  - model: ");
    append_quoted(out, name_of(f, r->parent[k]));
    g_string_append_c(out, '\n');
    if (slerp || stock) continue;
    g_string_append(out, "    parameters:\n      weight: ");
    append_number(out, r->weight[k]);
    if (r->sparse) {
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
    for (unsigned k = 0; k < l->n; k++) {
      if (k) g_string_append(out, k + 1 < l->n ? ", " : " and ");
      append_number(out, l->weight[k]);
    }
    g_string_append_c(out, '\n');
  }
}

char *merge_recipe_yaml(const MergeRecipe *r, const Forest *f, const char *dtype) {
  GString *out = g_string_new(r->proven ? "# proven on the weights, layer by layer:\n" : "# told by sketches\n");
  append_layers(out, r);
  if (strcmp(r->method, "unknown") == 0) g_string_append(out, "# of these models, by a method that is not known:\n");
  else g_string_append_printf(out, "merge_method: %s\n", r->method);
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
