/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one file a subcommand, one table of them all. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "collection/collection.h"
#include "core/progress.h"
#include "core/team.h"

/* Exit statuses, a contract. */
enum { STATUS_DONE = 0, STATUS_COULD_NOT = 1, STATUS_USAGE = 2, STATUS_DIFFERENT = 3 };

/* Options that every command takes. */
typedef struct {
  char *state;
  int threads; /* 0: all processors */
  gint64 seed;
  uint64_t memory; /* bytes that layers may take in memory; 0: no limit */
  char *history_text, *shard_text;
  Shard shard;
  char **also; /* more folders, archives and files of the same collection; NULL-terminated, or NULL */
  gboolean json, quiet, read_only, no_sandbox, stores;
  Team *team;   /* processes that share the work, NULL: this one alone */
  char **words; /* argv, where the stores of this machine were put in front; or NULL */
} Globals;

typedef struct {
  const char *name;
  const char *arguments; /* "DIR MODEL"; "DIR…" may be several that are seen as one collection */
  const char *summary;   /* one line, no full stop */
  int min_args, max_args;
  int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} Command;

/* Ends with a NULL name. */
extern const Command command_table[];

/* Parses argv with the command's own entries (may be NULL) and the global options; handles --help.
 * On success the positional arguments are left in argv[1..argc). Returns true to go on; false when
 * *status is to be returned at once. Sets up OpenBLAS's threads. */
bool command_parse(const char *name, const GOptionEntry *entries, const char *notes, int *argc, char ***argv,
                   Globals *globals, int *status);
/* Both lists of entries in one, ended by a null entry. The caller frees it. */
GOptionEntry *command_join_entries(const GOptionEntry *a, const GOptionEntry *b);
/* Also ends this process's part in the team. */
void globals_clear(Globals *globals);

/* Adds paths to those of --also, behind them. Copies. */
void globals_add_also(Globals *globals, char **paths, int n);

/* True for an option that every command has ("--state") and that takes the next word with it. */
bool command_takes_word(const char *option);

/* Prints "copse: message" on standard error and returns the status that goes with it
 * (COPSE_ERROR_USAGE: 2, else 1). Frees the error. */
int command_fail(GError *error);

/* How the global options say that a collection is to be opened. Borrows from them. */
CollectionOptions command_options(const Globals *globals);

/* Opens the collection as the global options say and brings its catalog up to date. Prints the
 * error and gives NULL when it cannot. `models` gets the list. */
Collection *command_open(const char *root, const Globals *globals, GPtrArray **models);

/* All models with what was set by hand; a warning about that goes to standard error. */
GPtrArray *command_models(Collection *collection, GError **error);

/* Says on standard error why nothing can be kept, when that is so. */
void command_tell_trouble(Collection *collection);

/* Says on standard error that there are none, unless there are or --quiet forbids it. */
void command_tell_empty(const GPtrArray *models, const Globals *globals);

/* A progress line on standard error, redrawn at most 4 times a second, only when that is a
 * terminal and not --quiet; and a token that Ctrl-C sets. One at a time. */
typedef struct {
  Progress progress;
  CancelToken cancel;
  const char *title;
  gint64 last_drawn, started, phase_started;
  const char *phase;
  bool drawn, enabled;
} CommandProgress;
const Progress *command_progress_begin(CommandProgress *p, const char *title, const Globals *globals);
void command_progress_end(CommandProgress *p); /* wipes the line */

/* Paths (of char*, relative to the root) on standard output, each ended by a NUL: for `xargs -0`. */
void command_print_paths(const char *root, const GPtrArray *paths);
