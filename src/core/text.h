/* SPDX-License-Identifier: Apache-2.0 */
/* Text that is safe to show: names, tensor keys and metadata come from files
 * that strangers wrote, so they are cleaned once, where they are loaded. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* UTF-8 without control, format-override or invalid bytes. The alias marks every
 * string that went through safe_text(); only these are shown or printed. */
typedef char SafeText;

/* A cleaned copy of `n` bytes (-1: up to the NUL). Tabs and newlines become a space,
 * other C0, DEL, C1, bidi controls and line separators U+FFFD, invalid bytes U+FFFD
 * each. NULL gives "". The caller frees it. */
SafeText *safe_text(const char *bytes, gssize n);

/* The same, keeping newlines: for a model card's body. */
SafeText *safe_text_lines(const char *bytes, gssize n);

/* True when safe_text() would return the bytes unchanged. */
bool text_is_safe(const char *bytes, gssize n);

/* For comparisons that take upper and lower case for the same: g_utf8_casefold(), much sooner done for text that is
 * ASCII. Valid UTF-8 in; the caller frees it. */
char *text_fold(const char *s);

/* What stands behind the last dot of a name, all of a name without one. Borrowed from it. */
const char *text_last_part(const char *name);

/* Columns that the terminal gives to a character: 0, 1 or 2. */
int text_char_width(gunichar c);

/* Columns of a whole string of valid UTF-8. */
int text_width(const char *s);

/* Exactly `columns` columns: padded with spaces, or cut with `ellipsis` ("…" or "~")
 * at the end. The caller frees it. */
char *text_fit(const char *s, int columns, const char *ellipsis);

/* 999, 2,000, 1,234,567: a number that is read digit by digit, as it stands on screens and pages. The caller frees it. */
char *text_whole(uint64_t n);

/* Adds the same. */
void text_append_whole(GString *s, uint64_t n);

/* 999, 1.2k, 86.4M, 7.0B: parameter counts in at most five columns. */
char *text_count(uint64_t n);

/* 512 B, 1.5 kB, 343 MB (powers of 1000, as disks are sold and Hubs display). */
char *text_bytes(uint64_t n);

/* Adds a text to HTML or SVG, what is special there escaped; NULL adds nothing. */
void text_append_markup(GString *out, const char *text);

/* 0.4 s, 12 s, 3 min 20 s, 2 h 05 min. */
char *text_seconds(double seconds);
