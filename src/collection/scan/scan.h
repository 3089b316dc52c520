/* SPDX-License-Identifier: Apache-2.0 */
/* The scan: walk, compare with the catalog, read what is new, store. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/catalog/catalog.h"
#include "collection/scan_summary.h"
#include "core/team.h"

/* Brings the catalog up to date with the folder `root` (absolute), or, when `places` is not NULL,
 * with these folders and files in it; `hidden` is left out, see walk_run(). Models are stored
 * in batches as they are read, so that a scan that is cancelled or killed is taken up where it
 * stopped; rows of vanished files go at the end. Of a shard only its own files are read, and no row
 * is removed. Phases "looking" and "reading"; notify() runs on
 * the calling thread. Several processes of a team share the reading; each ends with the leader's models. */
bool scan_run(Catalog *catalog, const char *root, const GPtrArray *places, const char *hidden, Shard shard,
              unsigned threads, Team *team, const Progress *progress, ScanSummary *summary, GError **error);
