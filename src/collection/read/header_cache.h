/* SPDX-License-Identifier: Apache-2.0 */
/* Headers seen before: thousands of adapters of one base list the same tensors at the same places and differ in
 * their metadata alone. What such a list means is worked out once; a file that repeats it costs one hash and one
 * comparison of bytes. */
#pragma once

#include "collection/read/weight_summary.h"
#include "core/source.h"

typedef struct HeaderCache HeaderCache;

HeaderCache *header_cache_new(void);
void header_cache_free(HeaderCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeaderCache, header_cache_free)

/* What the header of a weight file of any format says, from the cache where it can. The caller frees it. NULL with
 * the reader's error when it cannot be read. The cache holds 32 MiB of headers at most. Thread-safe. */
WeightSummary *header_cache_summary(HeaderCache *cache, ByteSource *source, GError **error);
