/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors that are views of storages: a first element, a shape and a step for each dimension. What
 * PyTorch and numpy files hold. A storage lies in a byte source, or deflated in a ZIP member; then
 * it is unpacked when a tensor of it is read, and the last few are kept.
 *
 * A reader of a format calls strided_begin(), adds its storages and then its tensors, and has
 * strided_read_raw() and strided_close() in its WeightFormat. Read bytes come in row-major order
 * and little-endian, whatever the steps and the order in the file. */
#pragma once

#include "weights/weight_format.h"
#include "archives/zip.h"

typedef struct {
  size_t storage; /* index, as strided_add_…() gave it */
  int rank;
  uint64_t shape[TENSOR_MAX_RANK]; /* outermost first */
  uint64_t step[TENSOR_MAX_RANK];  /* in elements; may be 0 or in any order */
  uint64_t first;                  /* element of the storage that index 0, 0, … is */
  bool swapped;                    /* big-endian numbers */
} Strided;

/* Steps of a whole tensor in row-major order, or in column-major order. */
void strided_set_steps(Strided *view, bool column_major);

/* Gives the file its storages. Takes `zip`, which may be NULL, to unpack members from. */
void strided_begin(WeightFile *file, ZipFile *zip);

/* A storage of `bytes` bytes from `start` on in a source, of which a reference is kept. The range
 * must lie in the source. Returns its index. */
size_t strided_add_range(WeightFile *file, ByteSource *source, uint64_t start, uint64_t bytes);

/* A storage in a member of the file's archive: what follows its first `skip` bytes. */
size_t strided_add_member(WeightFile *file, const ZipMember *member, uint64_t skip);

/* Bytes of a storage. */
uint64_t strided_storage_bytes(const WeightFile *file, size_t storage);

/* Adds a tensor, whose name it takes. Fails when the view leaves its storage, and when it repeats
 * few numbers so often that the tensor would be out of proportion (64 MiB are always allowed). */
bool strided_add_tensor(WeightFile *file, SafeText *name, Dtype dtype, const Strided *view, GError **error);

/* To be called after the last tensor: fails when all of them together repeat the storages' bytes
 * more than 16 times (64 MiB are always allowed), as nothing but a trap for whoever reads them
 * does. */
bool strided_end(WeightFile *file, GError **error);

/* For WeightFormat. Safe to call from several threads at once. */
bool strided_read_raw(WeightFile *file, size_t i, uint64_t start, size_t n, void *dst, GError **error);
void strided_close(WeightFile *file);
