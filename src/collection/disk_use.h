/* SPDX-License-Identifier: Apache-2.0 */
/* What files take on the disk as du(1) counts it, and what removing them gives back. copse removes nothing itself. */
#pragma once

#include "collection/collection.h"

/* The paths (char*, relative to the root, owned) that go with a model: its weight files, and the blobs of a Hub cache
 * that nothing but its own links leads to. Empty for a model inside an archive. NULL on a damaged catalog. */
GPtrArray *disk_paths_of(Collection *collection, const Model *model, GError **error);

/* Bytes that come free when all these paths (relative to `root`) are removed at once: blocks of every inode of which
 * no other name is left, but for what files share by reference (collection/extents.h): that stays while any of them does,
 * and who else has it is not told. A path that is not there counts nothing. */
uint64_t disk_freed(const char *root, const GPtrArray *paths);
