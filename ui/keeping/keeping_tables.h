/* SPDX-License-Identifier: Apache-2.0 */
/* What a collector looks at, as tables: copies in groups, the disk by parts, conflicts by severity. The screens and the
 * conversation line by line show the same rows. */
#pragma once

#include "session/keeping_jobs.h"
#include "ui/toolkit/table.h"

/* One model of a group. */
typedef struct {
  guint group;  /* in Duplicates.groups */
  guint member; /* of it */
} DuplicateRow;

typedef struct {
  const Duplicates *found; /* borrowed */
  GArray *rows;            /* of DuplicateRow: the groups that free most first, of each the kept one first */
  GHashTable *tagged;      /* set of groups; NULL: none */
} DuplicateRows;

/* Its rows: a DuplicateRows. */
extern const TableKind duplicate_table;

/* Fills in rows for what was found (NULL: none); the caller frees them with g_array_unref. */
GArray *duplicate_rows_new(const Duplicates *found);

const KeepGroup *duplicate_group(const DuplicateRows *rows, guint row);
const KeepMember *duplicate_member(const DuplicateRows *rows, guint row);

/* "3 copies in 2 groups; 12 MB free without them". The caller frees it. */
char *duplicates_text(const Duplicates *found);

/* One side of a report. */
typedef struct {
  const SpaceReport *report;
  SpaceSide side;
} SpaceRows;

/* Its rows: a SpaceRows. */
extern const TableKind space_table;

/* Its rows: a Conflicts. */
extern const TableKind conflict_table;
