/* SPDX-License-Identifier: Apache-2.0 */
/* A data set that HDF5 keeps in chunks, as one row of bytes. Chunks are found by a B-tree of version 1, a fixed array of one
 * page, or one by one where there is no index or one chunk alone; they may be shuffled, deflated and carry a checksum,
 * which is not looked at. A stretch of chunks side by side is unpacked at a time and kept. Seen by the hdf5*.c files
 * alone. */
#pragma once

#include "weights/formats/hdf5_object.h"

/* The data set's bytes, in row-major order. NULL without an error when it is stored in a way that is not read (another
 * filter or index, chunks that were never written, a stretch above 256 MiB); NULL with one when the file breaks the
 * rules. Addresses count from `base`. */
ByteSource *hdf5_chunks_source(ByteSource *source, uint64_t base, const Hdf5Object *o, GError **error);
