/* SPDX-License-Identifier: Apache-2.0 */
/* A byte source over one member of an archive. One whose bytes lie in the archive as they are is a
 * window on the archive's file. A packed one is unpacked only as far as somebody reads: the first
 * 64 MB stay in memory if that is all of it; of a larger one its first 4 MB and the last few that
 * were read, and going back beyond these means reading the archive from its start again. */
#pragma once

#include "archives/archive.h"

enum {
  MEMBER_WHOLE = 64 << 20, /* kept in memory up to this size */
  MEMBER_HEAD = 4 << 20,   /* kept of a larger one */
  MEMBER_TAIL = 4 << 20,   /* kept behind the place of reading, at least */
  MEMBER_MOST_RETURNS = 32 /* to the archive's start, then reading fails */
};

/* Gets the reader back when the source is freed, at the same member as before. */
typedef void (*ArchiveRelease)(void *user, ArchiveReader *reader);

/* A source over the member that the reader is at, of which nothing was read yet; it must have no
 * problem. Takes the reader; release(user) is called once, from whichever thread drops the last
 * reference. `label` is used in messages. The source is safe for several threads at once. */
ByteSource *archive_member_source(ArchiveReader *reader, ArchiveRelease release, void *user, const char *label);
