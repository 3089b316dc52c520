/* SPDX-License-Identifier: Apache-2.0 */
/* How CLIP's tokenizer cleans a text and cuts it into words, before bytes are paired.
 *
 * Cleaning: bytes that are no UTF-8 become U+FFFD, then canonical composition (NFC), each run of
 * white space one space, lower case a character at a time. White space is Unicode's White_Space,
 * which is neither C's nor GLib's; control characters stay.
 *
 * Words, tried in this order at each place: 's 't 're 've 'm 'll 'd; one or more letters (L);
 * one number (N); one or more characters that are neither white space, letters nor numbers. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Unicode's property White_Space. */
bool clip_text_is_space(gunichar c);

/* The lower case of one character, appended: U+0130 becomes two. */
void clip_text_append_lower(GString *out, gunichar c);

/* The cleaned text of n bytes (-1: up to the NUL). The caller frees it. Thread-safe. */
char *clip_text_clean(const char *bytes, gssize n);

/* The next word of a cleaned text from *at on, which moves behind it; NULL at the end. Borrowed
 * from the text; *n is its length in bytes. */
const char *clip_text_next(const char **at, size_t *n);
