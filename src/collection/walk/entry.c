/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/entry.h"

#include <string.h>

#include "collection/walk/weight_names.h"
#include "weights/shard_name.h"
#include "weights/shards.h"

/* While a folder's files are joined. */
typedef struct {
  const WalkFolder *folder;
  const char *root;
  GPtrArray *entries; /* of Entry */
  GHashTable *sets;   /* "WHOLE/PARTS" -> Entry, borrowed */
  bool adapter;       /* adapters are looked for */
} Joining;

static void ref_clear(void *data) { g_free(((FileRef *)data)->path); }

GArray *file_refs_new(void) {
  GArray *refs = g_array_new(FALSE, FALSE, sizeof(FileRef));
  g_array_set_clear_func(refs, ref_clear);
  return refs;
}

static void entry_free(void *data) {
  Entry *e = data;
  g_free(e->name);
  g_free(e->main.path);
  g_array_unref(e->rest);
  g_free(e);
}

FileRef file_ref_of(const WalkFolder *folder, const WalkFile *file) {
  const char *path = folder->path;
  return (FileRef){.path = *path ? g_strconcat(path, "/", file->name, NULL) : g_strdup(file->name),
                   .stamp = file->stamp};
}

/* Takes both. */
static Entry *entry_new(const Joining *j, char *name, FileRef main) {
  Entry *e = g_new0(Entry, 1);
  *e = (Entry){name, weight_name_rank(name, j->adapter), main, file_refs_new(), false};
  g_ptr_array_add(j->entries, e);
  return e;
}

static char *set_key(const char *whole, guint parts) { return g_strdup_printf("%s/%u", whole, parts); }

/* A part joins the others of its whole and count; the first stands for all until an index comes. Takes `whole`. */
static void add_part(Joining *j, char *whole, guint parts, FileRef ref) {
  g_autofree char *key = set_key(whole, parts);
  Entry *e = g_hash_table_lookup(j->sets, key);
  if (e) {
    g_array_append_val(e->rest, ref);
    e->main.found++;
    g_free(whole);
    return;
  }
  ref.parts = parts;
  ref.found = 1;
  g_hash_table_insert(j->sets, g_steal_pointer(&key), entry_new(j, whole, ref));
}

/* The index stands for the set from now on. A complete one may still be read without it. */
static void lead(Entry *e, FileRef index) {
  if (e->main.parts == 1) { /* one part is the whole: the index joins nothing */
    g_array_append_val(e->rest, index);
    return;
  }
  FileRef first = e->main;
  index.parts = first.parts;
  index.found = first.found;
  e->fallback = first.found == first.parts;
  g_array_prepend_val(e->rest, first);
  e->main = index;
}

/* The sets of a whole that no index leads yet: how many, and one of them; a complete one if there is one. */
static guint sets_of(const Joining *j, const char *whole, Entry **one) {
  guint n = 0;
  *one = NULL;
  for (guint i = 0; i < j->entries->len; i++) {
    Entry *e = j->entries->pdata[i];
    if (e->main.parts == 0 || strcmp(e->name, whole) != 0 || g_str_has_suffix(e->main.path, ".json")) continue;
    if (!*one || e->main.found == e->main.parts) *one = e;
    n++;
  }
  return n;
}

/* Index of the entry that the file of the folder stands for alone or begins or is a part of; -1: none. */
static int entry_with(const Joining *j, const char *name) {
  const WalkFile *file = walk_folder_find(j->folder, name);
  if (!file) return -1;
  FileRef ref = file_ref_of(j->folder, file);
  g_autofree char *path = ref.path;
  for (guint i = 0; i < j->entries->len; i++) {
    const Entry *e = j->entries->pdata[i];
    if (strcmp(e->main.path, path) == 0) return (int)i;
    for (guint k = 0; k < e->rest->len; k++)
      if (strcmp(g_array_index(e->rest, FileRef, k).path, path) == 0) return (int)i;
  }
  return -1;
}

