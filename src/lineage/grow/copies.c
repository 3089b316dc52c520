/* SPDX-License-Identifier: Apache-2.0 */
/* Which models hold the same numbers, and which of them stands for the others. */
#include <math.h>
#include <string.h>

#include "lineage/grow/base_name.h"
#include "lineage/grow/forest_builder.h"

static void array_unref(void *array) { g_array_unref(array); }

/* One text for all models that hold the same tensors, and for adapters act as strongly. */
static char *content_key(const ModelSketch *s) {
  return g_strdup_printf("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x %u", (guint64)s->content.lo,
                         (guint64)s->content.hi, s->tensors->len);
}

/* What makes a model the one that its copies are copies of, the more telling the earlier. */
typedef struct {
  unsigned node;
  guint64 step;  /* of its run; 0: none. What a run wrote on its way was there before it was copied. */
  bool named;    /* by somebody's card */
  bool carded;   /* has a base of its own to name */
  bool said;     /* its path says that it is a copy */
  unsigned deep; /* folders that it lies in */
} Standing;

static bool says_copy(const char *path) {
  static const char *const words[] = {"copy", "copies", "backup", "bak", "duplicate"};
  g_autofree char *folded = g_ascii_strdown(path, -1);
  g_auto(GStrv) parts = g_strsplit_set(folded, "/-_. ()", -1);
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (g_strv_contains((const char *const *)parts, words[i])) return true;
  return false;
}

static Standing standing_of(const Builder *b, unsigned node, const bool *named) {
  const Model *m = b->models->pdata[node];
  Standing s = {.node = node, .named = named[node], .carded = model_base(m) != NULL, .said = says_copy(m->path)};
  g_autofree char *run = NULL;
  if (!declared_step(m->path, &run, &s.step)) s.step = 0;
  for (const char *p = m->path; *p; p++) s.deep += *p == '/';
  return s;
}

/* Less than 0: x stands for y. Of equal standing, the one that comes first. */
static int standing_compare(const Standing *x, const Standing *y) {
  if (!x->step != !y->step) return !x->step - !y->step;
  if (x->step != y->step) return x->step < y->step ? -1 : 1;
  if (x->named != y->named) return y->named - x->named;
  if (x->carded != y->carded) return y->carded - x->carded;
  if (x->said != y->said) return x->said - y->said;
  if (x->deep != y->deep) return x->deep < y->deep ? -1 : 1;
  return (x->node > y->node) - (x->node < y->node);
}

/* Which models some card means by its base. The caller frees it. */
static bool *find_named(const Builder *b) {
  bool *named = g_new0(bool, b->models->len + 1);
  for (unsigned v = 0; !b->options->ignore_cards && v < b->models->len; v++) {
    g_autofree char *name = base_name_clean(model_base(b->models->pdata[v]));
    if (!name) continue;
    g_autoptr(GArray) means = declared_resolve(b->index, v, name);
    if (means->len == 1) named[g_array_index(means, unsigned, 0)] = true;
  }
  return named;
}

/* Of equal models the one of the best standing is the original. */
static void group_duplicates(Builder *b) {
  g_autoptr(GHashTable) best = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autofree bool *named = find_named(b);
  g_autoptr(GPtrArray) of = g_ptr_array_new(); /* the Standing of each model's original, or NULL */
  for (guint i = 0; i < b->sketches->len; i++) {
    const ModelSketch *s = b->sketches->pdata[i];
    g_ptr_array_add(of, NULL);
    if (!s || s->tensors->len == 0) continue;
    g_autofree char *key = content_key(s);
    Standing here = standing_of(b, i, named), *first = g_hash_table_lookup(best, key);
    if (!first) g_hash_table_insert(best, g_steal_pointer(&key), first = g_memdup2(&here, sizeof here));
    else if (standing_compare(&here, first) < 0) *first = here;
    of->pdata[i] = first;
  }
  for (guint i = 0; i < of->len; i++) {
    const Standing *first = of->pdata[i];
    if (first && first->node != i) forest_edit(b->forest, i)->duplicate_of = (int)first->node;
  }
}

/* What models that hold the same numbers in formats of that rounding error share. */
static char *rounded_key(const ModelSketch *s, Dtype coarse) {
  ContentHash h = coarse == DTYPE_F32 ? s->as_single : coarse == DTYPE_F16 ? s->as_half : s->as_brain;
  return g_strdup_printf("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x %u", (guint64)h.lo, (guint64)h.hi,
                         s->tensors->len);
}

