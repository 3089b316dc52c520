/* SPDX-License-Identifier: Apache-2.0 */
/* Logistic regression for a handful of evidences, and the same for one choice among many (McFadden 1974): penalised
 * maximum likelihood by Newton's method. */
#pragma once

#include <glib.h>

enum { LOGISTIC_MOST = 24 };

typedef struct {
  double x[LOGISTIC_MOST];
  double y;     /* 1: right, 0: wrong */
  double share; /* how much it counts */
} LogisticRow;

/* Weights that maximise the sum of share log P(y) - ridge / 2 |w|^2, the first left out of the penalty. `rows`: of
 * LogisticRow; w has n <= LOGISTIC_MOST numbers. `sign` (n), '+' or '-': what a weight can be if its evidence is for what it
 * is meant to be for; one that would be otherwise on these rows is 0. Any other letter: either. */
void logistic_fit(const GArray *rows, unsigned n, const char *sign, double ridge, double *w);

/* One choice among n. */
typedef struct {
  double *x; /* n x the evidences, borrowed */
  unsigned n, right;
} ChoiceRow;

/* Weights that maximise the sum of log P(right), P the softmax of w . x, - ridge / 2 |w - prior|^2; none is below 0.
 * `rows`: of ChoiceRow; w and prior have k <= LOGISTIC_MOST numbers. */
void choice_fit(const GArray *rows, unsigned k, const double *prior, double ridge, double *w);

/* P(right) of one. */
double choice_probability(const ChoiceRow *row, unsigned k, const double *w);
