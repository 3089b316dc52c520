/* SPDX-License-Identifier: Apache-2.0 */
/* What a model is for, in one line, with who says so: the first thing a collector asks of a file with a cryptic name.
 * Pure; safe in any thread. */
#pragma once

#include "collection/model.h"

/* Who says it, the most trusted first. */
typedef enum {
  PURPOSE_BY_HAND,
  PURPOSE_PREDICTED,    /* an expert, from the weights */
  PURPOSE_DECLARED,     /* the label in its metadata */
  PURPOSE_TRIGGER,      /* the tag on most of its training pictures: a guess */
  PURPOSE_TRAINED_WORD, /* of a sidecar */
  PURPOSE_DESCRIBED,    /* a sidecar's description */
  PURPOSE_CARD,
  PURPOSE_NAME
} PurposeKind;

typedef struct {
  PurposeKind kind;
  char *text;     /* owned */
  char *evidence; /* "by hand", "expert NAME, 0.93", "ss_tag_frequency, on 97 % of the pictures"; owned */
} Purpose;

/* "by-hand", "predicted", "declared", "trigger", "trained-words", "description", "card", "name". Static text. */
const char *purpose_kind_name(PurposeKind kind);

/* All that is known, the most trusted first, of those that say the same the first alone. Never empty: the name is the
 * last. What an expert predicts (may be NULL, as prediction and as evidence) takes its place among them. Array of
 * Purpose; free with g_array_unref. */
GArray *model_purposes(const Model *model, const char *label_key, const char *predicted, const char *expert);

/* The first of them without a prediction. The caller frees it. */
char *model_purpose(const Model *model, const char *label_key);
