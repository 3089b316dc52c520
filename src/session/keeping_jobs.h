/* SPDX-License-Identifier: Apache-2.0 */
/* What a collector asks of the collection as a whole, as jobs: which copies could go, where the disk went, what
 * models say against their weights. Each holds the snapshot that its nodes are numbers of. None waits behind a
 * training. */
#pragma once

#include "lineage/forest/conflicts.h"
#include "session/session.h"
#include "session/space_report.h"

typedef struct {
  Snapshot *wood;
  KeepRule rule;
  GPtrArray *groups; /* of KeepGroup* */
  uint64_t frees;    /* when everything goes that is not kept */
} Duplicates;

/* Duplicates*, at once on the caller's thread, and as a job. NULL with an error. */
Duplicates *duplicates_find(const Engine *engine, Snapshot *wood, KeepRule rule, GError **error);
void duplicates_free(gpointer duplicates); /* NULL-safe */
guint64 engine_duplicates(const Engine *engine, Snapshot *wood, KeepRule rule, JobDone done, gpointer user);

/* SpaceReport*, likewise. */
SpaceReport *space_measure(const Engine *engine, Snapshot *wood, GError **error);
void engine_free_space(gpointer report);
guint64 engine_space(const Engine *engine, Snapshot *wood, JobDone done, gpointer user);

typedef struct {
  Snapshot *wood;
  GPtrArray *list; /* of Conflict*: the most severe first */
} Conflicts;

/* Conflicts*, likewise. */
Conflicts *conflicts_find(Snapshot *wood);
void conflicts_free(gpointer conflicts); /* NULL-safe */
guint64 engine_conflicts(const Engine *engine, Snapshot *wood, JobDone done, gpointer user);
