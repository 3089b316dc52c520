/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a downloaded revision is there: links of a Hub cache may lead to blobs that never came. */
#pragma once

#include <stdbool.h>

typedef enum { SNAPSHOT_BARE, SNAPSHOT_PART, SNAPSHOT_WHOLE } SnapshotState;

/* Looks at the folder `name` of the one open as `fd`, three levels deep. BARE: no weight file in it. PART: a weight
 * file that is a broken link, one of several parts of which others are missing, an index without its parts, or a
 * pipeline's component without its weights. Safe from any thread. */
SnapshotState snapshot_state(int fd, const char *name);

/* True when a weight file of the folder `path` (from the one open as `fd`) has a name that tools give without asking: a
 * file of such a name elsewhere is another revision of it. Safe from any thread. */
bool snapshot_has_generic(int fd, const char *path);

/* True for such a name, and for a part of a model of such a name. */
bool snapshot_is_generic(const char *name);
