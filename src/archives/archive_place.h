/* SPDX-License-Identifier: Apache-2.0 */
/* Where a member's bytes lie in an archive that is not packed as a whole. Inside the archive
 * reader: seen by archive.c alone. */
#pragma once

#include <stdint.h>

#include "core/source.h"

struct archive;
struct archive_entry;

/* Call just after the member's header was read from an archive without a compression around
 * it. The place of the first of `size` bytes that lie there unchanged and whole; UINT64_MAX when
 * they are packed, in pieces, cut short, or when the header before them does not say the same. */
uint64_t archive_place_of_data(ByteSource *source, struct archive *archive, struct archive_entry *entry, uint64_t size);
