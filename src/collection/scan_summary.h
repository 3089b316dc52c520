/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan has found, and how much of it was new. */
#pragma once

#include <stdint.h>

typedef struct {
  unsigned models, skipped; /* in the collection after the scan */
  unsigned read;            /* weight files opened this time */
  unsigned unchanged;       /* models and unreadable files taken from the catalog as they were */
  uint64_t bytes;           /* of all weight files */
  double seconds;
} ScanSummary;

/* Part `part` (from 1) of `parts` of a collection; {0, 0}: all of it. */
typedef struct {
  unsigned part, parts;
} Shard;
