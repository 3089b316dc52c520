/* SPDX-License-Identifier: Apache-2.0 */
/* Is a file what it is said to be? Two models tensor by tensor, under one name whatever tool wrote them: the same
 * numbers, the same once rounded, within the width of a quantised format, or not, and where. */
#pragma once

#include "core/progress.h"
#include "core/text.h"
#include "lineage/diff/verify_numbers.h"
#include "weights/weight_file.h"

typedef struct {
  SafeText *name;
  Dtype a, b; /* number formats; DTYPE_COUNT where the tensor is missing */
  VerifyNumbers numbers;
} VerifyRow;

typedef struct {
  GArray *rows; /* of VerifyRow, in the order of A, then what only B has; without what is computed
                   (computed_table.h) and one of both leaves out */
  unsigned count[VERIFY_STATES];
  VerifyState state; /* the worst of all rows */
  Dtype rounding;    /* the coarsest format that a rounded or quantised row has; DTYPE_COUNT: none was needed */
  double relative;   /* |A - B| over |B|, over all that was compared; NAN when nothing was */
} ModelVerify;

/* A few megabytes of one tensor of each are in memory at a time; of a GGUF's q and k, whose rows lie in another order,
 * the matrix. Reports phase "comparing". NULL with an error when cancelled or when memory
 * does not suffice. */
ModelVerify *model_verify_files(WeightFile *a, WeightFile *b, const Progress *progress, GError **error);
void model_verify_free(ModelVerify *verify); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelVerify, model_verify_free)

/* True when nothing worse was found than a rounding, or than the width of a quantised format. */
bool model_verify_is_same(const ModelVerify *verify);

/* Less than 0: x is nearer to what it was compared with than y is. For sorting. */
int model_verify_compare(const ModelVerify *x, const ModelVerify *y);
