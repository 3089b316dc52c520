/* SPDX-License-Identifier: Apache-2.0 */
/* What unpacking costs in memory, told before anything is unpacked: a 7z or xz says how large a dictionary its packer
 * used, and whoever unpacks it must keep one as large, whatever the archive's own size. */
#pragma once

#include <stdbool.h>

#include "core/source.h"

/* Larger ones are refused. 7-Zip's "ultra" uses 64 MiB. */
enum { DICTIONARY_MOST = 192 << 20 };

/* False, with an error that says how much it asks for, when the archive cannot be unpacked within DICTIONARY_MOST, or is
 * a 7z whose header does not tell. True for every other file. Reads headers alone, and unpacks the one of a 7z when that
 * is packed itself; costs at most as much memory. Any thread. */
bool dictionary_check(ByteSource *source, GError **error);
