/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine can do at best: the floors that every other figure is held against. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  double sgemm;  /* FLOP/s of a 2048 x 2048 x 2048 product on all threads */
  double stream; /* bytes/s of y = a x + y over memory far beyond the caches, all threads */
  double file;   /* bytes/s of read(2) of a file in the page cache, one thread */
} Floors;

/* False when there is not enough memory. */
bool floors_measure(unsigned threads, Floors *floors, GError **error);
