/* SPDX-License-Identifier: Apache-2.0 */
/* What one pass over an archive finds: its members of interest, each with what was read of it while
 * passing, and the rows for what was left out. Inside the archive scan: seen by archive_items.c
 * and archive_scan.c alone. */
#pragma once

#include "archives/archive.h"
#include "collection/read/archive_weights.h"
#include "collection/walk/candidate.h"
#include "archives/archive_kind.h"
#include "collection/read/weight_summary.h"

typedef enum {
  ARCHIVE_SCAN_DONE,    /* what could be read was passed on; the rest is in `skips` */
  ARCHIVE_SCAN_WEIGHTS, /* not an archive of models, but a weight file: nothing was passed on */
  ARCHIVE_SCAN_STOPPED  /* the token is set, or `found` said so */
} ArchiveScanEnd;

/* A member. */
typedef struct {
  WalkUse use;
  uint64_t size;
  WeightSummary *summary; /* of weights */
  GBytes *text;           /* of what lies beside them */
  char *reason;           /* why there is neither */
  char *target;           /* of a link that was not followed yet */
  bool twice;
} ArchiveItem;

typedef struct {
  const char *archive; /* relative to the root; borrowed */
  char *full, *prefix; /* "ROOT/a.tar", "a.tar!" */
  ByteSource *source;
  ArchiveReader *reader; /* NULL while a member's source has it */
  Container container;
  GHashTable *table;       /* path -> ArchiveItem */
  GPtrArray *skips;        /* of WalkSkip, borrowed */
  unsigned left_out;       /* rows beyond the limit */
  uint64_t text, metadata; /* bytes that are kept */
  ArchiveCache *cache;     /* members by name, once all are known */
  unsigned opened;         /* weight files */
} ArchiveItems;

void archive_items_init(ArchiveItems *items, const char *root, const char *archive, GPtrArray *skips);
void archive_items_clear(ArchiveItems *items);

/* Opens the archive and passes over it; then what came twice is dropped and links are followed. */
ArchiveScanEnd archive_items_read(ArchiveItems *items, const ArchiveLimits *limits, const Progress *progress);

/* Adds a row, or counts it once there are too many. `member` NULL: the archive itself. */
void archive_items_skip(ArchiveItems *items, const char *member, const char *reason);

/* A reader's message without the member's or the archive's name in front. The caller frees it. */
char *archive_items_reason(const ArchiveItems *items, const GError *error, const char *member);
