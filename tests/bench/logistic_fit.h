/* SPDX-License-Identifier: Apache-2.0 */
/* Logistic regression for a handful of evidences: penalised maximum likelihood by Newton's method. */
#pragma once

#include <glib.h>

enum { LOGISTIC_MOST = 24 };

typedef struct {
  double x[LOGISTIC_MOST];
  double y;     /* 1: right, 0: wrong */
  double share; /* how much it counts */
} LogisticRow;

/* Weights that maximise the sum of share log P(y) - ridge / 2 |w|^2, the first left out of the penalty. `rows`: of
 * LogisticRow; w has n <= LOGISTIC_MOST numbers. */
void logistic_fit(const GArray *rows, unsigned n, double ridge, double *w);
