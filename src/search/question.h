/* SPDX-License-Identifier: Apache-2.0 */
/* The query language: a question as text, taken apart.
 *
 *   question = { item }            items are apart by white space
 *   item     = [-] word            free words, read together as one text; a beginning such as "show
 *                                  me a picture of" is dropped (search/lead_in.h)
 *            | [-] "a phrase"      a text of its own; in names and cards it must stand as it is
 *            | [-] like:MODEL      what that model is like
 *            | [-] FIELD:test      only models for which that holds (with -: does not); the colon may
 *                                  be left out before a sign: params<10M
 *            | sort:[-]FIELD       order; with - the largest first
 *   test     = value{,value}       a text field: holds one of them (* and ? stand for any); numbers:
 *                                  is one of them, to the digits given
 *            | =value | !=value    is exactly, is not
 *            | <n | <=n | >n | >=n | n..m
 *
 * Values with spaces go into quotes. Numbers may end in k, M, B, G, T, Ki, Mi, Gi, B: 100M, 1.5GB.
 * In place of n and m may stand days, months and years (search/date.h): date:2024-03..2024-05.
 * Fields are those of question_field.h: facts of the catalog, and what models declare. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/model_fields.h"
#include "core/text.h"

typedef enum { TERM_WORD, TERM_PHRASE, TERM_LIKE, TERM_FILTER } TermKind;

typedef enum {
  TEST_HOLDS, /* one of the values is in it, or it is that number to the digits given */
  TEST_EQUAL,
  TEST_BETWEEN /* low .. high, ends as `open` says */
} TestKind;

typedef struct {
  TermKind kind;
  bool minus;
  size_t at, length; /* the item's bytes in the question */
  size_t value_at;   /* of a filter: where its test begins */
  char *text;        /* word, phrase, model; of a filter the field's name */
  ModelField field;  /* of a filter: that field, FIELD_COUNT for a key that models declare */
  TestKind test;
  char **values;    /* of TEST_HOLDS and TEST_EQUAL */
  double low, high; /* of TEST_BETWEEN */
  bool low_open, high_open;
  bool dates; /* they are seconds since 1970 */
} Term;

typedef struct {
  GPtrArray *terms; /* of Term, in order, without sort: */
  char *sort;       /* field, or NULL */
  size_t sort_at;
  bool descending;
} Question;

/* Takes a question apart. COPSE_ERROR_USAGE with what is wrong and at which character; *at (may be
 * NULL) gets its byte. */
Question *question_parse(const char *text, size_t *at, GError **error);
void question_free(Question *question);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

/* The free words with (minus) or without a minus, as one text; NULL when there are none. The
 * caller frees it. */
char *question_words(const Question *question, bool minus);

/* True when something is asked of the experts: words, phrases, likeness. */
bool question_asks(const Question *question);

/* A number with its unit: "100M", "1.5GB", "16". `spread` (may be NULL) gets half a unit of its
 * last digit, 0 for a number without unit. False when it is none. */
bool question_number(const char *text, double *value, double *spread);

/* An error about byte `at` of the question. */
void question_fail(GError **error, const char *question, size_t at, const char *format, ...) G_GNUC_PRINTF(4, 5);
