/* SPDX-License-Identifier: Apache-2.0 */
/* Two models layer by layer, exactly: both are read through once. */
#pragma once

#include <glib.h>

#include "core/progress.h"
#include "weights/weight_file.h"

typedef struct {
  SafeText *name;     /* the tensor's canonical layer name, and ".bias" behind a bias's */
  int a, b;           /* tensors in the files, or -1: only the other has it */
  bool same_shape;
  bool equal;         /* every number is */
  double change;      /* |b - a| / |a|; NAN when there is nothing to compare, or a is zero */
  double cosine;      /* centred; NAN likewise */
  double largest;     /* largest |b - a| */
} Difference;

/* One entry a tensor that either file has, in the order of a, then what b alone has. Tensors that are
 * no numbers are compared by shape alone. Array of Difference; free with g_array_unref. NULL when bytes
 * cannot be read or p is cancelled. */
GArray *difference_list(WeightFile *a, WeightFile *b, const Progress *p, GError **error);
