/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/scan/reading.h"

#include <math.h>

#include "collection/scan/archive_scan.h"
#include "collection/read/model_reader.h"
#include "core/parallel.h"

/* Candidates that a thread reads between two transactions. */
enum { BATCH = 256 };

/* What one candidate gave, or one model of an archive, until it is stored. */
typedef struct {
  const char *owner; /* borrowed from the candidate or from the model */
  GArray *files;
  Model *model; /* may be NULL */
  GPtrArray *skips;
} Result;

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

static GArray *batch_new(void) {
  GArray *batch = g_array_new(FALSE, FALSE, sizeof(Result));
  g_array_set_clear_func(batch, result_clear);
  return batch;
}

bool reading_all(Reading *reading, unsigned threads, GError **error) {
  reading->batches = g_new(GArray *, threads);
  for (unsigned t = 0; t < threads; t++) reading->batches[t] = batch_new();
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

bool reading_some(Reading *reading, const Candidate *const *candidates, size_t n) {
  g_autoptr(GArray) batch = batch_new();
  reading->batches = &batch;
  g_mutex_init(&reading->lock);
  bool ok = true;
  for (size_t i = 0; ok && i < n; i++) ok = !candidates[i] || read_candidate(reading, candidates[i], 0);
  if (!reading->error) store_batch(reading, batch);
  ok = ok && !reading->error;
  g_mutex_clear(&reading->lock);
  g_clear_error(&reading->error);
  reading->batches = NULL;
  return ok;
}
