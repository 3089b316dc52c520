/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over a collection's folders: which files could hold weights, and what lies beside
 * them. Names and stat(2) only; no file is opened, except those whose names say nothing, for their first bytes, and
 * what says which blobs of a store are of
 * interest: refs/main of a Hub repository, manifests of an Ollama store.
 *
 * Of a Hub repository the most whole revision is walked, that of refs/main before others; of the rest, weight files
 * whose names are not in it, so that nothing that is whole on disk goes unseen; names that tools give to any model count
 * as one, since they are the repository's own at another time.
 *
 * Links to folders are never followed: a folder inside the collection is found at its own
 * place, and what lies outside was not asked for. Each folder is entered once, told by device
 * and inode. Links to files are followed, since Hub snapshots are made of them. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "collection/walk/file_use.h"
#include "collection/walk/hub_layout.h"
#include "core/progress.h"

/* When none of these changed, the bytes are taken to be what they were. */
typedef struct {
  uint64_t size;
  int64_t mtime; /* nanoseconds since 1970 */
  uint64_t inode;
} FileStamp;

typedef struct {
  char *name;  /* bytes */
  char *title; /* what the store it lies in calls it (bytes), or NULL */
  WalkUse use;
  FileStamp stamp;
} WalkFile;

typedef struct {
  char *path;              /* bytes, relative to the root; "" is the root */
  GArray *files;           /* of WalkFile, by name */
  unsigned roles;          /* that its files have: 1 << WalkUse; by walk_folder_sort() */
  HubRevisions *revisions; /* when the folder is a snapshot in a Hub cache, else NULL */
  FileStamp snapshots;     /* then: of the folder that holds the snapshots */
} WalkFolder;

typedef struct {
  char *path;   /* bytes, relative to the root */
  char *reason; /* safe to show */
} WalkSkip;

typedef struct {
  GPtrArray *folders; /* of WalkFolder, by path: those that hold weights or a pipeline */
  GPtrArray *skips;   /* of WalkSkip, by path */
  uint64_t files;     /* directory entries seen, folders left out */
} Walk;

/* Walks the folder `root` on `threads` threads; of it only the folders and files of `places` (of char*, relative to
 * it, see collection/walk/places.h) unless that is NULL. What lies beside such a file is listed too, but no folder
 * there is entered. `hidden` (may be NULL) is a folder that is left out without a word: the state kept about this
 * collection. Phase "looking", done = files
 * seen; notify() runs on the calling thread. NULL with COPSE_ERROR_CANCELLED, or
 * COPSE_ERROR_IO when the root itself cannot be listed. */
Walk *walk_run(const char *root, const GPtrArray *places, const char *hidden, unsigned threads,
               const Progress *progress, GError **error);
void walk_free(Walk *walk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Walk, walk_free)

/* An empty folder of that path, and a file in it, for those who make a Walk from elsewhere; the
 * folder's files must be sorted by walk_folder_sort() before anything is found in them. */
WalkFolder *walk_folder_new(const char *path);
void walk_folder_add(WalkFolder *folder, const char *name, WalkUse use, FileStamp stamp);
void walk_folder_sort(WalkFolder *folder);

/* Frees a WalkFolder; a GDestroyNotify. */
void walk_folder_free(void *folder);

/* Frees what a folder's `revisions` points to; NULL is allowed. */
void walk_revisions_free(HubRevisions *revisions);

/* A walk without folders and skips. */
Walk *walk_new(void);

/* The file of that name, or NULL. Borrowed. */
const WalkFile *walk_folder_find(const WalkFolder *folder, const char *name);

/* Frees a WalkSkip; a GDestroyNotify. */
void walk_skip_free(void *skip);

/* Copies both strings. */
WalkSkip *walk_skip_new(const char *path, const char *reason);
