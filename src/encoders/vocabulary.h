/* SPDX-License-Identifier: Apache-2.0 */
/* A tokenizer's vocabulary: token <-> id. Immutable once loaded, then safe from any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/json_reader.h"
#include "core/text.h"

/* Files of vocabularies may be this large, and have ids below this. */
enum { VOCABULARY_MAX_BYTES = 128 << 20, VOCABULARY_MAX_IDS = 4 << 20 };

typedef struct Vocabulary Vocabulary;

Vocabulary *vocabulary_new(void);
void vocabulary_free(Vocabulary *vocabulary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vocabulary, vocabulary_free)

/* Adds a token, which is copied. A token that is there keeps its id. False when the id is too
 * large. */
bool vocabulary_add(Vocabulary *vocabulary, const char *token, uint64_t id);

/* Reads an object of tokens and ids ({"the": 5, …}) at the reader's place. False, with the reader
 * failed, when it is none. */
bool vocabulary_read(Vocabulary *vocabulary, JsonReader *reader);

/* The id, or -1. */
int64_t vocabulary_find(const Vocabulary *vocabulary, const char *token);

/* The token of an id as the file spells it (not safe to show), or NULL. Borrowed. */
const char *vocabulary_token(const Vocabulary *vocabulary, uint32_t id);

/* The largest id plus 1; 0 when it is empty. */
uint32_t vocabulary_ids(const Vocabulary *vocabulary);

/* A hash of tokens with their ids that does not depend on their order. */
uint64_t vocabulary_hash(const Vocabulary *vocabulary);
