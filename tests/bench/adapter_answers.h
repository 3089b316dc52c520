/* SPDX-License-Identifier: Apache-2.0 */
/* The program's own answers on a folder of adapters, asked as a user asks them: how long each takes, and whether
 * deleting what `duplicates --paths` lists gives back what was said. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  char *what;             /* "duplicates", "export --format csv"; owned */
  double wall, processor; /* seconds */
  bool done;              /* by its exit status */
} Answer;

/* what, base, duplicates, space, conflicts, query and export's csv, json, html, cyclonedx and hand of the program
 * `copse` on `root` with what `state` knows of it already. `one` is the path of an adapter in it that a base fits. Each
 * is asked twice, and the second time counted. Array of Answer; free with g_array_unref. */
GArray *answers_ask(const char *copse, const char *root, const char *state, const char *one);

typedef struct {
  unsigned paths;
  uint64_t said, freed; /* by `duplicates --json`; by du(1), before and after */
} Freed;

/* Copies the folder (cp -a) to `copy`, which must not exist, and deletes there what `duplicates --paths` lists. False with error
 * when a command fails. */
bool answers_delete_copies(const char *copse, const char *root, const char *copy, const char *state, Freed *out,
                           GError **error);
