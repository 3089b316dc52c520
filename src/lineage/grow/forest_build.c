/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lineage/forest/node_names.h"
#include "lineage/grow/forest_builder.h"
#include "lineage/grow/certainty.h"
#include "lineage/grow/hand_parents.h"
#include "lineage/grow/hidden_kin.h"
#include "lineage/sketch/sketch_store.h"

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

/* By the weights alone. */
static bool join_kin(Builder *b, GError **error) {
  g_autoptr(GArray) compared = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (unsigned v = 0; v < b->models->len; v++)
    if (builder_is_compared(b, v)) g_array_append_val(compared, v);
  return kinship_join(b->sketches, compared, &b->kin, b->threads, b->progress, error);
}

/* Kin, and what cards join to them. */
static void join_claimed(const Builder *b, Sets *sets) {
  for (unsigned v = 0; v < b->models->len; v++) {
    unsigned kin;
    builder_kin(b, v, &kin);
    sets_join(sets, v, kin);
    if (builder_is_adapter(b, v) || builder_is_duplicate(b, v)) continue;
    int p = builder_claimed_parent(b, v);
    if (p >= 0 && !builder_is_adapter(b, (unsigned)p)) sets_join(sets, v, (unsigned)p);
  }
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
    if (group && group->len > 1 && !builder_build_group(b, group, error)) return false;
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
    if (outside && forest_node(b->forest, v)->parents->len == 0)
      builder_add_claimed(b, v, (int)builder_host(b, v, (unsigned)p), EDGE_ADAPTER, NAN);
  }
}

/* A copy stays with its original: where its own card says when that is in the same tree, else below the model it
 * copies. Which of two equal ones came first cannot be known, but a recast loses something. */
static void attach_duplicates(Builder *b) {
  for (unsigned v = 0; v < b->models->len; v++) {
    if (!builder_is_duplicate(b, v)) continue;
    int original = forest_node(b->forest, v)->duplicate_of, p = builder_claim(b, v)->parent;
    bool recast = builder_sketch(b, v)->epsilon > builder_sketch(b, (unsigned)original)->epsilon;
    if (p >= 0 && builder_top(b, (unsigned)p) == builder_top(b, (unsigned)original)) {
      builder_add_claimed(b, v, p, recast && p == original ? EDGE_RECAST : EDGE_FINE_TUNE, p == original ? 0 : NAN);
      continue;
    }
    if (p >= 0) forest_set_note(b->forest, v, "its card names %s", forest_node(b->forest, (unsigned)p)->name);
    ParentEdge edge = {.parent = (unsigned)original,
                       .kind = recast ? EDGE_RECAST : EDGE_RELATED,
                       .source = EDGE_RECOVERED,
                       .confidence = recast ? certainty.recast : certainty.copy,
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
  if (!join_kin(b, error)) return false;
  builder_find_claims(b);
  if (b->options->rule == FOREST_RULE_POOLED && !b->options->declared_only) builder_find_depths(b);
  if (b->options->declared_only) {
    follow_cards(b);
    return true;
  }
  Sets sets;
  sets_init(&sets, b->forest->nodes->len);
  join_claimed(b, &sets);
  bool ok = build_trees(b, &sets, error);
  if (ok) {
    attach_claimed(b);
    builder_place_adapters(b, &sets);
    attach_duplicates(b);
    ok = builder_find_hidden_kin(b, error) && builder_measure_adapters(b, error) && builder_check_ranks(b, error);
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

Forest *forest_build(Collection *collection, const GPtrArray *models, const ForestOptions *options,
                     const Progress *progress, GError **error) {
  static const ForestOptions defaults = {0};
  Builder b;
  builder_init(&b, collection, models, options ? options : &defaults, progress);
  Forest *done = NULL;
  if (build(&b, error)) {
    forest_follow_hand(b.forest);
    forest_tell_names_apart(b.forest);
    forest_settle(b.forest);
    if (store_trees(&b, error)) done = g_steal_pointer(&b.forest);
  }
  builder_clear(&b);
  return done;
}
