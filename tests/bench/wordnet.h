/* SPDX-License-Identifier: Apache-2.0 */
/* WordNet's files (wndb(5WN)), one part of speech at a time: what the makers of the word tables read. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { RELATION_ABOVE, RELATION_BELOW, RELATION_SIMILAR } Relation;

typedef struct {
  Relation kind;
  uint32_t offset;
} Pointer;

typedef struct {
  uint32_t offset; /* in data.POS: its id, n%08u among nouns */
  unsigned lexfile;
  GPtrArray *words; /* char*: as written, '_' for spaces */
  GArray *pointers; /* of Pointer: to synsets of the same part of speech */
  char *gloss;      /* definition; "examples" */
} Synset;

typedef struct {
  GPtrArray *all;      /* of Synset, in the file's order */
  GHashTable *offsets; /* offset -> Synset */
  GHashTable *senses;  /* lower-case word -> GPtrArray of Synset, the most frequent sense first */
} Wordnet;

/* `part` is "noun" or "adj". NULL with an error when a file cannot be read. */
Wordnet *wordnet_read(const char *folder, const char *part, GError **error);
void wordnet_free(Wordnet *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wordnet, wordnet_free)

Synset *wordnet_synset(const Wordnet *w, uint32_t offset);

/* The senses of a word (lower case), or NULL. */
const GPtrArray *wordnet_senses(const Wordnet *w, const char *word);

/* Which sense of the word a synset is, from 0. */
unsigned wordnet_rank(const Wordnet *w, const char *word, const Synset *synset);
