/* SPDX-License-Identifier: Apache-2.0 */
/* Compression of a dense tree: all its layers share leading row and column spaces (HOSVD; De Lathauwer
 * et al. 2000), so training may run on their small coordinates
 *
 *   C_i = P' X_i Q      P (d_out, p), Q (d_in, q) orthonormal
 *
 * and the parameters be lifted back, U = Q U_c and V = V_c P', so that the checkpoint is that of the full layer.
 * The rest of X_i, outside the spaces, is dropped: `energy` says how much is kept. */
#pragma once

#include "core/progress.h"
#include "experts/probex/layer_set.h"
#include "experts/probex/probex.h"

typedef struct {
  size_t d_out, d_in, p, q;
  float *left;   /* P (d_out, p) */
  float *right;  /* Q (d_in, q) */
  double energy; /* share of the squared norm of the training layers that C keeps */
} Compression;

/* The smallest spaces of models [0, n) of a dense set of which each keeps the share `energy` (0 .. 1) of the
 * squared norm. One pass over the layers and two eigenvalue problems. */
Compression *compression_find(const LayerSet *set, const size_t *models, size_t n, double energy,
                              const Progress *progress, GError **error);
void compression_free(Compression *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Compression, compression_free)

/* The set of C_i (p, q), with the spread of the original. */
LayerSet *compression_apply(const Compression *c, const LayerSet *set, const Progress *progress, GError **error);

/* An expert on C becomes one on X: same answers on every X_i, as far as its energy is kept. */
Probex *compression_lift(const Compression *c, const Probex *small, GError **error);
