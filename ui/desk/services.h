/* SPDX-License-Identifier: Apache-2.0 */
/* What a view may ask for: a message, a menu, a line to type in. Called on the thread that draws. */
#pragma once

#include "ui/desk/view.h"

/* An empty list of messages, for ui->told. */
GPtrArray *told_new(void);

/* Says which model the next REACT_… is about; NULL for none. Keeps a reference. */
void ui_target(Ui *ui, Model *target);

/* Tells something in the status line, until the next key, and keeps it for Messages. */
void ui_tell(Ui *ui, Style style, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Remembers a line, and keeps it for later sessions unless nothing may be written. */
void ui_remember(Ui *ui, HistoryKind kind, const char *line);

/* Opens a menu in the place of the one that is open; takes ownership. */
void ui_menu(Ui *ui, Menu *menu);

/* Opens the prompt line; `label` is static text. */
void ui_prompt(Ui *ui, const char *label, const char *text);
