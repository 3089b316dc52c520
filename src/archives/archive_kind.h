/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are archives: what a name promises and what the first bytes say. */
#pragma once

#include <stdbool.h>

#include "core/source.h"

typedef enum {
  CONTAINER_NONE,
  CONTAINER_TAR,
  CONTAINER_ZIP,   /* PyTorch files and npz are zips as well */
  CONTAINER_PACKED /* 7z, or anything that is compressed as a whole */
} Container;

/* True for a name that archives have: .tar, .tar.gz, .tgz, .tar.bz2, .tbz2, .tar.xz, .txz,
 * .tar.zst, .tzst, .zip, .7z, in any case of letters. */
bool archive_kind_has_name(const char *name);

/* The name without that ending: "a.tar.gz" -> "a". The caller frees it. */
char *archive_kind_stem(const char *name);

/* What a file's first bytes say. CONTAINER_NONE as well when they cannot be read. */
Container archive_kind_sniff(ByteSource *source);

/* True when 512 bytes are the header of a tar member: the checksum is right. */
bool archive_kind_is_tar_header(const unsigned char *header);

/* A number of a tar header: octal digits, or base 256 after a byte with the high bit. False when
 * it is neither, or above 2^63. */
bool archive_kind_tar_number(const unsigned char *field, int n, uint64_t *value);
