/* SPDX-License-Identifier: Apache-2.0 */
/* The Hub cache's layout of a repository:
 *
 *   models--ORG--NAME/blobs/SHA256             the bytes, once
 *                     refs/main                 the commit that "main" was at the last download
 *                     snapshots/COMMIT/FILE -> ../../blobs/SHA256
 *                     .no_exist/COMMIT/FILE     empty: asked for and not there */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* True for the folder name of a cached repository: models--, datasets-- or spaces-- before a
 * name. */
bool hub_is_repository(const char *folder_name);

/* The repository that a path (any bytes, '/' between components) lies in, by the last
 * component that names one. *rest gets what follows the snapshot's commit ("" for the snapshot
 * itself; borrowed from path; may be NULL). NULL when the path is inside no snapshot. The
 * caller frees it. */
char *hub_name_of_path(const char *path, const char **rest);

/* The folder of the snapshot that a path lies in, ".../models--ORG--NAME/snapshots/COMMIT", and that of its repository.
 * NULL, and nothing in *repository, when the path is inside no snapshot. The caller frees both. */
char *hub_snapshot_of_path(const char *path, char **repository);

/* True for a path below the blobs of a model repository. */
bool hub_is_blob(const char *path);

/* The downloaded revisions of a repository. */
typedef struct {
  char *chosen;      /* the commit that refs/main names if its weights are all there, else the newest whose are;
                        else the one with some of them */
  bool by_ref;       /* refs/main named it */
  char *note;        /* why it is another than refs/main names, safe to show; or NULL */
  GPtrArray *others; /* of char, sorted */
  GPtrArray *rest;   /* of char: of these, those that hold weights, newest first */
} HubRevisions;

/* Lists those of the repository whose folder is open as `fd`. False, and nothing in *revisions,
 * when there is none; errno is 0 then, or says why they cannot be listed. Safe from any thread. */
bool hub_list_revisions(int fd, HubRevisions *revisions);
void hub_revisions_clear(HubRevisions *revisions);
