/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a word: "red" is meant where a word begins, and only else inside of "checkered". */
#pragma once

#include <stdbool.h>

/* True when a word begins at `at` in `text`: at its start, after anything that is neither letter nor digit, at every
 * character of a script that writes without spaces, and between a letter and a digit ("v2", "net0048"). Both are
 * UTF-8. */
bool word_begins(const char *text, const char *at);

/* The first place where `text` holds `word`, at the beginning of a word alone with `begins`; NULL when there is
 * none. Both are folded in case. */
const char *word_find(const char *text, const char *word, bool begins);
