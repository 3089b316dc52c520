/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the groups of tensors that are one packed matrix each, by their names and shapes. */
#pragma once

#include <glib.h>

#include "weights/packed/packed_tensor.h"

/* For every tensor of the file what becomes of it: the groups, by the tensor that holds the codes. *of gets an entry a
 * tensor, which the caller frees: 0 for a tensor that stays, -1 for one that is a part, n for the codes of group n - 1.
 * Array of PackedTensor, owned. */
GArray *packed_find(WeightFile *file, int **of);
