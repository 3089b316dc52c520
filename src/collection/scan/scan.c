/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/scan/scan.h"

#include <math.h>
#include <string.h>

#include "collection/scan/archive_scan.h"
#include "collection/scan/shard.h"
#include "collection/walk/candidate.h"
#include "collection/walk/places.h"
#include "collection/read/model_reader.h"
#include "collection/walk/walk.h"
#include "core/parallel.h"

/* Raise this whenever a reader learns something: then all files are read anew. */
enum { READERS_GENERATION = 12 };

/* Candidates that a thread reads between two transactions. */
enum { BATCH = 256 };

/* What one candidate gave, or one model of an archive, until it is stored. */
typedef struct {
  const char *owner; /* borrowed from the candidate or from the model */
  GArray *files;
  Model *model; /* may be NULL */
  GPtrArray *skips;
} Result;

typedef struct {
  Catalog *catalog;
  const char *root;
  const Progress *progress;
  const GPtrArray *pending; /* of Candidate */
  HeaderCache *headers;
  GHashTable *marked; /* paths of candidates that hold a "!" */
  GArray **batches;   /* of Result, one a thread */
  atomic_uint done, opened;
  _Atomic uint64_t bytes; /* of the models found so far */
  GMutex lock;            /* of what follows */
  GHashTable *members;    /* paths of models in archives that were stored, owned */
  GError *error;          /* the first */
} Reading;

static void result_clear(void *data) {
  Result *r = data;
  g_array_unref(r->files);
  g_ptr_array_unref(r->skips);
  model_unref(r->model);
}

static void keep_first(Reading *reading, GError *error) {
  g_mutex_lock(&reading->lock);
  if (reading->error) g_error_free(error);
  else reading->error = error;
  g_mutex_unlock(&reading->lock);
}

static bool store_batch(Reading *reading, GArray *batch) {
  g_autofree CatalogEntry *entries = g_new(CatalogEntry, batch->len + 1);
  for (guint i = 0; i < batch->len; i++) {
    const Result *r = &g_array_index(batch, Result, i);
    entries[i] = (CatalogEntry){r->owner, r->files, r->model, r->skips};
  }
  GError *error = NULL;
  bool ok = batch->len == 0 || catalog_store(reading->catalog, entries, batch->len, &error);
  g_array_set_size(batch, 0);
  if (!ok) keep_first(reading, error);
  return ok;
}

/* Takes the result; stores it with others once there are enough. */
static bool add_result(Reading *reading, unsigned thread, Result r) {
  GArray *batch = reading->batches[thread];
  g_array_append_val(batch, r);
  return batch->len < BATCH || store_batch(reading, batch);
}

/* An archive while it is read. */
typedef struct {
  Reading *reading;
  const Candidate *candidate;
  unsigned thread;
  GPtrArray *skips;
  bool failed; /* to store */
} Archive;

static bool add_member(void *user, Model *model) {
  Archive *a = user;
  Reading *reading = a->reading;
  if (g_hash_table_contains(reading->marked, model->path)) {
    const char *reason = "a file outside the archive has this path";
    g_ptr_array_add(a->skips, walk_skip_new(model->path, reason));
    model_unref(model);
    return true;
  }
  g_mutex_lock(&reading->lock);
  g_hash_table_add(reading->members, g_strdup(model->path));
  g_mutex_unlock(&reading->lock);
  Result r = {.owner = model->path, .files = candidate_files(a->candidate), .model = model, .skips = g_ptr_array_new()};
  a->failed = !add_result(reading, a->thread, r);
  return !a->failed;
}

/* Reads the members of an archive. True in *done unless it is a weight file itself. */
static bool read_archive(Reading *reading, const Candidate *c, Result *r, unsigned thread, unsigned *opened,
                         bool *done) {
  Archive a = {.reading = reading, .candidate = c, .thread = thread, .skips = r->skips};
  ArchiveScanEnd end =
      archive_scan(reading->root, c, &archive_limits, reading->progress, add_member, &a, r->skips, opened);
  *done = end != ARCHIVE_SCAN_WEIGHTS;
  return end != ARCHIVE_SCAN_STOPPED;
}

