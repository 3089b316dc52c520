/* SPDX-License-Identifier: Apache-2.0 */
/* Questions in words, answered from the weights. */
#pragma once

#include "collection/collection.h"
#include "experts/expert.h"
#include "text/encoder.h"

/* Everything a query needs, loaded once: experts with the representations of all models of
 * their trees, and their encoders. Immutable while queries run; may be used from one thread at
 * a time. */
typedef struct QueryIndex QueryIndex;

/* Loads the experts and their representations; computes (and stores, unless read-only) those
 * that are missing. No expert is no error: such an index answers nothing and says why. */
QueryIndex *query_index_open(Collection *collection, const GPtrArray *models,
                             const Progress *progress, GError **error);
void query_index_free(QueryIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QueryIndex, query_index_free)

/* Array of Expert*, borrowed. */
const GPtrArray *query_index_experts(const QueryIndex *index);

typedef struct {
  Model *model;         /* referenced */
  double score;         /* cosine, -1..1 */
  const Expert *expert; /* which spoke; borrowed from the index */
  bool declared;        /* a name or a card says so, not the weights */
} QueryHit;

typedef struct {
  GArray *hits;          /* of QueryHit, best first */
  char **unknown;        /* words the encoder does not know, or NULL */
  GPtrArray *cannot;     /* of SafeText: trees that no expert speaks for, and why */
} QueryAnswer;

/* Ranks the models for a text; at most `limit` hits (0: all). COPSE_ERROR_NOT_FOUND when no word is known
 * or there is no expert. */
QueryAnswer *query_run(QueryIndex *index, const char *text, unsigned limit, GError **error);
void query_answer_free(QueryAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QueryAnswer, query_answer_free)
