/* SPDX-License-Identifier: Apache-2.0 */
/* What is needed of a packed matrix to unpack any part of it: scales, zeros and tables as numbers, and the codes where
 * neighbours of a row do not lie together. The last few matrices are kept. Seen by packed/ alone. */
#pragma once

#include <glib.h>

#include "weights/packed/packed_tensor.h"

typedef struct {
  size_t tensor; /* of the group, and which of its matrices */
  uint64_t matrix;
  size_t bytes;
  uint64_t last;         /* when it was used */
  unsigned char *codes;  /* NULL: they are read from the file as they are needed */
  float *scales, *zeros; /* scale_rows x scale_columns; zeros may be NULL */
  uint32_t *order;       /* a group for each input, or NULL */
  float table[16];
  float whole;
} PackedLoad;

typedef struct PackedCache PackedCache;

PackedCache *packed_cache_new(void);
void packed_cache_free(PackedCache *cache);

/* The load of matrix `matrix` of group `tensor`, read if need be; give it back with packed_load_release(). NULL with an
 * error. Safe from several threads. */
PackedLoad *packed_load(PackedCache *cache, WeightFile *file, const PackedTensor *p, size_t tensor, uint64_t matrix,
                        GError **error);
void packed_load_release(PackedLoad *load);
