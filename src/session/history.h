/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that the interface remembers from one session to the next, kept with the collection's state. They are read and
 * written on the worker's thread: whoever types waits for no disk and no lock. */
#pragma once

#include "session/session.h"

enum { MEMORY_LINES = 200 };

typedef enum { HISTORY_QUESTIONS, HISTORY_COMMANDS, HISTORY_FOLDS, HISTORY_KINDS } HistoryKind;

/* The lines of a kind, oldest first; none when there are none. Array of char*, owned. Reads the disk. */
GPtrArray *history_load(const Engine *engine, HistoryKind kind);

/* Appends a line, once: an earlier one like it goes. */
void history_add(GPtrArray *lines, const char *line);

/* All of them, by kind. */
typedef struct {
  GPtrArray *lines[HISTORY_KINDS];
} History;

/* History*: as a job that is not listed. */
guint64 engine_history(const Engine *engine, JobDone done, gpointer user);

/* Keeps a copy of the lines, likewise, even when the program ends: in front of them those that are kept already, folds
 * alone. Trouble is no error: what is remembered is a comfort. The job's id. */
guint64 engine_keep_history(const Engine *engine, HistoryKind kind, const GPtrArray *lines, JobDone done,
                            gpointer user);
