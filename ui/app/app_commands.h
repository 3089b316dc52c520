/* SPDX-License-Identifier: Apache-2.0 */
/* The command line at work: the part of app.h that types, completes and carries out commands. */
#pragma once

#include "ui/app/app.h"

/* Opens the command line. */
void app_open_command(App *app);

/* Performs an action while the command line is open; false when it is none of its own. */
bool app_command_action(App *app, Action action);

/* What may follow is looked up again: the text has changed. */
void app_command_typed(App *app);

/* Carries out one line, as if it had been typed. False, with a message in the status line, when it is wrong. */
bool app_command(App *app, const char *line);
