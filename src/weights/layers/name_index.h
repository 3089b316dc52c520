/* SPDX-License-Identifier: Apache-2.0 */
/* Layers found by what they are, whatever tool spelled their names: see name_key.h. A name that is not there is looked
 * for without its first component, and among those that lack theirs ("bert.encoder.…" and "encoder.…"), as long as only
 * one can be meant; a head that is not there, as the table of tokens that it is tied to. */
#pragma once

#include <glib.h>

typedef struct NameIndex NameIndex;

NameIndex *name_index_new(void);
void name_index_free(NameIndex *index); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NameIndex, name_index_free)

/* Enters a canonical name; of two with one key, the first stays. */
void name_index_add(NameIndex *index, const char *layer, unsigned place);

/* The place of that layer, or -1. */
int name_index_find(const NameIndex *index, const char *layer);
