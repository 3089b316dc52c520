/* SPDX-License-Identifier: Apache-2.0 */
/* Alignment of representations with text: cosine of e and a linear map of a text's vector,
 * cross-entropy over the list of concepts.
 *
 *   t_c = normalise(W x_c + c)                    x_c: text vector of concept c
 *   logit_ic = exp(tau) · normalise(e_i) · t_c
 *   loss = mean_i ( -log softmax(logit_i)[target_i] )
 *
 * W and c are the Probex head. The temperature exp(tau) is learned, from 1/0.07 up to 100. */
#pragma once

#include "experts/probex/probex.h"

/* Scratch memory for batches of `capacity` models and `classes` concepts. */
typedef struct AlignPass AlignPass;

AlignPass *align_pass_new(const Probex *p, size_t capacity, size_t classes, GError **error);
void align_pass_free(AlignPass *pass);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AlignPass, align_pass_free)

/* The mean loss of e (n, r_t) against text (classes, d_text), target[i] < classes. With `grad`
 * (may be NULL) writes the gradient of the head and tau there and that of e to de (n, r_t). */
double align_loss(AlignPass *pass, const Probex *p, const float *text, size_t classes, const float *e,
                  const size_t *target, size_t n, float *de, Probex *grad);

/* mapped (n, r_t) = normalise(W x + c) of n text vectors. */
void align_map_text(const Probex *p, const float *text, size_t n, float *mapped);

/* Brings each row of x (n, width) to length 1; rows of zeros stay. lengths (n) may be NULL. */
void align_normalise(float *x, size_t n, size_t width, float *lengths);

/* Largest tau: log 100. */
#define ALIGN_MAX_TAU 4.6051702f
