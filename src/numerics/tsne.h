/* SPDX-License-Identifier: Apache-2.0 */
/* A map that keeps neighbours together: t-SNE (van der Maaten and Hinton 2008, "Visualizing Data using t-SNE").
 *
 *   p_ij from the distances to the k nearest in x, one width a point so that the perplexity is the same for all
 *   q_ij ~ 1 / (1 + |y_i - y_j|^2)        minimised: KL(P || Q), by gradient descent with momentum and gains
 *
 * Attraction is along the k nearest alone, as in Barnes-Hut t-SNE; repulsion is exact up to TSNE_EXACT points, beyond
 * from that many drawn anew at each step. Any thread; a run is the same whenever the seed is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TSNE_EXACT = 4000 };

typedef struct {
  double perplexity; /* about how many neighbours count; at most (n - 1) / 3 is used */
  unsigned iterations;
  uint64_t seed;
} TsneOptions;

#define TSNE_DEFAULTS \
  { .perplexity = 15, .iterations = 400, .seed = 0 }

/* Is shown the map (n, 2) after a step; false ends the run there. */
typedef bool (*TsneStep)(void *user, const float *y, unsigned done, unsigned iterations);

/* Lays out the rows of x (n, d) by their cosine. `y` (n, 2) is where they begin (PCA, say: its scale does not matter) and
 * gets where they end. `step` may be NULL. False when it ended the run. */
bool tsne_run(const float *x, size_t n, size_t d, const TsneOptions *options, float *y, TsneStep step, void *user);

/* Of the k nearest of each row of x (n, d) by cosine, the share that is among its k nearest in y (n, 2), over at most
 * `sample` rows spread evenly (0: all); NAN for fewer than k + 2 rows. */
double tsne_kept(const float *x, size_t n, size_t d, const float *y, size_t k, size_t sample);
