/* SPDX-License-Identifier: Apache-2.0 */
/* What files share beneath their names: copies made by reference (cp --reflink, of btrfs, XFS, bcachefs). */
#pragma once

#include <stdint.h>

/* Bytes of the file that another file's bytes lie upon, so that deleting this one alone does not give them back. 0 where
 * the file system does not tell, or the file cannot be read. Links are not followed. Safe from any thread.
 *
 * Source: Linux's Documentation/filesystems/fiemap.rst (FIEMAP_EXTENT_SHARED). */
uint64_t extents_shared(const char *path);
