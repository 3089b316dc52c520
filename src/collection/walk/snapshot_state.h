/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a downloaded revision is there: links of a Hub cache may lead to blobs that never came. */
#pragma once

typedef enum { SNAPSHOT_BARE, SNAPSHOT_PART, SNAPSHOT_WHOLE } SnapshotState;

/* Looks at the folder `name` of the one open as `fd`, three levels deep. BARE: no weight file in it. PART: a weight
 * file that is a broken link, one of several parts of which others are missing, an index without its parts, or a pipeline's component without its
 * weights. Safe
 * from any thread. */
SnapshotState snapshot_state(int fd, const char *name);
