/* SPDX-License-Identifier: Apache-2.0 */
/* Which layers of a model can be trained on. */
#pragma once

#include "collection/collection.h"

/* True for a layer of that name and shape that can be trained on: one whose name matches `pattern` (a glob), or, when it
 * is NULL, of at least 64 numbers. */
bool trainable_layer(const char *name, uint64_t d_out, uint64_t d_in, const char *pattern);

/* The layers of a model's file that could be trained on, in its order: those whose names match `pattern` (a glob), the one of
 * that number ("#N"), or
 * all that are large enough when it is NULL. Array of char*, owned. NULL with an error when there is none. */
GPtrArray *trainable_layers(const Collection *collection, const Model *model, const char *pattern, GError **error);
