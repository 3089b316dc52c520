/* SPDX-License-Identifier: Apache-2.0 */
/* Where the disk went, from several sides: the models' bytes by tree, store, format, revision and age, and the whole
 * folder as du(1) counts it. */
#pragma once

#include "collection/disk_survey.h"
#include "lineage/forest/forest.h"

typedef enum {
  SPACE_DISK,     /* the folder: weights, downloads cut short, old revisions, blobs nothing leads to, the rest */
  SPACE_TREE,     /* the root's name */
  SPACE_STORE,    /* a Hub cache, or the folder right below the collection's */
  SPACE_FORMAT,   /* of the weight file */
  SPACE_REVISION, /* of Hub repositories: the one that is read */
  SPACE_AGE,      /* the year in which the weight file was last written */
  SPACE_SIDES
} SpaceSide;

/* "disk", "tree", "store", "format", "revision", "age". Static text. */
const char *space_side_name(SpaceSide side);

typedef struct {
  SafeText *name;
  uint64_t bytes;
  guint models; /* 0 of the disk's parts, which are files */
} SpacePart;

typedef struct {
  GPtrArray *parts[SPACE_SIDES]; /* of SpacePart*, the largest first */
  uint64_t bytes[SPACE_SIDES];   /* all of them together */
} SpaceReport;

/* `survey` may be NULL: the disk's side is empty then. The weight files' times are asked of the disk below `root`. */
SpaceReport *space_report_new(const char *root, const Forest *forest, const DiskSurvey *survey);
void space_report_free(SpaceReport *report); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpaceReport, space_report_free)
