/* SPDX-License-Identifier: Apache-2.0 */
/* What is found out about two models together, by reading both again, and kept in the catalog for the bytes that they
 * had. From any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collection/collection.h"

/* What the two are kept under, in that order; NULL when the stamp of one is not to be had. The caller frees it. */
char *pair_store_key(const Collection *collection, const Model *first, const Model *second);

/* Writes the n bytes that are kept under the key in the space (one a kind of answer); false, and nothing is written,
 * without a key, or when nothing of that size is kept. */
bool pair_store_get(Collection *collection, const char *space, const char *key, void *value, size_t n);

/* Keeps n bytes; nothing without a key or in a collection that is only read. That they cannot be kept is no error. */
void pair_store_put(Collection *collection, const char *space, const char *key, const void *value, size_t n);
