/* SPDX-License-Identifier: Apache-2.0 */
/* WordNet 3.0's nouns by their offsets, which are ImageNet's class ids: n02119789 is "kit fox, Vulpes macrotis". Linked
 * into the program (data/labels/synsets.bin; layout: tests/bench/make-synsets.c). */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  char *names;      /* "kit fox, Vulpes macrotis": the first is the usual one */
  char *definition; /* "small grey fox of southwestern United States; …" */
} SynsetEntry;

/* The entry of an id; NULL when there is no such noun. Thread-safe; unpacks some hundred kilobytes. */
SynsetEntry *synset_find(const char *id);
void synset_entry_free(SynsetEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SynsetEntry, synset_entry_free)

/* The usual name of an id, or NULL when the text is none. The caller frees it. */
char *synset_name(const char *text);
