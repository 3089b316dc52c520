/* SPDX-License-Identifier: Apache-2.0 */
/* Several views of low-rank layers X = s B A (B: d_out x k, A: k x d_in), in their factors. With G = B'B and F = A A'
 * each response is S = L C, of which only C (k x r_u) is computed:
 *
 *            L    C                 sum of S         sum of squares
 *   xu       B    s A U             (1'B) C 1        sum C * (G C)
 *   xxtu     B    s² F (B'U)        (1'B) C 1        sum C * (G C)
 *   xtu      A'   s B'U             (A 1)'C 1        sum C * (F C)
 *   xtxu     A'   s² G (A U)        (A 1)'C 1        sum C * (F C)
 *
 * and P S = (P L) C. For a batch the products with U and P are one multiplication each a branch. */
#pragma once

#include "experts/probex/layer_set.h"
#include "experts/probex/probex.h"

/* Scratch memory, and G, F and row sums of all models of one low-rank set, which it borrows. */
typedef struct MultiviewLow MultiviewLow;

MultiviewLow *multiview_low_new(const Probex *p, const LayerSet *set, size_t capacity, GError **error);
void multiview_low_free(MultiviewLow *pass);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MultiviewLow, multiview_low_free)

/* h (n, hidden) of the models set[members[0..n)], n <= capacity; `members` must last until the way back. */
void multiview_low_forward(MultiviewLow *pass, const Probex *p, const size_t *members, size_t n, float *h);

/* Given h and dh (n, hidden) of the last forward, dh being overwritten: writes the gradient by probes and projections. */
void multiview_low_backward(MultiviewLow *pass, const Probex *p, const float *h, float *dh, Probex *grad);
