/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed after `:`, carried out. */
#pragma once

#include "ui/app/app_state.h"

/* What is to be performed next, by what stands above commands. */
typedef struct {
  Action action; /* ACTION_NONE: nothing */
  bool tour;     /* the tour begins */
} CommandNext;

/* Carries out one line; *next, zeroed, gets what is left to do. False, with a message in the status line, when it is
 * wrong. */
bool command_run(App *app, const char *line, CommandNext *next);
