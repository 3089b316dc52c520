/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors that nobody trained: what a configuration or a graph gives. */
#pragma once

#include <stdbool.h>

#include "weights/weight_file.h"

/* True of tables that follow from a configuration (rotary frequencies, positions, masks; known by the last parts of
 * their names, `name` without wrappers) and of whole numbers that are no packed weights: counters, indices, shapes
 * that a graph carries. Some writers store them and some do not; they tell nothing about kinship. */
bool tensor_is_computed(const char *name, const TensorInfo *info);