/* Beyond the first numbers, which the key is made of: tensors of one name and shape must be equal in
 * the rest of their numbers too. */
static bool is_rest_equal(const ModelSketch *a, const ModelSketch *b) {
  for (guint i = 0, j = 0; i < a->tensors->len && j < b->tensors->len;) {
    const TensorSketch *x = &g_array_index(a->tensors, TensorSketch, i);
    const TensorSketch *y = &g_array_index(b->tensors, TensorSketch, j);
    if (x->seed == y->seed && !tensor_sketch_equal(x, y)) return false;
    bool first = x->seed <= y->seed, second = y->seed <= x->seed;
    i += first, j += second;
  }
  return true;
}

/* Finer models by their keys: text -> GArray of unsigned. */
static GHashTable *finer_by_key(const Builder *b, Dtype coarse) {
  GHashTable *finer = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, array_unref);
  for (guint i = 0; i < b->sketches->len; i++) {
    const ModelSketch *s = b->sketches->pdata[i];
    if (!s || s->tensors->len == 0 || builder_is_duplicate(b, i)) continue;
    if (s->epsilon >= dtype_epsilon(coarse)) continue;
    g_autofree char *key = rounded_key(s, coarse);
    GArray *list = g_hash_table_lookup(finer, key);
    if (!list) {
      list = g_array_new(FALSE, FALSE, sizeof(unsigned));
      g_hash_table_insert(finer, g_steal_pointer(&key), list);
    }
    g_array_append_val(list, i);
  }
  return finer;
}

/* The finest of the list that holds the model's numbers, or -1. */
static int finest_equal(const Builder *b, const GArray *list, const ModelSketch *s) {
  int finest = -1;
  double least = INFINITY;
  for (guint i = 0; list && i < list->len; i++) {
    unsigned v = g_array_index(list, unsigned, i);
    const ModelSketch *other = b->sketches->pdata[v];
    if (other->epsilon >= least || !is_rest_equal(other, s)) continue;
    finest = (int)v;
    least = other->epsilon;
  }
  return finest;
}

/* Recasts to `coarse`: each is a copy of the finest model that rounds to the same numbers. */
static void group_recasts(Builder *b, Dtype coarse) {
  g_autoptr(GHashTable) finer = finer_by_key(b, coarse);
  for (guint i = 0; i < b->sketches->len; i++) {
    const ModelSketch *s = b->sketches->pdata[i];
    if (!s || s->tensors->len == 0 || builder_is_duplicate(b, i)) continue;
    if (s->epsilon != dtype_epsilon(coarse)) continue;
    g_autofree char *key = rounded_key(s, coarse);
    int original = finest_equal(b, g_hash_table_lookup(finer, key), s);
    if (original >= 0) forest_edit(b->forest, i)->duplicate_of = original;
  }
}

/* Which copy of `node` its own card names as the base, or -1. */
static int named_copy(const Builder *b, unsigned node) {
  g_autofree char *name = base_name_clean(model_base(b->models->pdata[node]));
  if (!name) return -1;
  g_autoptr(GArray) candidates = declared_resolve(b->index, node, name);
  for (guint i = 0; i < candidates->len; i++) {
    unsigned c = g_array_index(candidates, unsigned, i);
    if (forest_node(b->forest, c)->duplicate_of == (int)node) return (int)c;
  }
  return -1;
}

/* A copy whose card names the original does not stand for it. */
void builder_find_copies(Builder *b) {
  group_duplicates(b);
  unsigned n = b->sketches->len;
  for (unsigned v = 0; v < n; v++) {
    int original = builder_is_duplicate(b, v) ? -1 : named_copy(b, v);
    if (original < 0) continue;
    for (unsigned i = 0; i < n; i++)
      if (forest_node(b->forest, i)->duplicate_of == (int)v) forest_edit(b->forest, i)->duplicate_of = original;
    forest_edit(b->forest, v)->duplicate_of = original;
    forest_edit(b->forest, (unsigned)original)->duplicate_of = -1;
  }
  group_recasts(b, DTYPE_F32);
  group_recasts(b, DTYPE_F16);
  group_recasts(b, DTYPE_BF16);
}
