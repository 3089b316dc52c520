/* SPDX-License-Identifier: Apache-2.0 */
/* Which layers of a model can be trained on. */
#pragma once

#include "collection/collection.h"

/* The layers of a model's file that could be trained on, in its order: those whose names match `pattern` (a glob), or
 * all of at least 64 numbers when it is NULL. Array of char*, owned. NULL with an error when there is none. */
GPtrArray *trainable_layers(const Collection *collection, const Model *model, const char *pattern, GError **error);