/* The entry becomes the index's own: its files are parts of it. */
static void swallow(Joining *j, Entry *into, int which) {
  Entry *e = j->entries->pdata[which];
  if (e == into) return;
  FileRef main = e->main;
  main.parts = main.found = 0;
  g_array_append_val(into->rest, main);
  g_array_append_vals(into->rest, e->rest->data, e->rest->len);
  e->main.path = NULL;
  g_array_set_clear_func(e->rest, NULL);
  g_ptr_array_remove_index(j->entries, (guint)which);
}

/* Joins what the index lists, whatever the names. False when it cannot be read, or lists nothing that is here. */
static bool join_listed(Joining *j, FileRef index, const char *whole) {
  g_autofree char *path = g_build_filename(j->root, index.path, NULL);
  g_autoptr(GPtrArray) names = shards_listed(path, NULL);
  guint found = 0;
  for (guint i = 0; names && i < names->len; i++) found += entry_with(j, names->pdata[i]) >= 0;
  if (!found) return false;
  index.parts = names->len;
  index.found = found;
  Entry *e = entry_new(j, g_strdup(whole), index);
  for (guint i = 0; i < names->len; i++) {
    int which = entry_with(j, names->pdata[i]);
    if (which >= 0) swallow(j, e, which);
  }
  return true;
}

/* An index without any part stands for one part that is absent. */
static void add_index(Joining *j, FileRef ref, const char *name) {
  g_autofree char *whole = shard_index_whole(name);
  if (!whole) whole = g_strdup(name); /* letters of another case: nobody reads it */
  Entry *set;
  guint sets = sets_of(j, whole, &set);
  if (sets == 1 && set->main.found == set->main.parts) {
    lead(set, ref);
  } else if (join_listed(j, ref, whole)) {
    return;
  } else if (set) {
    lead(set, ref);
  } else {
    ref.parts = 1;
    entry_new(j, g_steal_pointer(&whole), ref);
  }
}

static int entry_by_rank(const void *a, const void *b) {
  const Entry *x = *(const Entry *const *)a, *y = *(const Entry *const *)b;
  guint rank_x = (guint)x->rank, rank_y = (guint)y->rank; /* -1 becomes the largest */
  return rank_x != rank_y ? (rank_x > rank_y ? 1 : -1) : strcmp(x->main.path, y->main.path);
}

/* The name of the whole when a file is a part of it; the caller frees it. A name such as
 * "-1-of-5", which folds and tries have too, is a part's only beside an index. */
static char *whole_of_part(const WalkFolder *folder, const char *name, guint *parts) {
  ShardName parsed;
  if (!shard_name_parse(name, &parsed)) return NULL;
  *parts = parsed.parts;
  g_autofree char *whole = shard_name_whole(name);
  g_autofree char *index = g_strconcat(whole, ".index.json", NULL);
  return parsed.padded || walk_folder_find(folder, index) ? g_steal_pointer(&whole) : NULL;
}

GPtrArray *entries_of_folder(const WalkFolder *folder, const char *root) {
  g_autoptr(GHashTable) sets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Joining j = {.folder = folder,
               .root = root,
               .entries = g_ptr_array_new_with_free_func(entry_free),
               .sets = sets,
               .adapter = walk_folder_find(folder, "adapter_config.json") != NULL};
  for (guint i = 0; i < folder->files->len; i++) {
    const WalkFile *f = &g_array_index(folder->files, WalkFile, i);
    guint parts;
    char *whole = f->use == WALK_WEIGHTS ? whole_of_part(folder, f->name, &parts) : NULL;
    if (whole) add_part(&j, whole, parts, file_ref_of(folder, f));
    else if (f->use == WALK_WEIGHTS) entry_new(&j, g_strdup(f->name), file_ref_of(folder, f));
  }
  /* Only now: an index may sort before the parts it names. */
  for (guint i = 0; i < folder->files->len; i++) {
    const WalkFile *f = &g_array_index(folder->files, WalkFile, i);
    if (f->use == WALK_SHARD_INDEX) add_index(&j, file_ref_of(folder, f), f->name);
  }
  g_ptr_array_sort(j.entries, entry_by_rank);
  return j.entries;
}
