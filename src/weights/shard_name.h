/* SPDX-License-Identifier: Apache-2.0 */
/* What the names of the parts of a model say.
 *
 *   model-00002-of-00003.safetensors     part 2 of 3 of model.safetensors
 *   model-1-of-61.safetensors            the same, but it might be a fold or a try as well
 *   model-00000-of-00414.safetensors     some count from 0
 *   model-00001-of-00002.fp16.safetensors  part 1 of 2 of model.fp16.safetensors; so is
 *   model.fp16-00001-of-00002.safetensors
 *   model.safetensors.index.json         the index of model.safetensors
 *   model.safetensors.index.fp16.json    the index of model.fp16.safetensors */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  unsigned part, parts; /* part <= parts; from 0 or 1 */
  bool padded;          /* both of five digits or more: surely a part */
  size_t stem;          /* bytes before "-00002-of-00003" */
  size_t ending;        /* bytes up to what follows it: ".safetensors" */
  int part_digits, parts_digits;
} ShardName;

/* False when the name is not of that form. No allocation. */
bool shard_name_parse(const char *name, ShardName *out);

/* The name that the whole would have, or NULL when `name` is not that of a part. The caller
 * frees it. */
char *shard_name_whole(const char *name);

/* The name of another part, spelled like `name`, of which `parsed` was made. Caller frees. */
char *shard_name_sibling(const char *name, const ShardName *parsed, unsigned part);

/* The name of the whole that an index speaks of, or NULL when `name` is not an index's. The
 * caller frees it. */
char *shard_index_whole(const char *name);
