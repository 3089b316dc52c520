/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a model in parts: {"metadata": {...}, "weight_map": {tensor: file, ...}}. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "weights/weight_file.h"

enum { SHARD_INDEX_MAX_BYTES = 100000000, SHARD_INDEX_MAX_SHARDS = 10000 };

typedef struct {
  GPtrArray *shards;   /* of char, owned: the files' bare names, sorted */
  GHashTable *tensors; /* SafeText, owned -> its shard's name, borrowed; empty: nobody says */
} ShardIndex;

void shard_index_init(ShardIndex *index);
void shard_index_clear(ShardIndex *index);

/* Reads the file's source into an index that is empty; scalars of "metadata" become the file's.
 * A shard must be a plain name: nothing that leads out of the index's folder. */
bool shard_index_read(WeightFile *file, ShardIndex *index, GError **error);
