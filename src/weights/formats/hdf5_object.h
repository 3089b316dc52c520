/* SPDX-License-Identifier: Apache-2.0 */
/* One object of an HDF5 file: the messages of its header, as far as they tell a group from a data set. Seen by the
 * hdf5*.c files alone. */
#pragma once

#include <glib.h>

#include "weights/byte_cursor.h"
#include "weights/weight_file.h"

#define HDF5_UNDEFINED UINT64_MAX

typedef enum { HDF5_NO_LAYOUT, HDF5_COMPACT, HDF5_CONTIGUOUS, HDF5_CHUNKED } Hdf5Layout;

/* What a chunk went through when it was written, first to last. */
typedef struct {
  unsigned n;
  unsigned id[8], value[8]; /* and the first of each one's own numbers */
  bool overflow;            /* more than that */
} Hdf5Filters;

typedef struct {
  bool has_table; /* a group as a symbol table */
  uint64_t tree, heap;
  GArray *links;  /* of Hdf5Link: a group whose links stand in its header */
  bool has_dense; /* a group whose links lie elsewhere: not read */
  bool has_space, has_type;
  int rank;
  uint64_t shape[TENSOR_MAX_RANK];
  bool is_number, big_endian;
  Dtype dtype;
  Hdf5Layout layout;
  uint64_t at, bytes; /* of the numbers, from the file's base; in chunks: of their index, or of the only one */
  int chunk_rank;     /* dimensions, and the bytes of an element as one more */
  uint64_t chunk[TENSOR_MAX_RANK + 1]; /* elements along each */
  unsigned chunk_index;                /* 0: a B-tree of version 1, else as the layout's fourth version numbers them */
  uint32_t chunk_mask;                 /* of the only one: filters left out */
  Hdf5Filters filters;
} Hdf5Object;

typedef struct {
  char *name; /* as stored */
  uint64_t address;
} Hdf5Link;

/* Reads the header at `address`, which counts from `base`. False with an error for one that breaks the rules. Cleared
 * with hdf5_object_clear() in any case. */
bool hdf5_object_read(Hdf5Object *o, ByteSource *source, uint64_t base, uint64_t address, GError **error);
void hdf5_object_clear(Hdf5Object *o);
