/* SPDX-License-Identifier: Apache-2.0 */
/* What may be typed after `:`. Every action's name is a command; the others take an argument. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/desk/view.h"

/* What an argument names, for its completion. */
typedef enum {
  ARGUMENT_NONE,
  ARGUMENT_TEXT,
  ARGUMENT_MODEL,
  ARGUMENT_EXPERT,
  ARGUMENT_LAYER,
  ARGUMENT_COLUMN,
  ARGUMENT_THEME,
  ARGUMENT_FILE,
  ARGUMENT_ONOFF
} ArgumentKind;

typedef struct {
  const char *verb;
  const char *argument; /* "MODEL", "FILE", "" */
  ArgumentKind kind;
  int view; /* ViewId that carries it out, -1: the app */
  const char *help;
  bool writes; /* refused in a read-only session */
} CommandInfo;

/* All of them, by verb; *n gets how many. Static. */
const CommandInfo *command_infos(guint *n);

/* The command of that verb, or NULL. */
const CommandInfo *command_info(const char *verb);

/* One thing that could stand at the end of what is typed. */
typedef struct {
  char *word; /* the whole line with it */
  const char *help;
} Candidate;

/* The folder that a path which is being typed at the end of the line lies in, for ui->listing; NULL where none is typed.
 * The caller frees it. */
char *command_folder(const Ui *ui, const char *line);

/* Candidates for the line, at most `limit`: verbs and actions of the context, then what the argument names.
 * Array of Candidate; free with g_array_unref. */
GArray *command_candidates(const Ui *ui, unsigned context, const char *line, guint limit);
