/* SPDX-License-Identifier: Apache-2.0 */
/* What a Python pickle says of one array of numpy: numpy.core.multiarray._reconstruct with its state, or
 * numpy.core.numeric._frombuffer. Nothing is called. */
#pragma once

#include "weights/torch/pickle.h"
#include "weights/weight_file.h"

typedef struct {
  Dtype dtype;
  int rank;
  uint64_t shape[TENSOR_MAX_RANK];
  bool column_major, swapped; /* Fortran's order; big-endian numbers */
  GBytes *bytes;              /* the caller's */
} NumpyArray;

/* True for a value that stands for an array. */
bool numpy_array_is(const PickleValue *v);

/* Takes it apart; false, with *problem as static text that goes on after its name, for objects, texts and what is
 * damaged. Nothing is checked against the shape yet. */
bool numpy_array_read(const PickleValue *v, NumpyArray *out, const char **problem);
