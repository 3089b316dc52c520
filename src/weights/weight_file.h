/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes on disk -> named tensors: one interface over all weight formats.
 *
 * Opening reads the header alone. Tensor bytes are read when they are asked for. A file that
 * breaks a rule of its format does not open: the error names the file, the tensor or offset,
 * and the rule. Nothing in a file is ever executed. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/source.h"
#include "core/text.h"
#include "weights/dtype.h"

enum { TENSOR_MAX_RANK = 8 };

typedef struct {
  SafeText *name;
  Dtype dtype;
  int rank;                        /* 0: a scalar */
  uint64_t shape[TENSOR_MAX_RANK]; /* outermost first */
  uint64_t count;                  /* elements: the product of the shape */
  uint64_t bytes;
  uint64_t offset; /* of the first byte in the source; UINT64_MAX when it does not lie there whole */
} TensorInfo;

typedef struct WeightFile WeightFile;

void weight_file_free(WeightFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WeightFile, weight_file_free)

/* "safetensors", … Static text. */
const char *weight_file_format(const WeightFile *file);

/* The name used in messages. */
const char *weight_file_label(const WeightFile *file);

/* Tensors in the order of the file. */
size_t weight_file_count(const WeightFile *file);
const TensorInfo *weight_file_info(const WeightFile *file, size_t i);

/* Index of the tensor of that name, or -1. */
gssize weight_file_find(const WeightFile *file, const char *name);

/* The file's own metadata, cleaned: SafeText key -> SafeText value; never NULL. */
GHashTable *weight_file_metadata(const WeightFile *file);

/* How many heads attention has, where what lies beside the file says so; 0: unknown. A GGUF file says it itself. */
void weight_file_set_heads(WeightFile *file, uint64_t heads);
uint64_t weight_file_heads(const WeightFile *file);

/* Reads elements first .. first + n of tensor i as float32 into dst. Fails for formats that
 * are listed but not readable. Safe to call from several threads at once. */
bool weight_file_read_f32(WeightFile *file, size_t i, uint64_t first, size_t n, float *dst, GError **error);

/* Reads bytes start .. start + n of tensor i as they are stored. */
bool weight_file_read_raw(WeightFile *file, size_t i, uint64_t start, size_t n, void *dst, GError **error);
