/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the app share, and nothing else sees. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "session/opening.h"
#include "ui/desk/view.h"
#include "ui/overlay/overlay.h"
#include "ui/toolkit/term.h"

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
  VIEW_COMPARE,
  VIEW_REPORT,
  VIEW_SKIPPED,
  VIEW_DUPLICATES,
  VIEW_SPACE,
  VIEW_CONFLICTS,
  VIEW_MESSAGES,
  VIEW_HELP,
  VIEW_COUNT
} ViewId;

enum { VIEW_DIGITS = 8 }; /* the views that a digit leads to: the first, then Duplicates, Space and Conflicts */

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
  Key prefix;          /* first key of a sequence, or UIKEY_NONE */
  bool pasting;        /* keys are text that is being pasted */
  bool dirty;          /* something has changed since the last frame */
  bool stale;          /* nothing but the progress of jobs has */
  gint64 last_frame;   /* monotonic microseconds */
  bool asking_quit;    /* the question whether to quit is on screen */
  bool quit_when_idle; /* opening.held, too */
  bool quit;
  Opening opening; /* of the collection */
  int signal_fd;   /* -1: none */
  unsigned empty_reads;
  int frames, frames_wanted;
  gint64 last_key;          /* monotonic microseconds */
  int tour;                 /* the step that is shown, -1: none */
  Overlay overlay;          /* of everything that can be found */
  int command_at;           /* of the commands typed earlier, while one goes through them; -1: a new one */
  GArray *candidates;       /* of Candidate: what may follow what is typed; NULL: none */
  guint64 listing;          /* the job that looks into a folder, 0: none */
  int candidate_at;         /* the one that was put in last, -1: none */
  int tabs[VIEW_COUNT + 1]; /* where each tab begins in the title, for the mouse; -1: not shown */
} App;
