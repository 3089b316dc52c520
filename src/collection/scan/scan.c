/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/scan/scan.h"

#include <string.h>

#include "collection/scan/shard.h"
#include "collection/scan/team_reading.h"
#include "collection/walk/places.h"
#include "collection/walk/walk.h"
#include "core/parallel.h"

/* Raise this whenever a reader learns something: then all files are read anew. */
enum { READERS_GENERATION = 12 };

static bool stamps_equal(const FileStamp *a, const FileStamp *b) {
  return a->size == b->size && a->mtime == b->mtime && a->inode == b->inode;
}

/* True when the catalog's rows from..to are just the candidate's files. */
static bool is_unchanged(const Candidate *c, const GArray *known, guint from, guint to) {
  g_autoptr(GArray) files = candidate_files(c);
  if (files->len != to - from) return false;
  for (guint i = 0; i < files->len; i++) {
    const FileRef *have = &g_array_index(files, FileRef, i);
    const CatalogFile *had = &g_array_index(known, CatalogFile, from + i);
    if (strcmp(have->path, had->path) != 0 || !stamps_equal(&have->stamp, &had->stamp)) return false;
  }
  return true;
}

static const char *owner_at(const GArray *known, guint i) { return g_array_index(known, CatalogFile, i).owner; }

/* The row after those of the owner at `from`. */
static guint end_of_owner(const GArray *known, guint from) {
  guint to = from + 1;
  while (to < known->len && strcmp(owner_at(known, to), owner_at(known, from)) == 0) to++;
  return to;
}

/* What comparing the walk with the catalog gives. */
typedef struct {
  GPtrArray *pending;   /* of Candidate: new or changed */
  GPtrArray *gone;      /* of char: owners that are no more */
  GPtrArray *members;   /* of char: owners that lie in archives that are pending */
  GHashTable *archives; /* path -> Candidate */
  GHashTable *changed;  /* set of Candidate: archives that are pending */
  GHashTable *full;     /* set of Candidate: archives of which the catalog has members */
  unsigned unchanged;
} Comparison;

/* The archive that an owner lies in, or NULL. */
static Candidate *archive_of_owner(const Comparison *k, const char *owner) {
  for (const char *mark = strchr(owner, '!'); mark; mark = strchr(mark + 1, '!')) {
    g_autofree char *path = g_strndup(owner, (gsize)(mark - owner));
    Candidate *c = g_hash_table_lookup(k->archives, path);
    if (c) return c;
  }
  return NULL;
}

/* Walks candidates and catalog, both sorted, side by side. `left` gets the owners that are no
 * candidates. */
static void merge(Comparison *k, const GPtrArray *candidates, const GArray *known, GPtrArray *left) {
  guint at = 0;
  for (guint i = 0; i < candidates->len; i++) {
    Candidate *c = candidates->pdata[i];
    int order = 1;
    while (at < known->len && (order = strcmp(owner_at(known, at), c->path)) < 0) {
      g_ptr_array_add(left, (char *)owner_at(known, at));
      at = end_of_owner(known, at);
    }
    guint to = at < known->len && order == 0 ? end_of_owner(known, at) : at;
    bool same = to > at && is_unchanged(c, known, at, to);
    if (!same) g_ptr_array_add(k->pending, c);
    if (!same && c->is_archive) g_hash_table_add(k->changed, c);
    if (same && !c->is_archive) k->unchanged++;
    at = to;
  }
  for (; at < known->len; at = end_of_owner(known, at)) g_ptr_array_add(left, (char *)owner_at(known, at));
}

/* Members go with their archive: kept when it is as before, judged when it was read again. */
static void settle_left(Comparison *k, const GPtrArray *left) {
  for (guint i = 0; i < left->len; i++) {
    Candidate *c = archive_of_owner(k, left->pdata[i]);
    bool again = c && g_hash_table_contains(k->changed, c);
    if (c && !again) {
      g_hash_table_add(k->full, c);
      k->unchanged++;
    } else {
      g_ptr_array_add(again ? k->members : k->gone, left->pdata[i]);
    }
  }
}

static void compare(Comparison *k, const GPtrArray *candidates, const GArray *known) {
  g_autoptr(GPtrArray) left = g_ptr_array_new();
  for (guint i = 0; i < candidates->len; i++) {
    Candidate *c = candidates->pdata[i];
    if (c->is_archive) g_hash_table_insert(k->archives, c->path, c);
  }
  merge(k, candidates, known, left);
  settle_left(k, left);
  /* An archive of which there is no member counts itself. */
  GHashTableIter iter;
  gpointer path, c;
  g_hash_table_iter_init(&iter, k->archives);
  while (g_hash_table_iter_next(&iter, &path, &c))
    k->unchanged += !g_hash_table_contains(k->changed, c) && !g_hash_table_contains(k->full, c);
}

