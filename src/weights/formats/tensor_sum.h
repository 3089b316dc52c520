/* SPDX-License-Identifier: Apache-2.0 */
/* A checksum over all that a safetensors file of ours says, kept in the file itself under the metadata key TENSOR_SUM: a
 * disk that gave back other bytes must not become an answer. The order of tensors and keys does not matter. */
#pragma once

#include "weights/formats/safetensors.h"
#include "weights/weight_file.h"

#define TENSOR_SUM "copse.sum"

/* The sum as 32 hexadecimal digits, of tensors and metadata (key, value, …, NULL) as safetensors_write() gets them. The
 * caller frees it; NULL when there is no memory or a tensor cannot be written. */
char *tensor_sum_of(const TensorOut *tensors, size_t n, const char *const *metadata);

/* Reads the file whole. False with COPSE_ERROR_STATE when its sum is another than it says, or with the error of a read.
 * True as well when it has none, as files of other programs and older ones of ours. */
bool tensor_sum_holds(WeightFile *file, GError **error);
