/* SPDX-License-Identifier: Apache-2.0 */
/* Opening members of archives by name, again and again: what is in an archive is remembered as long
 * as its file stays the same, and readers that stand somewhere in a packed one are kept, so that
 * members which are opened in the archive's order are unpacked in one pass. Safe for several
 * threads at once. */
#pragma once

#include "archives/archive_member.h"

typedef struct ArchiveCache ArchiveCache;

ArchiveCache *archive_cache_new(void);
ArchiveCache *archive_cache_ref(ArchiveCache *cache);

/* Sources that are still open stay good. */
void archive_cache_unref(ArchiveCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveCache, archive_cache_unref)

/* A source over the member `member` (as ArchiveMember.path has it) of the archive file at `path`;
 * a link that leads to another member is followed. Fails when it is not there, appears twice, or
 * has a problem. `label` is used in messages. */
ByteSource *archive_cache_open(ArchiveCache *cache, const char *path, const char *member, const char *label,
                               GError **error);

/* Takes "a.tar!x/y" below the folder `root` apart: "a.tar", and *member gets "x/y" (borrowed from
 * `file`). NULL when `file` itself is there, or no file ends before any "!". The caller frees
 * it. */
char *archive_of_path(const char *root, const char *file, const char **member);
