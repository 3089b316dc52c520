/* SPDX-License-Identifier: Apache-2.0 */
/* Model cards: a README.md whose front matter, YAML between two lines of "---", says what the
 * model is. Strangers write them, so the parser takes a small and bounded part of YAML: at most
 * CARD_MAX_FRONT bytes, 16 levels, 20,000 events, no aliases (a few lines of those grow to
 * gigabytes). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum { CARD_MAX_FRONT = 256 * 1024 };

/* Finds the parts of a card. *front and *front_n: the YAML, without the marks, or NULL and 0
 * when there is none. Returns the body's start. All point into `bytes`. */
const char *card_split(const char *bytes, size_t n, const char **front, size_t *front_n);

/* Gets each value of the front matter's top level: a scalar, or each scalar of a list. Mappings
 * and what lies deeper are left out, as are empty values and null. Strings are as written,
 * not cleaned. */
typedef void (*CardEntry)(void *user, const char *key, const char *value);

/* Parses front matter. On failure nothing was passed on and the error (COPSE_ERROR_FORMAT) says
 * which bound or rule was broken. Safe from any thread. */
bool card_parse(const char *front, size_t n, CardEntry entry, void *user, GError **error);

/* Parses the front matter of a card, of which the first CARD_MAX_FRONT bytes are enough; a card
 * without any is fine. */
bool card_take(const char *card, size_t n, CardEntry entry, void *user, GError **error);
