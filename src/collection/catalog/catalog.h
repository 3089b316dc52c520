/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: what the last scan found, kept in SQLite, so that the next one opens only what
 * changed. Every change is one transaction. May be used from several threads; calls wait for
 * one another. All errors are COPSE_ERROR_STATE. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/model.h"
#include "collection/walk/walk.h"

typedef struct Catalog Catalog;

/* Opens or makes the catalog in the file `path`; one that is damaged or too new is set aside and
 * a fresh one made. NULL: in memory. */
Catalog *catalog_open(const char *path, GError **error);

/* The same, but in memory: a copy of the file, which is neither changed nor needed. */
Catalog *catalog_open_copy(const char *path, GError **error);

void catalog_free(Catalog *catalog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Catalog, catalog_free)

/* True once a call failed because the file's content is damaged. Then catalog_rebuild() sets the
 * file aside and starts afresh. */
bool catalog_is_damaged(Catalog *catalog);
bool catalog_rebuild(Catalog *catalog, GError **error);

/* One file that a model, or a failure to read one, was made of. */
typedef struct {
  char *owner; /* the candidate's path */
  char *path;
  FileStamp stamp;
} CatalogFile;

/* All such files, by owner and path (bytewise). `generation` is that of the readers: when it is
 * another than the stored one, what the old readers saw is worth nothing, and the stamps are
 * made such that none matches a file. Array of CatalogFile; free with g_array_unref. */
GArray *catalog_files(Catalog *catalog, unsigned generation, GError **error);

/* The paths (char*, owned) of the files that one candidate is made of, by path. */
GPtrArray *catalog_files_of(Catalog *catalog, const char *owner, GError **error);

/* What was read for one candidate. */
typedef struct {
  const char *owner;
  const GArray *files;    /* of FileRef */
  const Model *model;     /* NULL: none could be read */
  const GPtrArray *skips; /* of WalkSkip */
} CatalogEntry;

/* Stores n entries in one transaction, over what their owners had. The models' ids stay where
 * their paths did; their trees are forgotten. */
bool catalog_store(Catalog *catalog, const CatalogEntry *entries, size_t n, GError **error);

/* Ends a scan in one transaction: removes the rows of the owners in `gone` (char *) and lists
 * the walk's own skips. Writes nothing when nothing changed. */
bool catalog_finish(Catalog *catalog, const GPtrArray *gone, const GPtrArray *skips, GError **error);

/* How many models and skipped files there are, and the models' bytes. */
bool catalog_totals(Catalog *catalog, unsigned *models, unsigned *skipped, uint64_t *bytes, GError **error);

/* Takes over, in one transaction, what the catalog in the file `path` has of the same collection, that of `root`: models,
 * files, skips, values. Fails when it is another's, and takes nothing then. */
bool catalog_merge(Catalog *catalog, const char *path, const char *root, GError **error);

/* Models, files and skips in one block, for another process; NULL with an error. Named values do not go along. */
GBytes *catalog_pack(Catalog *catalog, GError **error);

/* Takes such a block in, in one transaction, over what there is of the same paths. */
bool catalog_unpack(Catalog *catalog, GBytes *packed, GError **error);

/* All models by path. Array of Model*, owned. */
GPtrArray *catalog_models(Catalog *catalog, GError **error);

/* All skipped files by path: WalkSkip, owned. */
GPtrArray *catalog_skipped(Catalog *catalog, GError **error);

/* trees[i] belongs to models[i]. */
bool catalog_store_trees(Catalog *catalog, const GPtrArray *models, const int *trees, GError **error);

/* Named values. catalog_get: NULL without an error when there is none. */
bool catalog_put(Catalog *catalog, const char *space, const char *key, GBytes *value, GError **error);
GBytes *catalog_get(Catalog *catalog, const char *space, const char *key, GError **error);
