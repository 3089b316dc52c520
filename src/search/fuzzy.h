/* SPDX-License-Identifier: Apache-2.0 */
/* Finding one of many texts by a few letters, while they are typed: every word that is typed must be there, in any
 * order, best where a word begins, else inside of one, else as letters in their order with gaps. Pure; made for a
 * hundred thousand texts within the time of one frame. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Fuzzy Fuzzy;

/* The letters and digits that a text has, as bits: whatever lacks one that is typed need not be looked at. */
guint64 fuzzy_letters(const char *folded);

/* Over n texts, folded in case (text_fold()) and borrowed, as are their letters; NULL: found out here. */
Fuzzy *fuzzy_new(const char *const *texts, const guint64 *letters, guint n);
void fuzzy_free(Fuzzy *fuzzy); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fuzzy, fuzzy_free)

/* Another text is typed. One more letter looks only at what still matched before it. */
void fuzzy_type(Fuzzy *fuzzy, const char *typed);

/* The same in slices, for whoever may not be held up: fuzzy_work() looks at so many texts, and is true while others are
 * left. Until then the functions below tell of what was found so far. Another text may be begun at any time: one that
 * goes on with the last looks at what has matched and at what is left. */
void fuzzy_begin(Fuzzy *fuzzy, const char *typed);
bool fuzzy_work(Fuzzy *fuzzy, guint texts);

/* How many texts match; all of them when nothing is typed. */
guint fuzzy_count(const Fuzzy *fuzzy);

/* The best matches, at most `most`, into `best`: best first, and in the order of the texts among equals. Returns how
 * many. */
guint fuzzy_best(const Fuzzy *fuzzy, guint *best, guint most);

/* Marks the matches by index (n bytes, the others 0), those alone that were found in the best way there is: where words
 * begin, else inside of words, else with gaps. Returns how many; 0 when nothing is typed. */
guint fuzzy_mark(const Fuzzy *fuzzy, guint8 *marks);
