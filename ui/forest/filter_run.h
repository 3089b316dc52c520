/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes of a forest a filter keeps, found out step by step. One that goes on with the filter before looks only at
 * what that one kept. */
#pragma once

#include "search/filter.h"
#include "session/snapshot.h"

typedef struct {
  RowFilter *filter; /* owned */
  guint64 letters;   /* that a node must have */
  guint8 *keep;      /* of each node: 0 when it is out. Those from `at` on are not known yet */
  guint n, at;       /* nodes, and how many have been looked at */
  guint kept;        /* of these */
  bool models_alone; /* parents that are not on this disk are listed nowhere, and do not count */
} FilterRun;

/* Takes the filter. `before`, a run over the same n nodes, may be NULL, and need not have come to its end. */
FilterRun *filter_run_new(RowFilter *filter, guint n, const FilterRun *before, bool models_alone);
void filter_run_free(FilterRun *run); /* NULL-safe */

/* Begins anew, over other nodes. */
void filter_run_over(FilterRun *run, guint n);

/* Looks at so many nodes, true while others are left. A filter that keeps nothing is widened, and begins anew: its words
 * may then stand inside of words. */
bool filter_run_work(FilterRun *run, const Snapshot *wood, guint nodes);
