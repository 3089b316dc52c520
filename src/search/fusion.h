/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of several experts made comparable.
 *
 * Cosines of two experts mean different things: a sharp one gives 0.9 to what fits and 0.1 to all
 * else, a weak one 0.5 and 0.4. Each expert's cosines are turned into the odds that a model fits a
 * text, by logistic regression (Platt 1999) of "the model's label is this text" on the cosine, over
 * pairs of models and the expert's own labels, both outcomes weighted alike:
 *
 *   log odds = a * cosine + b
 *
 * The models are those kept from training, when at least ten of them have a label, else all. An
 * expert without labelled models gets the odds of standing out from the bulk of its pairs. */
#pragma once

#include "experts/representation.h"

typedef struct {
  double a, b;    /* a > 0: within one expert the order stays */
  unsigned pairs; /* models that fit, among those it comes from; 0: none was labelled */
} Fusion;

/* Fits one expert's. `encoder` is the expert's. */
bool fusion_fit(const Expert *expert, TextEncoder *encoder, const Representations *rep, Fusion *fusion, GError **error);

/* Logistic regression on n cosines: fits[i] says whether the pair belongs together. Both outcomes
 * count alike, whatever their numbers; at least one of each is needed. */
Fusion fusion_regress(const float *cosine, const bool *fits, size_t n);
