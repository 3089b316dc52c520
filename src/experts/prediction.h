/* SPDX-License-Identifier: Apache-2.0 */
/* What an expert says of one model, as probabilities. */
#pragma once

#include "experts/expert.h"

/* The labels an expert chooses among, ready for use. */
typedef struct {
  GPtrArray *names; /* of SafeText */
  float *mapped;    /* align: (names, r_t), length 1; classify: NULL */
  bool unseen;      /* there are labels among them that the expert was not trained on */
} Choices;

/* Its own labels. */
Choices *choices_own(const Expert *expert, TextEncoder *encoder, GError **error);

/* Labels of the user's, for alignment. Those without a word that the encoder knows are left out,
 * and added to `left_out` (char*, safe to show; may be NULL); COPSE_ERROR_NOT_FOUND when no
 * other is left. */
Choices *choices_new(const Expert *expert, TextEncoder *encoder, char *const *labels, GPtrArray *left_out,
                     GError **error);
void choices_free(Choices *choices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Choices, choices_free)

/* p (names): for alignment the softmax over the choices, which sums to 1; for classes each label's own
 * probability. e (r_t) is a row of Representations. Returns the confidence: the largest p, for
 * classes the largest of p and 1 - p. `logits` (names) may be NULL. */
double prediction_make(const Expert *expert, const Choices *choices, const float *e, double *p, float *logits);

/* Why the answer should be "don't know". */
typedef enum {
  DOUBT_NONE,     /* it should not */
  DOUBT_UNSURE,   /* the likeliest label is below the threshold */
  DOUBT_NO_FIT,   /* alignment: the best label's cosine is below the expert's floor, however sure the choice */
  DOUBT_FOREIGN,  /* the model is unlike anything that the expert was trained on, or changes nothing */
  DOUBT_NO_LABEL, /* classes: no label is likelier there than not */
} Doubt;

/* Takes what prediction_make() gave. */
Doubt prediction_doubt(const Expert *expert, const Choices *choices, const double *p, const float *logits,
                       double confidence);

/* True when there is any doubt. */
bool prediction_abstains(const Expert *expert, const Choices *choices, const double *p, const float *logits,
                         double confidence);
