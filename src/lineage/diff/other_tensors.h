/* SPDX-License-Identifier: Apache-2.0 */
/* What a model has beside its layers: biases, norm vectors, step counters, anything that is no matrix. */
#pragma once

#include "core/progress.h"
#include "lineage/diff/diff_row.h"

typedef struct {
  SafeText *name; /* of its layer, with what it is to it: "norm.bias"; a weight has the layer's own */
  char *key;      /* the same, however it is spelled: see name_key.h */
  size_t index;   /* in the file */
} OtherTensor;

/* The tensors of the file that none of `layers` (of LayerInfo, of the same file) is made of, in the file's order, but
 * for optimizers' moments and for raw copies beside an average. Reads nothing. Array of OtherTensor; free with
 * g_array_unref. */
GArray *other_tensors_list(const WeightFile *file, const FileNames *names, const GArray *layers);

/* One side of a row: a vector of as many numbers as the tensor has. */
LayerSide other_tensor_side(const WeightFile *file, size_t i);

/* Compares tensor k of x with tensor i of p, a block of either in memory at a time, and fills in state,
 * distance, size and relative; those stay NAN for what holds no floats. False only when p is cancelled. */
bool other_tensor_compare(WeightFile *p, size_t i, WeightFile *x, size_t k, DiffRow *row, const Progress *progress,
                          GError **error);
