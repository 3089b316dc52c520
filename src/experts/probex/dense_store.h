/* SPDX-License-Identifier: Apache-2.0 */
/* Many matrices of one size, kept for training: as float32 or, at half the room, as bfloat16; in memory or,
 * when they are more than the user allows, in a scratch file without a name that the system pages in and
 * out. Different matrices may be put and read from several threads at once. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  bool half;          /* bfloat16: relative rounding 2^-9 */
  uint64_t memory;    /* bytes; beyond them a scratch file is used; 0: no limit */
  const char *folder; /* where the scratch file goes; NULL: the system's place for such */
} DenseStoreOptions;

typedef struct DenseStore DenseStore;

/* n matrices of `each` numbers, zeroed. `options` may be NULL: float32 in memory. */
DenseStore *dense_store_new(size_t n, size_t each, const DenseStoreOptions *options, GError **error);
void dense_store_free(DenseStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DenseStore, dense_store_free)

/* Matrix i. float32 is used in place; bfloat16 is widened into scratch (each numbers). Valid until
 * scratch is used again. */
const float *dense_store_get(const DenseStore *store, size_t i, float *scratch);

void dense_store_put(DenseStore *store, size_t i, const float *x);

/* All matrices one after another, or NULL when they are not float32. */
const float *dense_store_all(const DenseStore *store);

/* True when a scratch file holds them. */
bool dense_store_is_on_disk(const DenseStore *store);
