/* SPDX-License-Identifier: Apache-2.0 */
/* A loop shared over threads. */
#pragma once

#include <stddef.h>

#include "core/progress.h"

/* Body of the loop: item 0..n-1 on thread 0..threads-1. Returns false to end the
 * whole loop early (no further item starts). */
typedef bool (*ParallelFn)(void *user, size_t item, unsigned thread);

/* Runs body for every item on `threads` threads (the caller's is one of them) and
 * returns when all have ended. Items start in order. Stops early when the token is
 * set. Returns true when every item ran and none returned false. */
bool parallel_for(size_t n, unsigned threads, ParallelFn body, void *user, const CancelToken *cancel);

/* Processors this process may use, at least 1. */
unsigned parallel_processors(void);
