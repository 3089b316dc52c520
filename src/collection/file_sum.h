/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of files as they lie on the disk: what other programs know a download by. */
#pragma once

#include "collection/collection.h"

/* The SHA-256 (64 hexadecimal digits) of a file, its path relative to the root. It is kept in the catalog and taken
 * from there while size and time of change are as they were; reads the whole file otherwise, a block at a time. NULL with
 * COPSE_ERROR_IO or _CANCELLED. The caller frees it. */
char *file_sum(Collection *collection, const char *path, const Progress *progress, GError **error);
