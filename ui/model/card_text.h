/* SPDX-License-Identifier: Apache-2.0 */
/* A model card's Markdown as lines in styles. */
#pragma once

#include "ui/toolkit/lines.h"

/* Headings, paragraphs, lists, quotes, code, tables, rules; links with their addresses; raw HTML left out.
 * `markdown` must be valid UTF-8 without control characters but newlines. The caller frees it. */
Lines *card_text_new(const char *markdown, int columns, bool ascii);
