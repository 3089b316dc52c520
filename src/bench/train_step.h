/* SPDX-License-Identifier: Apache-2.0 */
/* Training steps of ProbeX, forward, backward and Adam, against the sgemm floor. */
#pragma once

#include <stddef.h>

#include "bench/floors.h"

typedef struct {
  const char *name; /* of the case; static text */
  double models;    /* a second */
  double of_floor;  /* of what the product of matrices alone would allow; with other kernels of the
                       library for these shapes it may pass 1 */
} StepFigure;

size_t train_step_count(void);

/* Times the case for about three seconds. False when there is not enough memory. */
bool train_step_measure(size_t i, const Floors *floors, StepFigure *figure, GError **error);
