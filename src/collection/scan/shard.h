/* SPDX-License-Identifier: Apache-2.0 */
/* Part K of N of a collection, for as many processes as there are machines: each knows its part without asking the
 * others, since it follows from the files' names and sizes alone. */
#pragma once

#include <glib.h>

#include "collection/scan_summary.h"

/* The candidates of a part, borrowed, in their order: the largest first, each to the part that has the least so far, so
 * that the parts are of one size in bytes. All of them when there is one part. */
GPtrArray *shard_take(const GPtrArray *candidates, Shard shard);
