/* SPDX-License-Identifier: Apache-2.0 */
/* A map that is being laid out: filled on the worker's thread, read on the owner's while it grows. */
#pragma once

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct {
  pthread_mutex_t lock;
  float *xy; /* (n, 2); nothing before the first step */
  guint n;
  unsigned done, total; /* steps */
  double kept;          /* share of neighbours that stayed neighbours; NAN before the end */
  atomic_uint refs;
} MapBoard;

/* For n points. */
MapBoard *map_board_new(guint n);
MapBoard *map_board_ref(MapBoard *board);
void map_board_unref(MapBoard *board); /* NULL-safe */

/* Shows the points after a step. */
void map_board_show(MapBoard *board, const float *xy, unsigned done, unsigned total);
