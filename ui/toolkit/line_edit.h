/* SPDX-License-Identifier: Apache-2.0 */
/* One line of text that is being typed. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/cells.h"
#include "ui/toolkit/key.h"
#include "ui/toolkit/keymap.h"

typedef struct {
  GString *text; /* valid UTF-8, printable */
  gsize cursor;  /* byte offset of a character's start, or the end */
} LineEdit;

void line_edit_init(LineEdit *edit, const char *text);
void line_edit_clear(LineEdit *edit);

/* Another text, the cursor at its end. Unprintable characters are left out. */
void line_edit_set(LineEdit *edit, const char *text);

/* Types a character. True when the text has changed; texts end at 1000 bytes. */
bool line_edit_type(LineEdit *edit, Key key);

/* Performs an ACTION_EDIT_… or ACTION_ASK_LEFT / RIGHT. True when it was one; *changed says
 * whether the text is another now. */
bool line_edit_action(LineEdit *edit, Action action, bool *changed);

/* Draws the part around the cursor and puts the terminal's cursor there. */
void line_edit_draw(const LineEdit *edit, Cells *cells, int x, int y, int columns, Style style);
