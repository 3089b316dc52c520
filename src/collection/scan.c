/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/scan.h"

#include <string.h>

#include "collection/candidate.h"
#include "collection/model_reader.h"
#include "collection/walk.h"
#include "core/parallel.h"

/* Raise this whenever a reader learns something: then all files are read anew. */
enum { READERS_GENERATION = 1 };

/* Candidates that a thread reads between two transactions. */
enum { BATCH = 256 };

/* What one candidate gave, until it is stored. */
typedef struct {
  const Candidate *candidate;
  GArray *files;
  Model *model; /* may be NULL */
  GPtrArray *skips;
} Result;

typedef struct {
  Catalog *catalog;
  const char *root;
  const Progress *progress;
  const GPtrArray *pending; /* of Candidate */
  GArray **batches;         /* of Result, one a thread */
  atomic_uint done, opened;
  GMutex lock;              /* of error */
  GError *error;            /* the first */
} Reading;

static void result_clear(void *data) {
  Result *r = data;
  g_array_unref(r->files);
  g_ptr_array_unref(r->skips);
  model_unref(r->model);
}

static void keep_first(Reading *reading, GError *error) {
  g_mutex_lock(&reading->lock);
  if (reading->error)
    g_error_free(error);
  else
    reading->error = error;
  g_mutex_unlock(&reading->lock);
}

static bool store_batch(Reading *reading, GArray *batch) {
  g_autofree CatalogEntry *entries = g_new(CatalogEntry, batch->len + 1);
  for (guint i = 0; i < batch->len; i++) {
    const Result *r = &g_array_index(batch, Result, i);
    entries[i] = (CatalogEntry){r->candidate->path, r->files, r->model, r->skips};
  }
  GError *error = NULL;
  bool ok = batch->len == 0 || catalog_store(reading->catalog, entries, batch->len, &error);
  g_array_set_size(batch, 0);
  if (!ok) keep_first(reading, error);
  return ok;
}

static bool read_one(void *user, size_t item, unsigned thread) {
  Reading *reading = user;
  const Candidate *c = reading->pending->pdata[item];
  unsigned opened;
  Result r = {.candidate = c, .files = candidate_files(c),
              .skips = g_ptr_array_new_with_free_func(walk_skip_free)};
  r.model = model_read(reading->root, c, r.skips, &opened);
  g_array_append_val(reading->batches[thread], r);
  atomic_fetch_add(&reading->opened, opened);
  unsigned done = atomic_fetch_add(&reading->done, 1) + 1;
  if (reading->batches[thread]->len == BATCH && !store_batch(reading, reading->batches[thread]))
    return false;
  return thread != 0 ||
         progress_step(reading->progress, "reading", done, reading->pending->len, NULL);
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
    if (strcmp(have->path, had->path) != 0 || !stamps_equal(&have->stamp, &had->stamp))
      return false;
  }
  return true;
}

static const char *owner_at(const GArray *known, guint i) {
  return g_array_index(known, CatalogFile, i).owner;
}

/* The row after those of the owner at `from`. */
static guint end_of_owner(const GArray *known, guint from) {
  guint to = from + 1;
  while (to < known->len && strcmp(owner_at(known, to), owner_at(known, from)) == 0) to++;
  return to;
}

/* Walks candidates and catalog, both sorted, side by side: `pending` gets the candidates that are
 * new or changed, `gone` the owners that are no more. Returns how many stayed as they were. */
static unsigned compare(const GPtrArray *candidates, const GArray *known, GPtrArray *pending,
                        GPtrArray *gone) {
  unsigned unchanged = 0;
  guint at = 0;
  for (guint i = 0; i < candidates->len; i++) {
    Candidate *c = candidates->pdata[i];
    int order = 1;
    while (at < known->len && (order = strcmp(owner_at(known, at), c->path)) < 0) {
      g_ptr_array_add(gone, (char *)owner_at(known, at));
      at = end_of_owner(known, at);
    }
    guint to = at < known->len && order == 0 ? end_of_owner(known, at) : at;
    if (to > at && is_unchanged(c, known, at, to))
      unchanged++;
    else
      g_ptr_array_add(pending, c);
    at = to;
  }
  for (; at < known->len; at = end_of_owner(known, at))
    g_ptr_array_add(gone, (char *)owner_at(known, at));
  return unchanged;
}

bool scan_run(Catalog *catalog, const char *root, const char *hidden, unsigned threads,
              const Progress *progress, ScanSummary *summary, GError **error) {
  gint64 start = g_get_monotonic_time();
  threads = threads ? threads : parallel_processors();
  g_autoptr(Walk) walk = walk_run(root, hidden, threads, progress, error);
  if (!walk) return false;
  g_autoptr(GArray) known = catalog_files(catalog, READERS_GENERATION, error);
  if (!known) return false;
  g_autoptr(GPtrArray) candidates = candidates_from_walk(walk, root);
  g_autoptr(GPtrArray) pending = g_ptr_array_new(), gone = g_ptr_array_new();
  ScanSummary sum = {.unchanged = compare(candidates, known, pending, gone)};
  Reading reading = {.catalog = catalog, .root = root, .progress = progress, .pending = pending};
  if (!read_pending(&reading, threads, error)) return false;
  if (!catalog_finish(catalog, gone, walk->skips, error)) return false;
  sum.read = atomic_load(&reading.opened);
  if (!catalog_totals(catalog, &sum.models, &sum.skipped, &sum.bytes, error)) return false;
  sum.seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  if (summary) *summary = sum;
  return true;
}
