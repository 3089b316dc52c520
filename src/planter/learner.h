/* SPDX-License-Identifier: Apache-2.0 */
/* A network in training: its gradients, Adam's moments and the room for a batch, made once. */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "numerics/adam.h"
#include "planter/mlp.h"

typedef struct {
  Mlp *mlp;
  MlpPass *pass;
  /* Private: */
  Mlp *gradient, *m, *v;
  uint64_t step;
} Learner;

/* For batches of up to `batch` rows. The network starts zeroed. */
Learner *learner_new(const MlpShape *shape, size_t batch);
void learner_free(Learner *learner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Learner, learner_free)

/* Forgets the moments: the next step is the first of another run. */
void learner_restart(Learner *learner);

/* One step down the gradient d_out (n, out) of the loss on x (n, in), after mlp_forward() on
 * the same x. */
void learner_step(Learner *learner, const AdamOptions *adam, const float *x, size_t n, const float *d_out);
