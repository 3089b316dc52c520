/* SPDX-License-Identifier: Apache-2.0 */
/* Small pieces of algebra beside each other. OpenBLAS shares each of its calls out to threads of its own and lets one caller
 * in at a time, so that callers who are several wait for each other in turn. */
#pragma once

#include "core/parallel.h"

/* parallel_for() in which each thread's algebra is its own. For the thread that may call linalg_set_threads(). */
bool side_by_side(size_t n, unsigned threads, ParallelFn body, void *user, const CancelToken *cancel);
