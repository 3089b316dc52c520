/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/forest_builder.h"

#include <string.h>

#include "core/parallel.h"
#include "core/text.h"

static void array_unref(void *array) {
  if (array) g_array_unref(array);
}

void builder_init(Builder *b, Collection *collection, const GPtrArray *models, const ForestOptions *options,
                  const Progress *progress) {
  *b = (Builder){.collection = collection, .models = models, .options = options, .progress = progress};
  b->threads = options->threads ? options->threads : parallel_processors();
  b->forest = forest_new();
  b->ghosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  b->selves = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  b->claims = g_array_new(FALSE, FALSE, sizeof(Claim));
  b->more = g_ptr_array_new_with_free_func(array_unref);
  g_ptr_array_set_size(b->more, (gint)models->len);
}

void builder_clear(Builder *b) {
  forest_free(b->forest);
  if (b->sketches) g_ptr_array_unref(b->sketches);
  declared_index_free(b->index);
  g_hash_table_unref(b->ghosts);
  g_hash_table_unref(b->selves);
  g_array_unref(b->claims);
  g_ptr_array_unref(b->more);
}

const ModelSketch *builder_sketch(const Builder *b, unsigned node) {
  return node < b->sketches->len ? b->sketches->pdata[node] : NULL;
}

bool builder_is_adapter(const Builder *b, unsigned node) {
  const Model *m = forest_node(b->forest, node)->model;
  return m && (model_is_adapter(m) || m->kind == MODEL_EMBEDDING);
}

Claim *builder_claim(const Builder *b, unsigned node) { return &g_array_index(b->claims, Claim, node); }

bool builder_is_duplicate(const Builder *b, unsigned node) { return forest_node(b->forest, node)->duplicate_of >= 0; }

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

void builder_add_claimed(Builder *b, unsigned node, int parent, EdgeKind kind, double distance) {
  ParentEdge edge = builder_claim(b, node)->edge;
  edge.parent = (unsigned)parent;
  if (!builder_claim(b, node)->kind_is_said) edge.kind = kind;
  edge.distance = distance;
  forest_add_parent(b->forest, node, edge);
  const GArray *more = node < b->models->len ? b->more->pdata[node] : NULL;
  for (guint i = 0; more && i < more->len; i++) forest_add_parent(b->forest, node, g_array_index(more, ParentEdge, i));
}

/* The one repository among the ghosts whose last part is `name`, or 0. */
static guint ghost_ending_in(const Builder *b, const char *key) {
  GHashTableIter it;
  gpointer full, value;
  guint found = 0;
  g_hash_table_iter_init(&it, b->ghosts);
  while (g_hash_table_iter_next(&it, &full, &value)) {
    if (strcmp(declared_last_part(full), key) != 0 || base_is_local_path(full)) continue;
    if (found) return 0;
    found = GPOINTER_TO_UINT(value);
  }
  return found;
}

unsigned builder_ghost(Builder *b, const char *name) {
  const char *last = declared_last_part(name);
  bool bare = !strchr(name, '/') || base_is_local_path(name);
  /* "final" on another machine is another base. */
  const char *shown = bare && !declared_is_role(last) ? last : name;
  g_autofree char *key = text_fold(shown), *ending = text_fold(last);
  guint at = GPOINTER_TO_UINT(g_hash_table_lookup(b->ghosts, key));
  if (!at && bare) at = ghost_ending_in(b, ending);
  if (at) return at - 1;
  unsigned node = forest_add_node(b->forest, NULL, shown);
  Claim none = {.parent = -1};
  g_array_append_val(b->claims, none);
  g_hash_table_insert(b->ghosts, g_steal_pointer(&key), GUINT_TO_POINTER(node + 1));
  return node;
}
