/* SPDX-License-Identifier: Apache-2.0 */
/* One archive file whose members are opened by name, again and again: where each member is, readers
 * that stand somewhere in it, and, of a packed one, members that are likely to be asked for next.
 *
 * Who opens members one after another does so in the order of their paths, which is not the order
 * in which they lie in the archive. From the second miss on, one pass over the archive therefore
 * keeps the member that is wanted and those that follow it by path, SHELF_KEPT bytes in all, until
 * they are opened: a packed archive is unpacked once for each SHELF_KEPT bytes and not once for
 * each member.
 * Seen by archive_cache.c alone. */
#pragma once

#include <sys/stat.h>

#include "archives/archive_member.h"

enum { SHELF_KEPT = 128 << 20 };

typedef struct ArchiveShelf ArchiveShelf;

/* Reads every header of the archive at `path` once. Damage further on does not spoil what comes
 * before it. */
ArchiveShelf *archive_shelf_open(const char *path, GError **error);
ArchiveShelf *archive_shelf_ref(ArchiveShelf *shelf);
void archive_shelf_unref(ArchiveShelf *shelf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveShelf, archive_shelf_unref)

/* True when the file at `path` is the one that the shelf was made of, unchanged. */
bool archive_shelf_is_of(const ArchiveShelf *shelf, const char *path);

/* A source over a member; it may outlive the shelf's last other reference. Safe for several threads
 * at once. */
ByteSource *archive_shelf_member(ArchiveShelf *shelf, const char *member, const char *label, GError **error);
