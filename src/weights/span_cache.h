/* SPDX-License-Identifier: Apache-2.0 */
/* The last few stretches of bytes that were read or unpacked whole, since tensors are asked for in
 * blocks: without it each block of a transposed or deflated tensor would cost the whole of it. */
#pragma once

#include "core/source.h"
#include "archives/zip.h"

typedef struct SpanCache SpanCache;

SpanCache *span_cache_new(void);
void span_cache_free(SpanCache *cache);

/* n bytes of a source from `start` on; a reference. Safe to call from several threads at once; a
 * second one waits while the first reads. The source must outlive the cache. */
GBytes *span_cache_range(SpanCache *cache, ByteSource *source, uint64_t start, uint64_t n, GError **error);

/* An unpacked member, at most `limit` bytes; likewise. */
GBytes *span_cache_member(SpanCache *cache, ZipFile *zip, const ZipMember *member, uint64_t limit, GError **error);
