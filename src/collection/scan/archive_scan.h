/* SPDX-License-Identifier: Apache-2.0 */
/* From an archive to the models in it: one pass over its members, in which the headers of weight
 * files and what lies beside them are read; then folders are told as they are on a disk. An archive
 * in an archive is not opened, unless it is a weight file (PyTorch's are zips); links are
 * followed to other members alone; a member whose path leaves the archive, that comes twice or is
 * encrypted costs a row. */
#pragma once

#include "collection/scan/archive_items.h"
#include "collection/walk/candidate.h"
#include "collection/model.h"

/* Gets each model, and owns it; returns false to stop. Paths are "ARCHIVE!MEMBER". */
typedef bool (*ArchiveFound)(void *user, Model *model);

/* Scans the archive that a candidate names, below the folder `root` (absolute). `skips`, which is
 * empty, gets a WalkSkip for what was left out, at most 1,000 and a last one that says how many
 * more there were. `opened` is raised by the number of weight files opened. Safe from several
 * threads at once. */
ArchiveScanEnd archive_scan(const char *root, const Candidate *candidate, const ArchiveLimits *limits,
                            const Progress *progress, ArchiveFound found, void *user, GPtrArray *skips,
                            unsigned *opened);
