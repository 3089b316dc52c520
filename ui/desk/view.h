/* SPDX-License-Identifier: Apache-2.0 */
/* A view is a table of functions over a state of its own. The loop in app.c alone calls them;
 * it alone draws. Handlers ask for what must happen (services.h) and never draw. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/cells.h"
#include "ui/desk/config.h"
#include "ui/desk/request.h"
#include "session/file_jobs.h"
#include "session/history.h"
#include "session/session.h"
#include "ui/toolkit/keymap.h"
#include "ui/toolkit/line_edit.h"
#include "ui/toolkit/menu.h"

/* What has changed behind a view's back; bits. */
typedef enum {
  CHANGED_WOOD = 1 << 0,
  CHANGED_EXPERTS = 1 << 1,
  CHANGED_JOBS = 1 << 2,
  CHANGED_PREDICTED = 1 << 3, /* ui->predicted is another */
  CHANGED_SCORES = 1 << 4,    /* ui->scores are */
  CHANGED_HISTORY = 1 << 5    /* ui->history has come */
} Changed;

typedef enum { PROMPT_TYPED, PROMPT_ACCEPTED, PROMPT_CANCELLED } PromptEvent;

/* A message of the status line. */
typedef struct {
  Style style;
  char *text; /* owned */
} Told;

/* What all views share. Owned by the app. */
typedef struct {
  Engine engine;
  const Keymap *keymap;
  bool read_only, ascii;
  bool mono;                         /* there are no colours to tell groups by */
  Snapshot *wood;                    /* NULL until the catalog has been read */
  OpenExperts *opened;               /* NULL until the experts have been opened */
  GQueue asked;                      /* of Request*, first asked first; filled by services.h */
  GHashTable *predicted;             /* what an expert predicts: path -> text; NULL: nothing yet */
  char *question;                    /* the last that was answered, or NULL */
  GHashTable *scores;                /* path -> score of that answer (double*); NULL: none */
  GPtrArray *history[HISTORY_KINDS]; /* of char*: what was asked, commanded, folded; never NULL */
  bool history_known;                /* what earlier sessions left is among it */
  Listing *listing;                  /* of the folder that a path was typed in last, or NULL */
  Config *config;
  Menu *menu;    /* NULL: none is open */
  char *message; /* for the status line, until the next key; NULL: none */
  Style message_style;
  GPtrArray *told; /* of Told*: the messages so far, the oldest left out */
  struct {
    const char *label; /* NULL: no prompt is open. Static text: "/" */
    LineEdit edit;
    bool command; /* it is the command line, and the app's */
  } prompt;
  bool looking;     /* for models: a scan waits or runs */
  bool touring;     /* the tour presses the keys */
  guint64 training; /* id of the training job or the sweep, 0 when none runs */
} Ui;

typedef struct {
  const char *name;
  /* The state, never NULL. */
  gpointer (*open)(Ui *ui);
  void (*close)(gpointer view);
  /* The one context whose keys work now. */
  unsigned (*context)(const Ui *ui, gpointer view);
  void (*draw)(const Ui *ui, gpointer view, Cells *cells, Rect area);
  /* True when the action was for the view. */
  bool (*action)(Ui *ui, gpointer view, Action action);
  /* A key that is no action, in a context where one types. May be NULL. */
  bool (*type)(Ui *ui, gpointer view, Key key);
  /* An event of the prompt that the view has opened. May be NULL. */
  void (*prompt)(Ui *ui, gpointer view, PromptEvent event, const char *text);
  /* A line of the menu that the view has opened has been chosen, or ticked. May be NULL. */
  void (*choose)(Ui *ui, gpointer view, int menu, int line);
  /* A command line's verb and argument; false when it is wrong, and *problem (the caller frees) says how. May be
   * NULL. */
  bool (*command)(Ui *ui, gpointer view, const char *verb, const char *argument, char **problem);
  /* Somebody has clicked at column x of the view's first line, where titles are. May be NULL. */
  void (*click_title)(Ui *ui, gpointer view, int x);
  /* What stands at the right of the prompt that the view has opened: how much matches so far; the caller frees it. May
   * be NULL, and give NULL. */
  char *(*prompt_note)(const Ui *ui, gpointer view);
  /* Text for the status line; the caller frees it. May be NULL. */
  char *(*status)(const Ui *ui, gpointer view);
  /* A request that is for this view, as requests.c sorts them. May be NULL. */
  void (*serve)(Ui *ui, gpointer view, const Request *request);
  /* Called whether the view is on screen or not. May be NULL. */
  void (*changed)(Ui *ui, gpointer view, unsigned what);
  /* Does what is due at `now` (monotonic microseconds) and returns when to be called again, 0 for
   * not at all. May be NULL. */
  gint64 (*tick)(Ui *ui, gpointer view, gint64 now);
} ViewOps;

extern const ViewOps view_forest, view_query, view_experts, view_jobs, view_map, view_model, view_diff, view_compare,
    view_report, view_skipped, view_messages, view_help, view_duplicates, view_space, view_conflicts;
