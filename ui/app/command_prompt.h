/* SPDX-License-Identifier: Apache-2.0 */
/* The line after `:` while it is typed: its candidates, and the commands before it. */
#pragma once

#include "ui/app/app_state.h"

/* Opens the command line. */
void command_prompt_open(App *app);

/* What may follow is looked up again: the text has changed. */
void command_prompt_typed(App *app);

/* Performs an action while the command line is open; false when it is none of its own. */
bool command_prompt_action(App *app, Action action);

/* Closes the command line and remembers what was typed. The caller frees it; NULL: nothing. */
char *command_prompt_take(App *app);
