/* SPDX-License-Identifier: Apache-2.0 */
/* Multi-label classification from representations: y = T e + c, binary cross-entropy over the
 * labels, each by itself. T and c are the Probex head.
 *
 *   loss = mean_ij ( softplus(y_ij) - t_ij y_ij ),  t_ij = 1 when model i has label j */
#pragma once

#include "experts/probex/probex.h"

/* y (n, n_classes) of e (n, r_t). */
void classify_logits(const Probex *p, const float *e, size_t n, float *y);

/* The mean loss of e (n, r_t) against has[models[i]·n_classes + j]. `y` (n, n_classes) is scratch and
 * holds the logits afterwards, or with `grad` (may be NULL) their gradient: then the gradients of
 * the head and of e are written to grad and de (n, r_t). */
double classify_loss(const Probex *p, const float *e, const unsigned char *has, const size_t *models, size_t n,
                     float *y, float *de, Probex *grad);
