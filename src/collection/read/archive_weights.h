/* SPDX-License-Identifier: Apache-2.0 */
/* Weight files that are members of archives, a model in parts included: its index and its parts are
 * members of one folder. */
#pragma once

#include "archives/archive_cache.h"
#include "weights/weight_file.h"

/* Opens the member `member` of the archive file at `path`; see archive_cache_open(). The file may
 * be used after the cache is gone. `label` is used in messages: it ends in the member's path. */
WeightFile *archive_weights_open(ArchiveCache *cache, const char *path, const char *member, const char *label,
                                 GError **error);
