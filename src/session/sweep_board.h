/* SPDX-License-Identifier: Apache-2.0 */
/* What a sweep has measured so far, while it runs. */
#pragma once

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/text.h"

/* The rows of a sweep as they come: filled on the worker's thread, read on the owner's. */
typedef struct {
  SafeText *layer;
  double val, unseen; /* headline scores; NAN */
  double chance;      /* of val; NAN: not known */
  bool again;         /* was there from an earlier sweep */
} SweepBar;

typedef struct {
  pthread_mutex_t lock;
  GArray *bars;   /* of SweepBar */
  unsigned total; /* layers in all; 0: not known yet */
  atomic_uint refs;
} SweepBoard;

SweepBoard *sweep_board_new(void);
SweepBoard *sweep_board_ref(SweepBoard *board);
void sweep_board_unref(SweepBoard *board); /* NULL-safe */
