/* SPDX-License-Identifier: Apache-2.0 */
/* What servers send in a file's place: a login page, or word of an error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the n bytes that a file begins with are the beginning of a web page, or of a server's error as XML or JSON,
 * with or without a byte order mark. Never for the header of a weight file. */
bool web_page_begins(const void *head, size_t n);

/* True when a file of `size` bytes, whose first n these are, is nothing but a line or two of text: "Entry not found". */
bool web_page_is_note(const void *head, size_t n, uint64_t size);
