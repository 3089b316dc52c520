/* SPDX-License-Identifier: Apache-2.0 */
/* Questions in the query language of search/question.h, answered from the weights, and beside that
 * from what names and cards declare. */
#pragma once

#include "collection/collection.h"
#include "experts/voice.h"
#include "search/fusion.h"
#include "experts/task/training_set.h"
#include "encoders/encoder.h"

/* Everything a query needs, loaded once: experts with the representations of all models of
 * their trees, and their encoders. Immutable while queries run; may be used from one thread at
 * a time. */
typedef struct QueryIndex QueryIndex;

/* Loads the experts and their representations; computes (and stores, unless read-only) those
 * that are missing. No expert is no error: such an index answers from names and cards alone and
 * says why. Keeps a reference to `models`. */
QueryIndex *query_index_open(Collection *collection, const GPtrArray *models, const Progress *progress, GError **error);

/* The same over voices that others use, too: what they have opened is not opened again. Keeps a reference. `warnings`
 * (of char*) are files that are no experts, and why. */
QueryIndex *query_index_open_voices(VoiceSet *voices, const GPtrArray *warnings, const Progress *progress,
                                    GError **error);

void query_index_free(QueryIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QueryIndex, query_index_free)

typedef struct {
  Model *model;            /* referenced */
  double score;            /* cosine, -1..1; NAN when no expert was asked of it */
  double match;            /* 0..1: how likely it fits, where several experts answer (search/fusion.h);
                           NAN else */
  const Expert *expert;    /* which spoke; borrowed from the index; NULL: none */
  bool declared;           /* a name or a card says so, not the weights */
  const char *declared_by; /* "name", "path" or the key of a fact that has the words too; NULL: none.
                           Borrowed from the model */
  Trained trained;         /* the expert on this very model: then what it says shows no skill; not known until
                              query_mark_trained() */
} QueryHit;

/* An expert that was heard. */
typedef struct {
  const Expert *expert; /* borrowed from the index */
  Fusion fusion;        /* how its cosines become odds, where several were heard */
} QuerySpeaker;

typedef struct {
  GArray *hits;      /* of QueryHit, best first */
  guint total;       /* hits there were before `limit` */
  bool doubtful;     /* the best cosine is below 0.5, and below what nine in ten right answers of its expert
                            reached on validation: perhaps nothing here is like that */
  GArray *speakers;  /* of QuerySpeaker; empty when filters alone were given */
  char **unknown;    /* words the encoder does not know, or NULL */
  GPtrArray *cannot; /* of SafeText: trees that no expert speaks for, and why; empty when
                            filters alone were given */
} QueryAnswer;

/* Answers a question; at most `limit` hits (0: all).
 *
 * Words, phrases and like: are one vector in each expert's space: the mean of what is wanted less
 * the mean of what is not. Hits of several experts are ordered by their odds (search/fusion.h).
 * Models that no expert speaks of come in when their names or cards have all words: behind those
 * that fit by their weights (match or cosine above 0.5), before the others. Filters alone list
 * what passes them, by path. sort: orders all hits.
 *
 * COPSE_ERROR_USAGE, with the character, for a question that cannot be read; COPSE_ERROR_NOT_FOUND
 * when nobody can answer: no word is known, there is no expert, and no name has the words. */
QueryAnswer *query_run(QueryIndex *index, const char *text, unsigned limit, GError **error);

/* Finds out which hits the expert that speaks of them was trained on; may read a little of each one's file. */
void query_mark_trained(QueryIndex *index, QueryAnswer *answer);

void query_answer_free(QueryAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QueryAnswer, query_answer_free)
