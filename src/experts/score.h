/* SPDX-License-Identifier: Apache-2.0 */
/* Measured rates with their intervals. */
#pragma once

#include <stddef.h>

/* A share of right answers among n trials, by rank of the right one. */
typedef struct {
  double top1, top5;    /* NAN when n is 0 */
  double chance;        /* 1 / classes */
  unsigned n, classes;
  double low, high;     /* Wilson 95 % interval of top1 */
} Score;

/* ranks[i]: how many of the `classes` candidates scored above the right one (0: it is first). */
Score score_from_ranks(const size_t *ranks, size_t n, size_t classes);

/* Nothing measured. */
Score score_none(void);

/* How many of scores[0..n) rank above scores[right]; ties with an earlier index count, so that
 * a constant score does not pass for knowledge. */
size_t score_rank(const float *scores, size_t n, size_t right);

/* Wilson's 95 % interval of a share `hits` of n. */
void score_wilson(double hits, double n, double *low, double *high);
