/* SPDX-License-Identifier: Apache-2.0 */
/* Archives (tar, zip, 7z; a tar packed by gzip, bzip2, xz or zstd): their members one after
 * another, in one pass, over any byte source. Nothing is unpacked to the disk, no link leads out of
 * the archive, no program is started. Only archive.c and archive_place.c know libarchive.
 *
 *   while ((more = archive_reader_next(r, &error)) == 1) {
 *     const ArchiveMember *m = archive_reader_member(r);
 *     if (!m->problem) archive_reader_read(r, dst, n, &error);
 *   }
 *
 * A reader belongs to one thread at a time. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/progress.h"
#include "core/source.h"

/* What an archive may cost. */
typedef struct {
  uint64_t unpacked; /* bytes that any archive may unpack to */
  unsigned ratio;    /* a large one may unpack to so many times its size */
  unsigned entries;  /* folders included */
} ArchiveLimits;

/* 1 GiB or 100 times its size, 250,000 entries. */
extern const ArchiveLimits archive_limits;

typedef struct {
  unsigned place;      /* among all entries, from 0 */
  char *path;          /* bytes; without "." and doubled slashes unless it is harmful */
  char *target;        /* of a link that stays in the archive: the path it leads to, else NULL */
  uint64_t size;       /* unpacked */
  uint64_t start;      /* of its bytes when they lie in the archive as they are, else UINT64_MAX */
  const char *problem; /* why it cannot be read, links included, or NULL; static text */
  bool is_harmful;     /* the problem is its path: no tool gives such paths by itself */
} ArchiveMember;

typedef struct ArchiveReader ArchiveReader;

/* Opens an archive; keeps a reference to the source, and `progress` (may be NULL), whose token is
 * polled. Fails with COPSE_ERROR_UNSUPPORTED when it is none. */
ArchiveReader *archive_reader_open(ByteSource *source, const ArchiveLimits *limits, const Progress *progress,
                                   GError **error);
void archive_reader_free(ArchiveReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveReader, archive_reader_free)

/* Goes to the next member that is no folder: 1; 0 at the end; -1 with an error when the archive
 * is damaged, unpacks to too much, or the token is set. */
int archive_reader_next(ArchiveReader *reader, GError **error);

/* The member that the reader is at. Valid until the next call of archive_reader_next(). */
const ArchiveMember *archive_reader_member(const ArchiveReader *reader);

/* Reads the member's next n bytes; fails when there are fewer. After its last byte the member's
 * checksum is compared, where the format has one. */
bool archive_reader_read(ArchiveReader *reader, void *dst, size_t n, GError **error);

/* How many of the member's bytes were read. */
uint64_t archive_reader_offset(const ArchiveReader *reader);

/* A fresh reader at the same member's first byte, over the same source: the archive is read from
 * its start again. NULL with an error when that fails or the archive was changed. */
ArchiveReader *archive_reader_again(const ArchiveReader *reader, GError **error);

/* The archive file. Borrowed. */
ByteSource *archive_reader_source(const ArchiveReader *reader);
