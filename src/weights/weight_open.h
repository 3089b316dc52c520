/* SPDX-License-Identifier: Apache-2.0 */
/* From a path or bytes to an open WeightFile, whatever its format: the one place that knows all readers. */
#pragma once

#include "weights/shards.h"
#include "weights/weight_file.h"

/* Opens a file of any known format, told by its first bytes, not by its name. The index of a
 * model in parts, or the first of them ("-00001-of-00003"), opens the whole: weights/shards.h. */
WeightFile *weight_file_open(const char *path, GError **error);

/* The same over any source; keeps a reference to it. Matrices that are packed in several tensors are shown as the
 * matrices they stand for: packed/packed.h. */
WeightFile *weight_file_open_source(ByteSource *source, GError **error);

/* The model of an index, whose parts come from `folder` (weights/shards.h); `data` is taken. */
WeightFile *weight_file_open_index(ByteSource *index, const ShardFolder *folder, void *data, GError **error);

/* True when files beside the one at `path` are a part of it, so that its path must be opened and not its bytes. Looks
 * at the name alone. */
bool weight_file_has_neighbours(const char *path);

/* True when the first bytes (32 or more) carry the mark of a weight format: for files whose names say nothing. Formats
 * without a mark of their own (msgpack, ONNX, a bare pickle) are not told. */
bool weight_file_is_marked(const unsigned char *head, size_t n);

/* The name of the i-th format that is read; NULL past the last. Static text. */
const char *weight_format_name(unsigned i);
