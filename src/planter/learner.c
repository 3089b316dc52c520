/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/learner.h"

#include <string.h>

Learner *learner_new(const MlpShape *shape, size_t batch) {
  Learner *learner = g_new0(Learner, 1);
  learner->mlp = mlp_new(shape);
  learner->pass = mlp_pass_new(shape, 0, batch);
  learner->gradient = mlp_new(shape);
  learner->m = mlp_new(shape);
  learner->v = mlp_new(shape);
  return learner;
}

void learner_free(Learner *learner) {
  if (!learner) return;
  mlp_free(learner->mlp);
  mlp_pass_free(learner->pass);
  mlp_free(learner->gradient);
  mlp_free(learner->m);
  mlp_free(learner->v);
  g_free(learner);
}

void learner_restart(Learner *learner) {
  memset(learner->m->data, 0, learner->m->count * sizeof(float));
  memset(learner->v->data, 0, learner->v->count * sizeof(float));
  learner->step = 0;
}

void learner_step(Learner *l, const AdamOptions *adam, const float *x, size_t n, const float *d_out) {
  mlp_backward(l->pass, l->mlp, NULL, x, n, d_out, l->gradient, NULL);
  adam_step(adam, ++l->step, l->mlp->data, l->gradient->data, l->m->data, l->v->data, l->mlp->count, 1);
}
