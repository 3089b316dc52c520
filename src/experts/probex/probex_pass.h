/* SPDX-License-Identifier: Apache-2.0 */
/* The forward and backward pass of ProbeX, and of the form of several views, over a batch of models. */
#pragma once

#include "experts/probex/layer_set.h"
#include "experts/probex/probex.h"

/* Scratch memory for batches of at most `capacity` models of one set: taken once, used for
 * every batch. Not shared between threads. */
typedef struct ProbexPass ProbexPass;

ProbexPass *probex_pass_new(const Probex *p, const LayerSet *set, size_t capacity, GError **error);
void probex_pass_free(ProbexPass *pass);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProbexPass, probex_pass_free)

/* e (n, r_t) of the models set[members[0..n)], n <= capacity. Keeps what backward needs. */
void probex_forward(ProbexPass *pass, const Probex *p, const LayerSet *set, const size_t *members, size_t n, float *e);

/* Given de (n, r_t), the gradient of a loss by e of the last forward: writes the gradient by U and V
 * (of every branch), M and b to `grad`. */
void probex_backward(ProbexPass *pass, const Probex *p, const LayerSet *set, const float *de, Probex *grad);

/* e (r_t) of one layer by plain loops in double precision; a low-rank layer is used in its
 * factors. The reference that the passes are tested against. */
void probex_reference(const Probex *p, const Layer *layer, float *e);

/* The same of the form of several views, its responses written down and standardised number by number. */
void multiview_reference(const Probex *p, const Layer *layer, float *e);

/* e (n, r_t) of every model of the set, in batches. False when cancelled or out of memory. */
bool probex_represent(const Probex *p, const LayerSet *set, float *e, const Progress *progress, GError **error);
