/* SPDX-License-Identifier: Apache-2.0 */
/* A collection: a root folder, an archive or a weight file, or several of these, with the state copse keeps about it, in
 * one folder below $XDG_STATE_HOME/copse: the catalog (SQLite), experts, representations.
 *
 * A collection may be used from several threads; its catalog serialises them. With read_only
 * nothing is written anywhere: an existing catalog is read, and what is missing is scanned
 * into memory. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "collection/model.h"
#include "collection/scan_summary.h"
#include "core/progress.h"

typedef struct Collection Collection;

typedef struct {
  const char *state; /* folder for state, used as it is; NULL: the XDG default for this root */
  bool read_only;
  unsigned threads;        /* for scans; 0: all processors */
  const char *const *more; /* further folders, archives and weight files, NULL-terminated; or NULL */
  Shard shard;             /* only this part is read, into a state of its own: shard-K-of-N in the state */
} CollectionOptions;

/* Opens or creates the state of the collection at `root`: a folder, an archive or a weight file. With further ones it is
 * a collection of its own, whose paths are relative to the folder that all lie in. */
Collection *collection_open(const char *root, const CollectionOptions *options, GError **error);
void collection_free(Collection *collection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Collection, collection_free)

const char *collection_root(const Collection *collection);        /* absolute; of files, the folder they lie in */
const GPtrArray *collection_places(const Collection *collection); /* of char*, relative to the root; NULL: all of it */
const char *collection_state(const Collection *collection);       /* absolute; NULL: none on disk */
bool collection_is_read_only(const Collection *collection);

/* Where the state cannot be written (a full disk, another process, no rights) the collection goes on as a read-only one:
 * answers that need no storing are given all the same. Then this says why, and what to do; NULL otherwise. */
const char *collection_trouble(const Collection *collection);

/* A file that could hold weights but is no model, and why. */
typedef struct {
  SafeText *path;
  SafeText *reason;
} Skipped;

/* Walks the collection and brings the catalog up to date: files whose size, time and inode are
 * as before are not opened. One bad file costs one Skipped row. Runs on `threads` threads,
 * reports files done (phases "looking" and "reading", on the calling thread), and stops when
 * cancelled, keeping what was there before and what was read so far. A catalog that turns out
 * to be damaged is set aside (catalog.db.aside-N) and made anew. */
bool collection_scan(Collection *collection, const Progress *progress, ScanSummary *summary, GError **error);

/* All models by path, as of the last scan. Array of Model*, owned by the array. An empty
 * catalog is no error. */
GPtrArray *collection_models(Collection *collection, GError **error);

/* All skipped files by path. Array of Skipped*. */
GPtrArray *collection_skipped(Collection *collection, GError **error);

/* Takes what another state folder has of this collection (catalog_merge()). */
bool collection_merge(Collection *collection, const char *state, GError **error);

/* Finds a model by its path, its weight file's path, its name, or an ending of its path that only
 * it has; failing that, by a longer path that ends in its own (as a shell completes it). NULL
 * with COPSE_ERROR_NOT_FOUND, naming near misses or the candidates. A new reference. */
Model *collection_find(GPtrArray *models, const char *what, GError **error);

/* Opens the model's weights, in an archive too ("a.tar!x.safetensors"). */
WeightFile *collection_open_weights(const Collection *collection, const Model *model, GError **error);

/* The files that a model is made of, as the last scan saw them: weights, card, configurations. Paths (char*, owned)
 * relative to the root; a model in an archive has its archive alone. */
GPtrArray *collection_files(Collection *collection, const Model *model, GError **error);

/* Stores which tree each model is in: trees[i] belongs to models[i]. */
bool collection_store_trees(Collection *collection, const GPtrArray *models, const int *trees, GError **error);

/* Small named values kept in the catalog by other modules (a cached sketch, a saved query). The
 * value is copied. collection_get gives NULL without an error when there is none. */
#define COLLECTION_KEPT "ui" /* the space of what a user said: kept in files beside the catalog, which may be rebuilt */
bool collection_put(Collection *collection, const char *space, const char *key, GBytes *value, GError **error);
GBytes *collection_get(Collection *collection, const char *space, const char *key, GError **error);
