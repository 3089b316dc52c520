/* SPDX-License-Identifier: Apache-2.0 */
/* Signals while the terminal is ours: those that ask something arrive as bytes in a pipe that
 * the loop polls; those that mean a crash give the terminal back before the process dies. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
  SIGNAL_END = 1,     /* hang-up, termination, interruption from outside */
  SIGNAL_SUSPEND = 2, /* somebody asks us to stop */
  SIGNAL_CONTINUE = 4 /* we go on after a stop: the screen may hold anything */
} SignalEvent;

/* Remembers the terminal's modes, before curses changes them. Call first. */
void signals_remember_terminal(int tty);

/* Installs the handlers; `restore` are the bytes that bring the terminal back (copied). Returns
 * the file descriptor to poll, -1 with an error when there is no pipe. */
int signals_start(const char *restore, gsize n, GError **error);

/* Puts the former handlers back. */
void signals_stop(void);

/* What has come since the last call: SignalEvent bits. */
unsigned signals_read(void);
