/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of text in several styles, broken to a width, that one scrolls through. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/cells.h"

typedef struct {
  Style style;
  char *text;
} Span;

typedef struct {
  GPtrArray *lines; /* of GArray* of Span */
  GArray *open;     /* spans of the line that is being written */
  int columns;      /* to break at */
} Lines;

Lines *lines_new(int columns);
void lines_free(Lines *lines); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lines, lines_free)

/* Appends to the line that is being written, as it is. */
void lines_put(Lines *lines, Style style, const char *text);

/* Ends the line. */
void lines_end(Lines *lines);

/* An empty line, unless there is one already or nothing above it. */
void lines_gap(Lines *lines);

/* Breaks the spans written since the last end at spaces; all lines but the first are indented. */
void lines_wrap(Lines *lines, int indent);

/* Moves the spans written since the last end to the front of line i. */
void lines_margin(Lines *lines, guint i);

/* A label of `width` columns and a text beside it. */
void lines_fact(Lines *lines, const char *label, int width, Style style, const char *text);

/* The text of line i. The caller frees it. */
char *lines_text(const Lines *lines, guint i);

/* Draws the lines from `top` on. */
void lines_draw(const Lines *lines, Cells *cells, Rect area, int top);
