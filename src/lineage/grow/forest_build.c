/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "lineage/grow/forest_builder.h"
#include "lineage/sketch/sketch_store.h"

const ModelSketch *builder_sketch(const Builder *b, unsigned node) {
  return node < b->sketches->len ? b->sketches->pdata[node] : NULL;
}

bool builder_is_adapter(const Builder *b, unsigned node) {
  const Model *m = forest_node(b->forest, node)->model;
  return m && (model_is_adapter(m) || m->kind == MODEL_EMBEDDING);
}

Claim *builder_claim(const Builder *b, unsigned node) { return &g_array_index(b->claims, Claim, node); }

bool builder_is_duplicate(const Builder *b, unsigned node) { return forest_node(b->forest, node)->duplicate_of >= 0; }

static void array_unref(void *array) {
  if (array) g_array_unref(array);
}

static bool load_sketches(Builder *b, GError **error) {
  if (b->options->declared_only) {
    b->sketches = g_ptr_array_new();
    return true;
  }
  GPtrArray *notes = NULL;
  b->sketches = sketch_store_load(b->collection, b->models, b->options->seed, b->threads, b->progress, &notes, error);
  if (!b->sketches) return false;
  model_sketches_centre(b->sketches, b->threads);
  for (guint i = 0; i < notes->len; i++) {
    const ModelSketch *s = b->sketches->pdata[i];
    if (notes->pdata[i]) forest_set_note(b->forest, i, "%s", (char *)notes->pdata[i]);
    else if (!s->finite) forest_set_note(b->forest, i, "some weights are not finite");
  }
  g_ptr_array_unref(notes);
  return true;
}

static void add_models(Builder *b) {
  Claim none = {.parent = -1};
  for (guint i = 0; i < b->models->len; i++) {
    forest_add_node(b->forest, b->models->pdata[i], NULL);
    g_array_append_val(b->claims, none);
  }
}

bool builder_is_compared(const Builder *b, unsigned node) {
  return builder_sketch(b, node) && !builder_is_adapter(b, node) && !builder_is_duplicate(b, node);
}

int builder_claimed_parent(const Builder *b, unsigned node) {
  int p = builder_claim(b, node)->parent;
  if (p >= 0 && builder_is_duplicate(b, (unsigned)p) && !builder_is_duplicate(b, node)) {
    int original = forest_node(b->forest, (unsigned)p)->duplicate_of;
    if (original != (int)node) p = original;
  }
  return p;
}

static bool join_kin(Builder *b, Sets *sets, GError **error) {
  g_autoptr(GArray) compared = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (unsigned v = 0; v < b->models->len; v++) {
    if (!builder_is_adapter(b, v) && !builder_is_duplicate(b, v)) {
      int p = builder_claimed_parent(b, v);
      if (p >= 0 && !builder_is_adapter(b, (unsigned)p)) sets_join(sets, v, (unsigned)p);
    }
    if (builder_is_compared(b, v)) g_array_append_val(compared, v);
  }
  return kinship_join(b->sketches, compared, sets, b->threads, b->progress, error);
}

void builder_add_claimed(Builder *b, unsigned node, int parent, EdgeKind kind, double distance) {
  ParentEdge edge = builder_claim(b, node)->edge;
  edge.parent = (unsigned)parent;
  if (!builder_claim(b, node)->kind_is_said) edge.kind = kind;
  edge.distance = distance;
  forest_add_parent(b->forest, node, edge);
  const GArray *more = node < b->models->len ? b->more->pdata[node] : NULL;
  for (guint i = 0; more && i < more->len; i++) forest_add_parent(b->forest, node, g_array_index(more, ParentEdge, i));
}

/* Trees of full models and their ghosts, one a set. */
static bool build_trees(Builder *b, Sets *sets, GError **error) {
  unsigned n = b->forest->nodes->len;
  g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(array_unref);
  g_ptr_array_set_size(groups, (gint)n);
  for (unsigned v = 0; v < n; v++) {
    if (builder_is_adapter(b, v) || builder_is_duplicate(b, v)) continue;
    gpointer *group = &groups->pdata[sets_find(sets, v)];
    if (!*group) *group = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_array_append_val((GArray *)*group, v);
  }
  for (unsigned v = 0; v < n; v++) {
    const GArray *group = groups->pdata[v];
    if (group && group->len > 1 && !builder_build_tree(b, group, error)) return false;
  }
  return true;
}

