/* SPDX-License-Identifier: Apache-2.0 */
/* The folders in which tools keep models on this machine, from the table in collection/stores.def. */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct {
  const char *tool; /* static text */
  char *path;       /* absolute, without links */
  uint64_t bytes;   /* as du counts; only after stores_measure() */
} Store;

/* Those that are there and hold anything, in the table's order, each folder once. No file is opened. Array of Store*,
 * owned; empty when there are none. */
GPtrArray *stores_find(void);

/* Adds up what each takes on the disk. May take seconds on a cold disk. */
void stores_measure(GPtrArray *stores);
