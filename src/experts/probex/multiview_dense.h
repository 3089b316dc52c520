/* SPDX-License-Identifier: Apache-2.0 */
/* Several views of dense layers: the responses S themselves, model by model. Of a compressed set X = L C R' the same is
 * done with C, where 1'L and 1'R stand for the ones that sums are taken with, and |S|² is that of its coordinates. */
#pragma once

#include "experts/probex/layer_set.h"
#include "experts/probex/probex.h"

/* Scratch memory for batches of models of one dense set, which it borrows. */
typedef struct MultiviewDense MultiviewDense;

MultiviewDense *multiview_dense_new(const Probex *p, const LayerSet *set, size_t capacity, GError **error);
void multiview_dense_free(MultiviewDense *pass);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MultiviewDense, multiview_dense_free)

/* h (n, hidden) of the models set[members[0..n)], n <= capacity; `members` must last until the way back. */
void multiview_dense_forward(MultiviewDense *pass, const Probex *p, const size_t *members, size_t n, float *h);

/* Given h and dh (count, hidden) of the models `from` .. `from` + count of the last forward, dh being overwritten: adds to
 * the gradient by probes and projections, which those from 0 on begin. */
void multiview_dense_backward(MultiviewDense *pass, const Probex *p, size_t from, size_t count, const float *h,
                              float *dh, Probex *grad);
