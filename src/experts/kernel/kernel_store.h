/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel expert's own numbers in a checkpoint: tensors kernel.* and the metadata "copse.kernel". */
#pragma once

#include "experts/kernel/kernel.h"
#include "weights/formats/safetensors.h"

/* What a kernel adds to a checkpoint. Names belong to `names`, tensors point into the kernel and into `held`. */
typedef struct {
  GArray *tensors; /* of TensorOut */
  GPtrArray *names, *held;
} KernelParts;

KernelParts kernel_store_parts(const Kernel *kernel);
void kernel_store_parts_clear(KernelParts *parts);

/* The description that goes with them, as JSON. The caller frees it. */
char *kernel_store_text(const Kernel *kernel);

/* True when the file holds a kernel expert. */
bool kernel_store_is_there(WeightFile *file);

/* Reads one. Every size is checked against the file; COPSE_ERROR_FORMAT names what does not fit. */
Kernel *kernel_store_read(WeightFile *file, GError **error);
