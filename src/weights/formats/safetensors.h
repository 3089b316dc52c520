/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors: eight bytes of header length, a JSON header, the tensors without a gap.
 * The reader is reached through weight_file_open(); this is the writer, and a look at headers for who has seen
 * most of one before. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/source.h"
#include "weights/dtype.h"

/* Longest header the format allows, in bytes. */
enum { SAFETENSORS_MAX_HEADER = 100000000 };

typedef struct {
  const char *name;
  Dtype dtype; /* F32, F16, BF16, F64 or I64 */
  int rank;
  uint64_t shape[8];
  const float *data; /* product of shape elements, row-major; converted as it is written */
} TensorOut;

/* A matrix or a vector of F32 of that name; both borrow what they are given. */
static inline TensorOut tensor_out_matrix(const char *name, uint64_t rows, uint64_t columns, const float *data) {
  return (TensorOut){name, DTYPE_F32, 2, {rows, columns}, data};
}
static inline TensorOut tensor_out_vector(const char *name, uint64_t n, const float *data) {
  return (TensorOut){name, DTYPE_F32, 1, {n}, data};
}

/* Writes a file, whole or not at all. `metadata` is key, value, key, value, …, NULL, or NULL
 * for none; its strings must be UTF-8. Tensors are laid out wide types first, then by name,
 * and the header is padded to 8 bytes, so that every tensor is aligned. Thread-safe for
 * different paths. */
bool safetensors_write_quick(const char *path, const TensorOut *tensors, size_t n, const char *const *metadata,
                             GError **error);

/* The same, and waits until the disk has it: for what took long to make. */
bool safetensors_write(const char *path, const TensorOut *tensors, size_t n, const char *const *metadata,
                       GError **error);

/* A header of which the metadata alone were read: collections repeat the rest, the list of tensors, from file to
 * file. */
typedef struct {
  char *text; /* the header, length bytes and a NUL */
  uint64_t length;
  uint64_t rest, end;   /* text + rest .. text + end: what follows the metadata, without white space at the end */
  uint64_t data;        /* bytes of the file behind the header */
  GHashTable *metadata; /* SafeText -> SafeText, owned */
} SafetensorsHead;

enum { SAFETENSORS_MOST_HEAD = 4 << 20 };

/* Fills *head from a file whose header, of at most SAFETENSORS_MOST_HEAD bytes, begins with metadata, as those of every
 * common writer do, and obeys the format so far. False, with nothing to clear, for any other: open it as a WeightFile,
 * which says what is wrong.
 * Two files with equal bytes from `rest` to `end` and equal `data` are equally right or wrong, tensor by tensor. */
bool safetensors_head_read(SafetensorsHead *head, ByteSource *source);
void safetensors_head_clear(SafetensorsHead *head);
