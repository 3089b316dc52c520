/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the user's, written and looked for on the worker's thread: a disk may be slow or gone, and whoever types
 * waits for none. Paths are the file system's; each function queues a job and returns its id. */
#pragma once

#include "session/session.h"

/* char* (the path): writes the nodes (of ForestNode*, the wood's; taken over) as export_file_write() does. */
guint64 engine_export(const Engine *engine, Snapshot *wood, GPtrArray *nodes, const char *path, JobDone done,
                      gpointer user);

/* char* (the path): a text, taken over, by file_write_through(). */
guint64 engine_write_text(const Engine *engine, const char *path, char *text, JobDone done, gpointer user);

/* The same, unless there is such a file already, which stays as it is. */
guint64 engine_make_text(const Engine *engine, const char *path, char *text, JobDone done, gpointer user);

/* What lies in a folder. */
typedef struct {
  char *folder;
  GPtrArray *names; /* of char*, by name, LISTING_MOST at most; folders end in a slash; hostile ones are left out */
} Listing;
enum { LISTING_MOST = 20000 };
void listing_free(gpointer listing); /* NULL-safe */

/* Listing*: of a folder that cannot be read, an empty one. */
guint64 engine_list_folder(const Engine *engine, const char *folder, JobDone done, gpointer user);
