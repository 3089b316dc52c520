/* SPDX-License-Identifier: Apache-2.0 */
/* What a view may ask for: a message, a menu, a line to type in, and what other parts of the program do (request.h).
 * Called on the thread that draws. */
#pragma once

#include "ui/desk/view.h"

/* An empty list of messages, for ui->told. */
GPtrArray *told_new(void);

/* Asks for what needs nothing more. This and all that ask return true, as handlers do that had something to do; what is
 * asked for is done when the handler has returned. */
bool ui_ask(Ui *ui, RequestKind kind);

/* REQUEST_MODEL or REQUEST_LOCATE. Keeps a reference. */
bool ui_ask_model(Ui *ui, RequestKind kind, const Model *model);

/* REQUEST_MODEL, where it is to be asked about labels. Keeps a reference. */
bool ui_ask_labels(Ui *ui, const Model *model);

/* Asks how x differs from p. Keeps references. */
bool ui_ask_diff(Ui *ui, const Model *p, const Model *x);

/* Asks for models side by side; `models` of Model*. Takes ownership. */
bool ui_ask_compare(Ui *ui, GPtrArray *models);

/* REQUEST_COPY, REQUEST_PAGE or REQUEST_REPORT. Takes ownership. */
bool ui_ask_text(Ui *ui, RequestKind kind, char *text);

/* REQUEST_TAG; `models` of Model*. Takes ownership. */
bool ui_ask_tags(Ui *ui, GPtrArray *models);

/* Another question has been answered; both NULL: none. Takes ownership of them. */
bool ui_ask_answer(Ui *ui, char *question, GHashTable *scores);

/* An expert has spoken. Takes ownership. */
bool ui_ask_predicted(Ui *ui, GHashTable *predicted);

/* The JobDone of jobs of session/file_jobs.h, `user` being the Ui: says where it was written, or why it was not. */
bool ui_on_written(gpointer user, guint64 id, gpointer result, const GError *error);

/* Tells something in the status line, until the next key, and keeps it for Messages. */
void ui_tell(Ui *ui, Style style, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same of what is not worth keeping: how to go on from here. */
void ui_hint(Ui *ui, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Remembers a line, and keeps it for later sessions unless nothing may be written. */
void ui_remember(Ui *ui, HistoryKind kind, const char *line);

/* Opens a menu in the place of the one that is open; takes ownership. */
void ui_menu(Ui *ui, Menu *menu);

/* Opens the prompt line; `label` is static text. */
void ui_prompt(Ui *ui, const char *label, const char *text);
