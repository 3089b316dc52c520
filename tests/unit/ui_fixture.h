/* SPDX-License-Identifier: Apache-2.0 */
/* A small wood in the engine's place: known models, experts and answers, and jobs that last as
 * long as a test wants. */
#pragma once

#include <stdatomic.h>

#include "tests/unit/ui_test.h"
#include "ui/app/app.h"

/* What tests hold on to; one at a time. */
typedef struct {
  atomic_bool hold_forest;   /* growing the forest goes on until this is false */
  atomic_bool hold_scan;     /* the walk through the folders likewise */
  atomic_bool hold_training; /* training likewise */
  atomic_int queries;        /* questions that reached the engine */
  atomic_int trainings;
  TrainOptions last_train; /* numbers alone: read it when no job runs */
  unsigned many;           /* this many further models, for scrolling */
  bool empty;              /* no models at all */
  bool cut;                /* answers are the first of 1,920 */
  bool retrained;          /* all files have become larger */
  bool runs;               /* a third expert, trained by steps as the first was */
  unsigned skips;          /* files that could not be read */
  bool alone;              /* the embedding is an adapter whose base is not here */
  char by_hand[256];       /* "path: key=value" as last set; "": nothing was */
  char *changed;           /* "removed NAME", "NAME is now OTHER" */
  bool uncursed;           /* drawn as cells alone, which is faster */
  bool threadless;         /* jobs run in app_wait() */
  GThread *owner;          /* of the app; NULL: not looked at */
  int waits;               /* times that it read or wrote what is remembered by itself */
  atomic_int puts;         /* times that something was written */
  atomic_bool hold_disk;   /* what is remembered is not written until this is false */
  GHashTable *memory;      /* what was put into the state: "space/key" -> GBytes*; NULL: nothing */
} FakeWood;

extern const EngineOps fake_ops;

/* Another fresh wood; the collection to give to the interface. */
Collection *fake_collection(FakeWood *wood);

/* An interface over the wood, without a terminal, of the given size and theme. */
App *fake_app(FakeWood *wood, int columns, int rows, const char *theme, bool ascii);

/* The same in dark colours, with all that is done at the start done. */
App *ready_app(FakeWood *wood, int columns, int rows);

/* Presses keys as a script would write them. */
void press(App *app, const char *keys);

/* Lets the program run until nothing is left to do. Fails after 20 seconds. */
void settle(App *app);

/* Lets the program run until the text stands on screen. Fails after 20 seconds. */
void wait_for_text(App *app, const char *text);

/* Presses keys with a rest after each part: "jj|<Enter>". */
void walk(App *app, const char *keys);

/* True when the text stands on screen now. */
bool on_screen(App *app, const char *text);

/* Fails, and shows the screen, when it does not. */
void expect(App *app, const char *text);