/* Nodes outside the trees of full models that hang on a claim alone: adapters, and full models
 * whose card names an adapter. */
static void attach_claimed(Builder *b) {
  for (unsigned v = 0; v < b->models->len; v++) {
    int p = builder_claimed_parent(b, v);
    if (p < 0 || p == (int)v || builder_is_duplicate(b, v)) continue;
    bool outside = builder_is_adapter(b, v) || builder_is_adapter(b, (unsigned)p);
    if (outside && forest_node(b->forest, v)->parents->len == 0) builder_add_claimed(b, v, p, EDGE_ADAPTER, NAN);
  }
}

/* A copy hangs where its own card says, else below the model it copies: which of two equal ones came
 * first cannot be known, but a recast loses something. */
static void attach_duplicates(Builder *b) {
  for (unsigned v = 0; v < b->models->len; v++) {
    if (!builder_is_duplicate(b, v)) continue;
    int original = forest_node(b->forest, v)->duplicate_of, p = builder_claim(b, v)->parent;
    bool recast = builder_sketch(b, v)->epsilon > builder_sketch(b, (unsigned)original)->epsilon;
    if (p >= 0) {
      builder_add_claimed(b, v, p, recast && p == original ? EDGE_RECAST : EDGE_FINE_TUNE, p == original ? 0 : NAN);
      continue;
    }
    ParentEdge edge = {.parent = (unsigned)original,
                       .kind = recast ? EDGE_RECAST : EDGE_RELATED,
                       .source = EDGE_RECOVERED,
                       .confidence = recast ? 0.97 : 0.5,
                       .weight = 1,
                       .distance = 0};
    forest_add_parent(b->forest, v, edge);
  }
}

/* Without weights: what the cards say, and no more. */
static void follow_cards(Builder *b) {
  for (unsigned v = 0; v < b->models->len; v++)
    if (builder_claim(b, v)->parent >= 0) builder_add_claimed(b, v, builder_claim(b, v)->parent, EDGE_FINE_TUNE, NAN);
}

static bool build(Builder *b, GError **error) {
  add_models(b);
  if (!load_sketches(b, error)) return false;
  b->index = declared_index_new(b->models);
  builder_find_copies(b);
  builder_find_claims(b);
  if (b->options->declared_only) {
    follow_cards(b);
    return true;
  }
  Sets sets;
  sets_init(&sets, b->forest->nodes->len);
  bool ok = join_kin(b, &sets, error) && build_trees(b, &sets, error);
  if (ok) {
    attach_claimed(b);
    builder_place_adapters(b, &sets);
    attach_duplicates(b);
  }
  sets_clear(&sets);
  return ok;
}

static bool store_trees(const Builder *b, GError **error) {
  /* What cards alone say takes nothing away from what the weights have said. */
  if (b->options->declared_only || collection_is_read_only(b->collection)) return true;
  g_autofree int *trees = g_new(int, b->models->len + 1);
  for (unsigned v = 0; v < b->models->len; v++) trees[v] = forest_node(b->forest, v)->tree;
  return collection_store_trees(b->collection, b->models, trees, error);
}

static void builder_clear(Builder *b) {
  forest_free(b->forest);
  if (b->sketches) g_ptr_array_unref(b->sketches);
  declared_index_free(b->index);
  g_hash_table_unref(b->ghosts);
  g_hash_table_unref(b->selves);
  g_array_unref(b->claims);
  g_ptr_array_unref(b->more);
}

Forest *forest_build(Collection *collection, const GPtrArray *models, const ForestOptions *options,
                     const Progress *progress, GError **error) {
  static const ForestOptions defaults = {0};
  Builder b = {
      .collection = collection, .models = models, .options = options ? options : &defaults, .progress = progress};
  b.threads = b.options->threads ? b.options->threads : parallel_processors();
  b.forest = forest_new();
  b.ghosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  b.selves = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  b.claims = g_array_new(FALSE, FALSE, sizeof(Claim));
  b.more = g_ptr_array_new_with_free_func(array_unref);
  g_ptr_array_set_size(b.more, (gint)models->len);
  Forest *done = NULL;
  if (build(&b, error)) {
    forest_settle(b.forest);
    if (store_trees(&b, error)) done = g_steal_pointer(&b.forest);
  }
  builder_clear(&b);
  return done;
}
