/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a ZIP archive over any byte source (ZIP64 too), for PyTorch files and npz:
 * members are read in place, never unpacked to disk. Strict: local and central headers must agree,
 * names must be unique, no member may overlap another or leave the file, encrypted members are
 * refused. */
#pragma once

#include "core/source.h"
#include "core/text.h"

typedef struct {
  char *name;      /* bytes as stored, without NUL */
  uint64_t size;   /* unpacked */
  uint64_t packed; /* as stored */
  uint64_t start;  /* of the packed bytes in the source */
  bool stored;     /* false: deflated */
  uint32_t crc;
} ZipMember;

typedef struct ZipFile ZipFile;

/* True when the first bytes say ZIP. */
bool zip_matches(const unsigned char *head, size_t n);

/* Reads the directory only. Keeps a reference to the source. */
ZipFile *zip_open(ByteSource *source, GError **error);
void zip_free(ZipFile *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ZipFile, zip_free)

/* What it was opened on; borrowed. */
ByteSource *zip_source(const ZipFile *zip);

size_t zip_count(const ZipFile *zip);
const ZipMember *zip_member(const ZipFile *zip, size_t i);
const ZipMember *zip_find(const ZipFile *zip, const char *name); /* NULL: not there */

/* A source over one member: a window for a stored one; for a deflated one its unpacked bytes in
 * memory, at most `limit` (an error above it, or when the ratio is a bomb's). The CRC of what is
 * unpacked into memory is checked; that of a stored member is not, since PyTorch may be told to
 * leave it out. Safe to call from several threads at once. */
ByteSource *zip_member_source(ZipFile *zip, const ZipMember *member, uint64_t limit, GError **error);

/* The unpacked bytes themselves, of a stored member too; likewise bounded and checked. */
GBytes *zip_member_bytes(ZipFile *zip, const ZipMember *member, uint64_t limit, GError **error);

/* A source over at most the first `n` bytes of a member, unpacking no more; without CRC. */
ByteSource *zip_member_head(ZipFile *zip, const ZipMember *member, size_t n, GError **error);
