/* SPDX-License-Identifier: Apache-2.0 */
/* The fields a question can name, which are those of collection/fields.def and every key that models declare, and what
 * models have there. */
#pragma once

#include "collection/model_fields.h"
#include "search/question.h"

/* True when these values, of the filter's field, pass it. */
bool question_passes(const Term *filter, const GPtrArray *values);

/* True when the model passes one filter. */
bool question_filter(const Term *filter, const Model *model);

/* What models are ordered by: numbers by size, before texts by their letters; a model without the
 * field has neither, and comes last in either direction. */
typedef struct {
  char *text;    /* owned, or NULL */
  double number; /* or NAN */
} SortKey;
SortKey question_sort_key(const Model *model, const char *field);
int sort_key_compare(const SortKey *a, const SortKey *b, bool descending);

/* Checks that the fields of a question exist, in the catalog or among the facts of any of `models`, and
 * that what counts is compared with numbers. Fields of the forest may be named where `owner` is FIELD_OF_FOREST.
 * COPSE_ERROR_USAGE with the place and, if one is near,
 * the name that was meant. */
bool question_check(const Question *question, const char *text, const GPtrArray *models, FieldOwner owner, size_t *at,
                    GError **error);

typedef struct {
  size_t from, to;  /* the bytes of the question that a proposal takes the place of */
  GPtrArray *texts; /* of char*: proposals, best first */
} Completion;

/* What the item around byte `cursor` may become: names of fields, values that models have there,
 * models after like:. At most `limit`; of many models some thousand are looked at. */
Completion *question_complete(const char *text, size_t cursor, const GPtrArray *models, guint limit);
void completion_free(Completion *completion);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Completion, completion_free)