/* What an archive has given before a stop is kept, but the archive counts as unread. */
static bool read_candidate(Reading *reading, const Candidate *c, unsigned thread) {
  Result r = {.owner = c->path, .files = candidate_files(c), .skips = g_ptr_array_new_with_free_func(walk_skip_free)};
  unsigned opened = 0;
  bool done = false;
  if (c->is_archive && !read_archive(reading, c, &r, thread, &opened, &done)) {
    result_clear(&r);
    return false;
  }
  if (!done) r.model = model_read(reading->root, c, reading->headers, r.skips, &opened);
  if (r.model) atomic_fetch_add(&reading->bytes, r.model->bytes);
  atomic_fetch_add(&reading->opened, opened);
  return add_result(reading, thread, r);
}

static bool read_one(void *user, size_t item, unsigned thread) {
  Reading *reading = user;
  if (!read_candidate(reading, reading->pending->pdata[item], thread)) return false;
  unsigned done = atomic_fetch_add(&reading->done, 1) + 1;
  ProgressNote note = {.phase = "reading",
                       .done = done,
                       .total = reading->pending->len,
                       .bytes = atomic_load(&reading->bytes),
                       .loss = NAN,
                       .accuracy = NAN};
  return thread != 0 || progress_note(reading->progress, &note, NULL);
}

/* Reads and stores the pending candidates; what was read before a stop is stored as well. */
static bool read_pending(Reading *reading, unsigned threads, GError **error) {
  reading->batches = g_new(GArray *, threads);
  for (unsigned t = 0; t < threads; t++) {
    reading->batches[t] = g_array_new(FALSE, FALSE, sizeof(Result));
    g_array_set_clear_func(reading->batches[t], result_clear);
  }
  g_mutex_init(&reading->lock);
  const CancelToken *cancel = reading->progress ? reading->progress->cancel : NULL;
  parallel_for(reading->pending->len, threads, read_one, reading, cancel);
  for (unsigned t = 0; t < threads; t++) {
    if (!reading->error) store_batch(reading, reading->batches[t]);
    g_array_unref(reading->batches[t]);
  }
  g_free(reading->batches);
  g_mutex_clear(&reading->lock);
  if (reading->error) {
    g_propagate_error(error, reading->error);
    return false;
  }
  return progress_check(reading->progress, error);
}

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

static bool read_and_finish(Catalog *catalog, const char *root, const Walk *walk, const GPtrArray *candidates,
                            Comparison *k, unsigned threads, const Progress *progress, unsigned *opened,
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
  if (!read_pending(&reading, threads, error)) return false;
  *opened = atomic_load(&reading.opened);
  for (guint i = 0; i < k->members->len; i++)
    if (!g_hash_table_contains(stored, k->members->pdata[i])) g_ptr_array_add(k->gone, k->members->pdata[i]);
  return catalog_finish(catalog, k->gone, walk->skips, error);
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

bool scan_run(Catalog *catalog, const char *root, const GPtrArray *places, const char *hidden, Shard shard,
              unsigned threads, const Progress *progress, ScanSummary *summary, GError **error) {
  gint64 start = g_get_monotonic_time();
  threads = threads ? threads : parallel_processors();
  g_autoptr(Walk) walk = walk_run(root, places, hidden, threads, progress, error);
  if (!walk) return false;
  g_autoptr(GArray) known = catalog_files(catalog, READERS_GENERATION, error);
  if (!known) return false;
  g_autoptr(GPtrArray) all = candidates_from_walk(walk, root);
  drop_unwanted(all, places);
  g_autoptr(GPtrArray) candidates = shard_take(all, shard);
  Comparison k;
  comparison_init(&k);
  compare(&k, candidates, known);
  if (shard.parts > 1) g_ptr_array_set_size(k.gone, 0); /* the others' */
  ScanSummary sum = {.unchanged = k.unchanged};
  bool ok = read_and_finish(catalog, root, walk, candidates, &k, threads, progress, &sum.read, error) &&
            catalog_totals(catalog, &sum.models, &sum.skipped, &sum.bytes, error);
  comparison_clear(&k);
  if (!ok) return false;
  sum.seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  if (summary) *summary = sum;
  return true;
}
