/* SPDX-License-Identifier: Apache-2.0 */
/* From an action to what happens. */
#pragma once

#include "ui/app/app_state.h"

/* Performs an action in the present context. */
void app_perform(App *app, Action action);

/* Chooses the line of the open menu on which the cursor is. */
void app_choose(App *app);

/* Takes a key that is no action where one types. */
void app_type(App *app, Key key);

/* Carries out one line, as if it had been typed after `:`. False, with a message in the status line, when it is
 * wrong. */
bool app_command(App *app, const char *line);
