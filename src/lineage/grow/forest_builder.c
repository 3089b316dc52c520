/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/forest_builder.h"

#include "core/parallel.h"
#include "core/text.h"
#include "lineage/grow/adapter_host.h"
#include "lineage/grow/base_name.h"

static void array_unref(void *array) {
  if (array) g_array_unref(array);
}

static void absent_free(void *absent) {
  AbsentBase *a = absent;
  if (a) g_free(a->name);
  g_free(a);
}

void builder_init(Builder *b, Collection *collection, const GPtrArray *models, const ForestOptions *options,
                  const Progress *progress) {
  *b = (Builder){.collection = collection, .models = models, .options = options, .progress = progress};
  b->threads = options->threads ? options->threads : parallel_processors();
  b->forest = forest_new();
  b->ghosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  b->selves = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  b->claims = g_array_new(FALSE, FALSE, sizeof(Claim));
  b->absent = g_ptr_array_new_with_free_func(absent_free);
  g_ptr_array_set_size(b->absent, (gint)models->len);
  b->named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  sets_init(&b->kin, models->len);
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
  g_ptr_array_unref(b->absent);
  g_hash_table_unref(b->named);
  sets_clear(&b->kin);
  g_free(b->origins);
  adapter_hosts_free(b->hosts);
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

unsigned builder_host(Builder *b, unsigned adapter, unsigned parent) {
  if (!builder_is_adapter(b, adapter) || builder_is_adapter(b, parent)) return parent;
  if (!b->hosts) b->hosts = adapter_hosts_new(b->forest, b->sketches);
  return adapter_host(b->hosts, builder_sketch(b, adapter), parent);
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

void builder_set_absent(Builder *b, unsigned model, const char *name, const Claim *claim) {
  gpointer *at = &b->absent->pdata[model];
  g_clear_pointer(at, absent_free);
  if (!name) return;
  AbsentBase *absent = g_new0(AbsentBase, 1);
  *absent = (AbsentBase){g_strdup(name), *claim};
  *at = absent;
}

unsigned builder_kin(const Builder *b, unsigned model, unsigned *representative) {
  Sets kin = b->kin; /* finding shortens the ways that it goes, and changes no set */
  unsigned root = sets_find(&kin, model);
  *representative = root;
  return kin.size[root];
}

char *builder_repository(const char *name) {
  g_autofree char *whole = base_name_unquantised(name);
  return text_fold(whole ? whole : name);
}

unsigned builder_ghost(Builder *b, const char *identity, const char *name) {
  guint at = GPOINTER_TO_UINT(g_hash_table_lookup(b->ghosts, identity));
  if (at) return at - 1;
  unsigned node = forest_add_node(b->forest, NULL, name);
  Claim none = {.parent = -1};
  g_array_append_val(b->claims, none);
  g_hash_table_insert(b->ghosts, g_strdup(identity), GUINT_TO_POINTER(node + 1));
  return node;
}

unsigned builder_top(const Builder *b, unsigned v) {
  const ParentEdge *e;
  for (unsigned steps = 0; steps <= b->forest->nodes->len && (e = forest_parent_edge(forest_node(b->forest, v)));
       steps++)
    v = e->parent;
  return v;
}
