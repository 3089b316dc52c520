/* SPDX-License-Identifier: Apache-2.0 */
/* A safetensors file in memory whose tensors are bytes of any type. */
#pragma once

#include "weights/weight_file.h"

typedef struct {
  GString *head, *data;
} RawTensors;

RawTensors raw_tensors_new(void);

/* Adds a tensor; `dtype` as safetensors spells it. `shape` ends with a negative number. */
void raw_tensors_add(RawTensors *t, const char *name, const char *dtype, const int *shape, const void *bytes, size_t n);

/* Adds one number of no dimension, as I32. */
void raw_tensors_add_number(RawTensors *t, const char *name, int32_t x);

/* The file's bytes; the builder is empty afterwards. */
GBytes *raw_tensors_end(RawTensors *t);

/* The same, opened. */
WeightFile *raw_tensors_open(RawTensors *t);
