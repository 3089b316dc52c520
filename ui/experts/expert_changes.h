/* SPDX-License-Identifier: Apache-2.0 */
/* Another name for an expert, or its end: asked once, with its name in the question. */
#pragma once

#include "ui/desk/view.h"

enum { EXPERT_MENU_DELETE = 1, EXPERT_KEEP = 0, EXPERT_DELETE };

/* The prompt of a new name. */
extern const char expert_rename_label[];

/* Each opens its question, unless there is no expert (NULL) or nothing may be written. */
void expert_ask_delete(Ui *ui, const Expert *expert);
void expert_ask_rename(Ui *ui, const Expert *expert);

/* Renames the opened expert number `row`, or deletes it (NULL); the experts are opened again then. */
void expert_change(Ui *ui, guint row, const char *name);
