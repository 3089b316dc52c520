/* SPDX-License-Identifier: Apache-2.0 */
/* libarchive tells how far it has read, which is where the data begin; what stands before them is
 * read again and must agree, or the member is read through libarchive instead. */
#include "archives/archive_place.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "archives/archive_kind.h"

enum {
  TAR_BLOCK = 512,
  TAR_SIZE = 124,
  TAR_TYPE = 156,
  ZIP_LOCAL = 30,    /* bytes of a local header before its name */
  ZIP_BEFORE = 8192, /* how far before the data a local header is looked for */
};

static uint64_t read_le(const unsigned char *p, int n) {
  uint64_t value = 0;
  for (int i = n; i-- > 0;) value = value << 8 | p[i];
  return value;
}

/* The block before the data must be the header of a plain file of that size. An extended header
 * may have given another size, which is then not in that block. */
static bool tar_agrees(ByteSource *source, uint64_t start, uint64_t size, bool extended) {
  unsigned char header[TAR_BLOCK];
  uint64_t said;
  if (start < TAR_BLOCK || !byte_source_read(source, start - TAR_BLOCK, header, TAR_BLOCK, NULL)) return false;
  /* '0', '7' or, in the oldest tars, NUL: a plain file. */
  if (!archive_kind_is_tar_header(header) || !strchr("07", header[TAR_TYPE])) return false;
  return extended || (archive_kind_tar_number(header + TAR_SIZE, 12, &said) && said == size);
}

/* The local header of a stored, unencrypted member, whose name and extra field end at `end`. */
static bool is_stored_header(const unsigned char *p, size_t length, uint64_t size) {
  if (memcmp(p, "PK\3\4", 4) != 0) return false;
  if (ZIP_LOCAL + read_le(p + 26, 2) + read_le(p + 28, 2) != length) return false;
  uint64_t flags = read_le(p + 6, 2), packed = read_le(p + 18, 4);
  bool later = flags & 8; /* sizes follow the data */
  return !(flags & 1) && read_le(p + 8, 2) == 0 && (packed == size || packed == UINT32_MAX || (later && packed == 0));
}

static bool zip_agrees(ByteSource *source, uint64_t start, uint64_t size) {
  unsigned char before[ZIP_BEFORE];
  size_t n = (size_t)MIN(start, (uint64_t)ZIP_BEFORE);
  if (n < ZIP_LOCAL || !byte_source_read(source, start - n, before, n, NULL)) return false;
  for (size_t length = ZIP_LOCAL; length <= n; length++)
    if (is_stored_header(before + n - length, length, size)) return true;
  return false;
}

uint64_t archive_place_of_data(ByteSource *source, struct archive *a, struct archive_entry *e, uint64_t size) {
  int64_t at = archive_filter_bytes(a, 0);
  int format = archive_format(a), family = format & ARCHIVE_FORMAT_BASE_MASK;
  if (at < 0 || archive_filter_count(a) != 1) return UINT64_MAX;
  uint64_t start = (uint64_t)at, end = byte_source_size(source);
  if (start > end || size > end - start) return UINT64_MAX;
  bool extended = format == ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE || format == ARCHIVE_FORMAT_TAR_PAX_RESTRICTED;
  bool agrees = family == ARCHIVE_FORMAT_TAR
                    ? archive_entry_sparse_count(e) == 0 && tar_agrees(source, start, size, extended)
                    : family == ARCHIVE_FORMAT_ZIP && zip_agrees(source, start, size);
  return agrees ? start : UINT64_MAX;
}
