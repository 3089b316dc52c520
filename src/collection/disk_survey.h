/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in a collection's folder, byte by byte as du(1) counts it: every inode once, hard links and blobs that
 * repositories of a Hub cache share among them. Removes nothing. */
#pragma once

#include "collection/collection.h"

typedef enum {
  DISK_WEIGHTS,    /* weight files and archives */
  DISK_UNFINISHED, /* downloads that were cut short */
  DISK_OLD,        /* of a Hub repository, what only revisions other than the one that is read lead to */
  DISK_ORPHANED,   /* blobs of a Hub cache that no revision leads to */
  DISK_OTHER,      /* everything else, folders too */
  DISK_KINDS
} DiskKind;

typedef struct {
  uint64_t bytes[DISK_KINDS];
  GPtrArray *paths[DISK_KINDS]; /* of char*: bytes, relative to the root; of unfinished, old and orphaned files alone */
} DiskSurvey;

/* "weights", "unfinished", "old", "orphaned", "other"; and what that is in words. Static text. */
const char *disk_kind_name(DiskKind kind);
const char *disk_kind_text(DiskKind kind);

/* Walks through the folder, or through `places` in it (of char*, relative to it; NULL: all); links to folders are not
 * followed. The models (Model*) say which revision of a repository
 * is the one that is read. NULL with COPSE_ERROR_IO when nothing of it can be entered. */
DiskSurvey *disk_survey_new(const char *root, const GPtrArray *places, const GPtrArray *models, GError **error);
void disk_survey_free(DiskSurvey *survey); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DiskSurvey, disk_survey_free)
