/* SPDX-License-Identifier: Apache-2.0 */
/* The written forms of protocol 0: decimal digits, and strings with escapes. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { PICKLE_BIG_BYTES = 10 }; /* as many as PyTorch's magic number has */

typedef enum { PICKLE_DIGITS_WRONG, PICKLE_DIGITS_SMALL, PICKLE_DIGITS_BIG } PickleDigits;

/* Digits with or without a sign and a closing L. SMALL: *value; BIG: its magnitude, little-endian,
 * of which only PICKLE_BIG_BYTES are kept. */
PickleDigits pickle_text_integer(const char *s, size_t n, int64_t *value, unsigned char big[PICKLE_BIG_BYTES]);

/* UNICODE: the escapes \uXXXX and \UXXXXXXXX, and Latin-1 bytes, become UTF-8. The caller frees it.
 */
GString *pickle_text_unescape(const char *s, size_t n);

/* STRING: what is between the quotes, with Python's escapes undone; NULL without quotes. */
GString *pickle_text_unquote(const char *s, size_t n);
