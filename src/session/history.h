/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that the interface remembers from one session to the next, kept with the collection's state. */
#pragma once

#include "session/session.h"

enum { MEMORY_LINES = 200 };

/* The lines under a key, oldest first; none when there are none. Array of char*, owned. */
GPtrArray *history_load(const Engine *engine, const char *key);

/* Keeps the last MEMORY_LINES lines. Trouble is no error: what is remembered is a comfort. */
void history_save(const Engine *engine, const char *key, const GPtrArray *lines);

/* Appends a line, once: an earlier one like it goes. */
void history_add(GPtrArray *lines, const char *line);
