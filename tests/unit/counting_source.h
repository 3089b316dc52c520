/* SPDX-License-Identifier: Apache-2.0 */
/* A file that knows how often each of its bytes was read. */
#pragma once

#include "core/source.h"

typedef struct CountingSource CountingSource;

/* The counts live as long as the source; *out is borrowed. */
ByteSource *counting_source_open(const char *path, CountingSource **out);

/* Forgets what was read so far: the header, which every reader looks at first. */
void counting_source_reset(CountingSource *counts);

/* Bytes that were read exactly, and more than, once. */
uint64_t counting_source_once(CountingSource *counts);
uint64_t counting_source_more(CountingSource *counts);
