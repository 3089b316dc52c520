/* SPDX-License-Identifier: Apache-2.0 */
/* Facts set by hand from a view: which, what it was, and what becomes of it. */
#pragma once

#include "ui/desk/view.h"

/* A menu of the facts that can be set, with what they are now. */
Menu *hand_menu_new(int id, const Model *model, const char *label_key);

/* Opens the prompt for the menu's line, whose label begins with HAND_PROMPT. */
#define HAND_PROMPT "by hand: "
void hand_prompt(Ui *ui, int line, const Model *model, const char *label_key);

/* Sets what the prompt was opened for; the collection is read again when it is kept. */
void hand_accept(Ui *ui, Model *model, const char *text);

/* Marks the model, or takes the mark away. */
void hand_favourite(Ui *ui, Model *model);
