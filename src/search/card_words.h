/* SPDX-License-Identifier: Apache-2.0 */
/* What names and cards say: words looked up in them, for models whose weights nobody can ask and
 * beside those that can be. */
#pragma once

#include "collection/model.h"
#include "search/question.h"

typedef struct DeclaredWords DeclaredWords;

/* The texts of a model are folded when it is first looked at, and kept. Keeps a reference to the
 * list. For one thread at a time. */
DeclaredWords *declared_words_new(const GPtrArray *models);
void declared_words_free(DeclaredWords *index); /* NULL-safe */

/* Where model i says what the question asks: "name", "path" or the key of a fact; NULL when it does
 * not. Every free word (small ones aside) and every phrase must be found, and none of those with a
 * minus. Borrowed from the model. */
const char *declared_words_find(DeclaredWords *index, const Question *question, guint i);
