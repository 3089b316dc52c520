/* SPDX-License-Identifier: Apache-2.0 */
/* What an expert says of one model, as probabilities. */
#pragma once

#include "experts/expert.h"

/* The labels an expert chooses among, ready for use. */
typedef struct {
  GPtrArray *names;  /* of SafeText */
  float *mapped;     /* align: (names, r_t), length 1; classify: NULL */
} Choices;

/* Its own labels. */
Choices *choices_own(const Expert *expert, TextEncoder *encoder, GError **error);

/* Labels of the user's, for alignment; each must hold a known word. */
Choices *choices_new(const Expert *expert, TextEncoder *encoder, char *const *labels,
                     GError **error);
void choices_free(Choices *choices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Choices, choices_free)

/* p (names): for alignment the softmax over the choices, which sums to 1; for classes each label's own
 * probability. e (r_t) is a row of Representations. Returns the confidence: the largest p, for
 * classes the largest of p and 1 - p. `logits` (names) may be NULL. */
double prediction_make(const Expert *expert, const Choices *choices, const float *e, double *p,
                       float *logits);

/* True when the answer should be "don't know": its confidence is below the threshold; for alignment also when
 * the best label's cosine is below the expert's floor (none of the choices fits); for classes when no
 * label is said to be there with confidence. Takes what prediction_make() gave. */
bool prediction_abstains(const Expert *expert, const Choices *choices, const double *p,
                         const float *logits, double confidence);