static void comparison_init(Comparison *k) {
  *k = (Comparison){.pending = g_ptr_array_new(),
                    .gone = g_ptr_array_new(),
                    .members = g_ptr_array_new(),
                    .archives = g_hash_table_new(g_str_hash, g_str_equal),
                    .changed = g_hash_table_new(NULL, NULL),
                    .full = g_hash_table_new(NULL, NULL)};
}

static void comparison_clear(Comparison *k) {
  g_ptr_array_unref(k->pending);
  g_ptr_array_unref(k->gone);
  g_ptr_array_unref(k->members);
  g_hash_table_unref(k->archives);
  g_hash_table_unref(k->changed);
  g_hash_table_unref(k->full);
}

/* Paths that a member of an archive could have as well. */
static GHashTable *marked_paths(const GPtrArray *candidates) {
  GHashTable *marked = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < candidates->len; i++) {
    const Candidate *c = candidates->pdata[i];
    if (strchr(c->path, '!')) g_hash_table_add(marked, c->path);
  }
  return marked;
}

/* Members of archives that were read again, and are in them no more. */
static void settle_members(Comparison *k, GHashTable *stored) {
  for (guint i = 0; i < k->members->len; i++)
    if (!g_hash_table_contains(stored, k->members->pdata[i])) g_ptr_array_add(k->gone, k->members->pdata[i]);
}

static bool read_and_finish(Catalog *catalog, const char *root, const Walk *walk, const GPtrArray *candidates,
                            Comparison *k, unsigned threads, Team *team, const Progress *progress, unsigned *opened,
                            GError **error) {
  g_autoptr(GHashTable) marked = marked_paths(candidates);
  g_autoptr(GHashTable) stored = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(HeaderCache) headers = header_cache_new();
  Reading reading = {.catalog = catalog,
                     .root = root,
                     .headers = headers,
                     .progress = progress,
                     .pending = k->pending,
                     .marked = marked,
                     .members = stored};
  bool ok = team_is_several(team) ? team_reading_all(&reading, team, candidates, threads, error)
                                  : reading_all(&reading, threads, error);
  if (!ok) return false;
  *opened = atomic_load(&reading.opened);
  settle_members(k, stored);
  return !team_leads(team) || catalog_finish(catalog, k->gone, walk->skips, error);
}

/* Beside a file that was asked for lie others; those that it is one model with come along. */
static bool is_wanted(const Candidate *c, const GPtrArray *places) {
  g_autoptr(GArray) files = candidate_files(c);
  bool wanted = false;
  for (guint i = 0; i < files->len && !wanted; i++) wanted = places_hold(places, g_array_index(files, FileRef, i).path);
  return wanted;
}

static void drop_unwanted(GPtrArray *candidates, const GPtrArray *places) {
  for (guint i = candidates->len; places && i-- > 0;)
    if (!is_wanted(candidates->pdata[i], places)) g_ptr_array_remove_index(candidates, i);
}

static bool scan_candidates(Catalog *catalog, const char *root, const Walk *walk, const GPtrArray *candidates,
                            Shard shard, unsigned threads, Team *team, const Progress *progress, ScanSummary *sum,
                            GError **error) {
  g_autoptr(GArray) known = catalog_files(catalog, READERS_GENERATION, error);
  if (!known && team_is_several(team) && team_leads(team)) team_reading_none(team);
  if (!known) return false;
  Comparison k;
  comparison_init(&k);
  compare(&k, candidates, known);
  if (shard.parts > 1) g_ptr_array_set_size(k.gone, 0); /* the others' */
  sum->unchanged = k.unchanged;
  bool ok = read_and_finish(catalog, root, walk, candidates, &k, threads, team, progress, &sum->read, error) &&
            catalog_totals(catalog, &sum->models, &sum->skipped, &sum->bytes, error);
  comparison_clear(&k);
  return ok;
}

bool scan_run(Catalog *catalog, const char *root, const GPtrArray *places, const char *hidden, Shard shard,
              unsigned threads, Team *team, const Progress *progress, ScanSummary *summary, GError **error) {
  gint64 start = g_get_monotonic_time();
  threads = threads ? threads : parallel_processors();
  g_autoptr(Walk) walk = walk_run(root, places, hidden, threads, progress, error);
  if (!walk) return false;
  g_autoptr(GPtrArray) all = candidates_from_walk(walk, root);
  drop_unwanted(all, places);
  g_autoptr(GPtrArray) candidates = shard_take(all, shard);
  ScanSummary sum = {0};
  if (!scan_candidates(catalog, root, walk, candidates, shard, threads, team, progress, &sum, error)) return false;
  sum.seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  if (summary) *summary = sum;
  return true;
}
