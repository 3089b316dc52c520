/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/declared.h"

#include <string.h>

#include "collection/walk/hub_layout.h"
#include "collection/walk/training_run.h"
#include "core/text.h"
#include "lineage/grow/base_name.h"

struct DeclaredIndex {
  const GPtrArray *models;
  GHashTable *by_full, *by_last, *by_path; /* folded text -> GArray of unsigned; NULL until one asks */
};

static void list_free(void *list) { g_array_unref(list); }

static void add_key(GHashTable *table, const char *text, unsigned node) {
  g_autofree char *key = text_fold(text);
  if (!*key) return;
  GArray *list = g_hash_table_lookup(table, key);
  if (!list) {
    list = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_hash_table_insert(table, g_steal_pointer(&key), list);
  }
  if (list->len == 0 || g_array_index(list, unsigned, list->len - 1) != node) g_array_append_val(list, node);
}

/* The repository's name, when the path or the model says one with its organisation; or NULL. */
static char *full_name(const Model *m) {
  g_autofree char *hub = hub_name_of_path(m->path, NULL);
  if (hub) return safe_text(hub, -1);
  return strchr(m->name, '/') ? g_strdup(m->name) : NULL;
}

static char *without_ending(const char *file) {
  static const char *const endings[] = {".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".gguf", ".npz", ".npy", ".th"};
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(file, endings[i])) return g_strndup(file, strlen(file) - strlen(endings[i]));
  return g_strdup(file);
}

/* "xyz/checkpoint-20" of "runs/xyz/checkpoint-20"; NULL when both parts are what tools write. */
static char *last_two(const char *path) {
  const char *last = strrchr(path, '/'), *two = last;
  if (!last) return NULL;
  while (two > path && two[-1] != '/') two--;
  g_autofree char *first = g_strndup(two, (gsize)(last - two));
  return base_name_is_generic(first) && base_name_is_generic(last + 1) ? NULL : g_strdup(two);
}

/* All names under which the path makes the model known. */
static void index_path(DeclaredIndex *x, const Model *m, unsigned node) {
  g_autofree SafeText *path = safe_text(m->path, -1), *file = safe_text(m->file ? m->file : "", -1);
  g_autofree char *stem = without_ending(path);
  add_key(x->by_path, path, node);
  add_key(x->by_path, file, node);
  add_key(x->by_path, stem, node);
  uint64_t step; /* a step's folder is half a name; a file that any tool writes is none */
  bool generic = base_name_is_generic(base_name_last(stem)) && !training_run_is_step(base_name_last(stem), &step);
  if (generic && strchr(stem, '/')) *strrchr(stem, '/') = '\0';
  else if (generic) return;
  add_key(x->by_path, stem, node);
  if (!base_name_is_generic(base_name_last(stem))) add_key(x->by_last, base_name_last(stem), node);
  g_autofree char *two = last_two(stem);
  if (two) add_key(x->by_full, two, node);
}

DeclaredIndex *declared_index_new(const GPtrArray *models) {
  DeclaredIndex *x = g_new0(DeclaredIndex, 1);
  x->models = models;
  return x;
}

/* Where no card names a base, nobody asks, and large collections are spared the work. */
static void fill(DeclaredIndex *x) {
  const GPtrArray *models = x->models;
  if (x->by_full) return;
  x->by_full = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
  x->by_last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
  x->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
  for (unsigned i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    g_autofree char *full = full_name(m);
    if (full) add_key(x->by_full, full, i);
    if (!base_name_is_generic(base_name_last(m->name))) add_key(x->by_last, base_name_last(m->name), i);
    index_path(x, m, i);
  }
}

void declared_index_free(DeclaredIndex *x) {
  if (!x) return;
  g_clear_pointer(&x->by_full, g_hash_table_unref);
  g_clear_pointer(&x->by_last, g_hash_table_unref);
  g_clear_pointer(&x->by_path, g_hash_table_unref);
  g_free(x);
}

/* True when both names say an organisation and not the same one. */
static bool other_organisation(const Model *m, const char *name) {
  g_autofree char *full = full_name(m);
  if (!full || !strchr(full, '/') || !strchr(name, '/') || base_is_local_path(name)) return false;
  g_autofree char *a = text_fold(full), *b = text_fold(name);
  return strcmp(a, b) != 0;
}

static void take_from(const DeclaredIndex *x, GHashTable *table, const char *text, unsigned self,
                      const char *organisation, GArray *out) {
  g_autofree char *key = text_fold(text);
  const GArray *list = g_hash_table_lookup(table, key);
  for (guint i = 0; list && i < list->len; i++) {
    unsigned node = g_array_index(list, unsigned, i);
    if (node == self) continue;
    if (organisation && other_organisation(x->models->pdata[node], organisation)) continue;
    g_array_append_val(out, node);
  }
}

/* The one at this path, from the collection's root or beside `self`. */
static void take_path(const DeclaredIndex *x, unsigned self, const char *name, GArray *out) {
  const Model *m = x->models->pdata[self];
  g_autofree SafeText *path = safe_text(m->path, -1);
  g_autofree char *folder = g_path_get_dirname(path);
  g_autofree char *below = g_canonicalize_filename(name, "/");
  g_autofree char *base = g_strconcat("/", folder, NULL);
  g_autofree char *beside = g_canonicalize_filename(name, base);
  take_from(x, x->by_path, below + 1, self, NULL, out);
  if (out->len == 0) take_from(x, x->by_path, beside + 1, self, NULL, out);
}

/* Repositories in folders whose name holds the owner's, and such folders' names for repositories. */
static void take_flat(const DeclaredIndex *x, unsigned self, const char *name, GArray *out) {
  g_auto(GStrv) flat = base_name_flattened(name), full = base_name_unflattened(base_name_last(name));
  for (char **p = flat; *p && out->len == 0; p++) take_from(x, x->by_last, *p, self, NULL, out);
  for (char **p = full; *p && out->len == 0; p++) take_from(x, x->by_full, *p, self, NULL, out);
}

/* `organisation`: those of another owner are left out; NULL: any owner's will do. */
static void take_named(const DeclaredIndex *x, unsigned self, const char *name, const char *organisation, GArray *out) {
  const char *last = base_name_last(name);
  g_autofree char *two = last_two(name);
  take_from(x, x->by_full, name, self, NULL, out);
  if (out->len == 0 && base_is_local_path(name)) take_path(x, self, name, out);
  if (out->len == 0 && base_is_local_path(name) && two) take_from(x, x->by_full, two, self, NULL, out);
  if (out->len == 0) take_flat(x, self, name, out);
  if (out->len == 0 && !base_name_is_generic(last)) take_from(x, x->by_last, last, self, organisation, out);
  if (out->len == 0) take_path(x, self, name, out);
}

GArray *declared_resolve(DeclaredIndex *x, unsigned self, const char *name) {
  fill(x);
  GArray *out = g_array_new(FALSE, FALSE, sizeof(unsigned));
  take_named(x, self, name, name, out);
  g_autofree char *whole = out->len == 0 ? base_name_unquantised(name) : NULL;
  /* Quantised copies are mostly offered by somebody else. */
  if (whole) take_named(x, self, whole, NULL, out);
  return out;
}

bool declared_step(const char *path, char **run, guint64 *step) {
  uint64_t number;
  if (!training_run_pattern(path, run, &number)) return false;
  *step = number;
  return true;
}
