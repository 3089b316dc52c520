/* SPDX-License-Identifier: Apache-2.0 */
/* How the interface is to start: what the command line and tests hand over. */
#pragma once

#include <stdbool.h>

#include "collection/collection.h"
#include "ui/desk/config.h"

typedef struct {
  Collection *collection; /* borrowed; used until ui_run() returns */
  bool read_only;
  bool plain;         /* a conversation line by line instead of screens */
  bool slow;          /* progress once a second */
  bool ascii;         /* no signs beyond ASCII */
  bool uncursed;      /* cells alone, for tests without a terminal (term.h) */
  bool threadless;    /* jobs run on the caller's thread (worker_new_here()) */
  const char *theme;  /* "dark", "light", "mono"; NULL: found out */
  int frames;         /* end after so many frames; 0: when the user quits */
  const char *script; /* see script.h; NULL: the environment's COPSE_SCRIPT, if any */
  Config *config;     /* taken over; NULL: ui_run() reads the user's, others take the defaults */
  bool *stuck;        /* set when a thread is left behind in the collection, which must then stay open; may be NULL */
  unsigned idle_minutes; /* leave after so long without a key; 0: as the configuration says */
} UiOptions;
