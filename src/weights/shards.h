/* SPDX-License-Identifier: Apache-2.0 */
/* A model in parts as one WeightFile: the files that an index names
 * ("model.safetensors.index.json", "pytorch_model.bin.index.json"), or, without an index, those
 * whose names count them ("model-00001-of-00003.gguf"). The parts may be of any format.
 *
 * What counts: each tensor of the index must be in the part that the index gives for it. Tensors
 * that the index does not name count as well, since those who load such models load whole parts;
 * the metadata "index.unmapped_tensors" says how many. Of a tensor that several parts hold, the
 * one that the index names counts; without an index it is an error.
 *
 * Opening reads the headers of all parts. Reading opens a part when it is needed and keeps a few
 * of them open; a part that was replaced meanwhile gives an error. The same rules for threads as
 * for every WeightFile. */
#pragma once

#include "weights/weight_file.h"

/* Where parts come from. open() gets a plain name and fails with COPSE_ERROR_NOT_FOUND when there
 * is no such part; it is called by one thread at a time, twice for each part while the model is
 * opened. free(), which may be NULL, is called once. */
typedef struct {
  ByteSource *(*open)(void *data, const char *name, GError **error);
  void (*free)(void *data);
} ShardFolder;

/* How a part is read: weight_file_open_source(), which stands above this. */
typedef WeightFile *(*ShardReader)(ByteSource *part, GError **error);

/* Opens the model of an index. `data` is taken, also on failure; `folder` must outlive the file. */
WeightFile *shards_open(ByteSource *index, const ShardFolder *folder, void *data, ShardReader read, GError **error);

/* True when the path's name is that of an index, or of the first of several parts: such a path
 * stands for the whole model. Looks at the name alone. */
bool shards_stand_at(const char *path);

/* The bare names that the index at `path` lists, each once, sorted; NULL with an error when it cannot be read. The
 * caller frees them. */
GPtrArray *shards_listed(const char *path, GError **error);

/* Opens the model that such a path stands for; parts are looked for in the path's folder. */
WeightFile *shards_open_path(const char *path, ShardReader read, GError **error);
