/* SPDX-License-Identifier: Apache-2.0 */
/* The interface as a whole: the views, the loop, and what happens between them. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/term.h"
#include "ui/app/ui.h"
#include "ui/desk/view.h"

/* The first VIEW_MODEL of them stand beside each other and have a digit each; the others are opened from one
 * and lead back to it. */
typedef enum {
  VIEW_FOREST,
  VIEW_QUERY,
  VIEW_EXPERTS,
  VIEW_JOBS,
  VIEW_MAP,
  VIEW_MODEL,
  VIEW_DIFF,
  VIEW_SKIPPED,
  VIEW_MESSAGES,
  VIEW_HELP,
  VIEW_COUNT
} ViewId;

enum { TRAIL_MOST = 16 };

typedef struct {
  Ui ui;
  Keymap *keymap;
  Term *term;
  Cells *cells;
  gpointer views[VIEW_COUNT];
  ViewId current;
  ViewId trail[TRAIL_MOST]; /* where the views that were opened from others lead back to */
  int trail_length;
  Key prefix;        /* first key of a sequence, or UIKEY_NONE */
  bool pasting;      /* keys are text that is being pasted */
  bool dirty;        /* something has changed since the last frame */
  bool stale;        /* nothing but the progress of jobs has */
  gint64 last_frame; /* monotonic microseconds */
  bool asking_quit;  /* the question whether to quit is on screen */
  bool quit_when_idle;
  bool quit;
  guint64 scan_job, grow_job, experts_job; /* 0: not running */
  int signal_fd;                           /* -1: none */
  unsigned empty_reads;
  int frames, frames_wanted;
  gint64 last_key;          /* monotonic microseconds */
  int tour;                 /* the step that is shown, -1: none */
  GPtrArray *commands;      /* typed earlier; NULL until the first */
  int command_at;           /* of them, while one goes through them; -1: a new one */
  GArray *candidates;       /* of Candidate: what may follow what is typed; NULL: none */
  int candidate_at;         /* the one that was put in last, -1: none */
  int tabs[VIEW_COUNT + 1]; /* where each tab begins in the title, for the mouse; -1: not shown */
} App;

/* Opens everything and starts reading the collection. */
App *app_new(const UiOptions *options, const EngineOps *ops, bool headless, GError **error);

/* Cancels what runs, waits for it, gives the terminal back. */
void app_free(App *app);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(App, app_free)

extern const ViewOps *const app_views[VIEW_COUNT];

/* The one context whose keys work now. */
unsigned app_context(const App *app);

/* A key has been pressed. */
void app_key(App *app, Key key);

/* Asks to leave: at once, or after a question when jobs are running. */
void app_ask_quit(App *app);

/* Waits at most `timeout_ms` (-1: for ever) for keys, jobs and signals, and handles them. */
void app_wait(App *app, int timeout_ms);

/* Draws a frame if anything has changed. */
void app_draw(App *app);

/* Another size; headless only. */
void app_resize(App *app, int columns, int rows);

/* True when no job is left, no answer is due, and nothing is to be started. */
bool app_is_idle(App *app);

/* The loop until somebody quits. */
void app_run(App *app);
