/* SPDX-License-Identifier: Apache-2.0 */
/* What a model has beside its layers: biases, norm vectors, step counters, anything that is no matrix. */
#pragma once

#include "core/progress.h"
#include "lineage/diff/diff_row.h"
#include "weights/layers/qkv_rows.h"

typedef struct {
  SafeText *name;        /* of its layer, with what it is to it: "norm.bias"; a weight has the layer's own */
  char *key;             /* the same, however it is spelled: see name_key.h */
  size_t index;          /* in the file */
  uint64_t first, count; /* numbers of the tensor: all of it, or a part of a fused vector */
  QkvRows rows;          /* of a part whose numbers alternate with the others'; heads 0: they do not */
} OtherTensor;

/* The tensors of the file that none of `layers` (of LayerInfo, of the same file) is made of, in the file's order, but
 * for optimizers' moments and for raw copies beside an average. Reads nothing. Array of OtherTensor; free with
 * g_array_unref. */
GArray *other_tensors_list(const WeightFile *file, const FileNames *names, const GArray *layers);

/* One file's: its other tensors, and the layers beside which they stand. */
typedef struct {
  const WeightFile *file;
  const GArray *layers; /* of LayerInfo */
  GArray *others;       /* of OtherTensor */
} OtherSide;

/* Takes vectors of fused layers ("attn.qkv.bias") apart where the other side has none of that name, on either side, so
 * that they meet those of layers that are kept apart or fused otherwise. */
void other_tensors_meet(OtherSide *a, OtherSide *b);

/* One side of a row: a vector of so many numbers. */
LayerSide other_tensor_side(const WeightFile *file, const OtherTensor *t);

/* The numbers of a part of a vector, in order; `dst` has room for t->count. */
bool other_tensor_read(WeightFile *file, const OtherTensor *t, float *dst);

/* True when it is a part of a vector. */
bool other_tensor_is_part(const WeightFile *file, const OtherTensor *t);

/* Compares k of x with i of p, a block of either in memory at a time, and fills in state,
 * distance, size and relative; those stay NAN for what holds no floats. False only when p is cancelled. */
bool other_tensor_compare(WeightFile *p, const OtherTensor *i, WeightFile *x, const OtherTensor *k, DiffRow *row,
                          const Progress *progress, GError **error);
