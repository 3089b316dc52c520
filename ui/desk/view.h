/* SPDX-License-Identifier: Apache-2.0 */
/* A view is a table of functions over a state of its own. The loop in app.c alone calls them;
 * it alone draws. Handlers say what must happen and never draw. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/cells.h"
#include "ui/desk/config.h"
#include "session/history.h"
#include "session/session.h"
#include "ui/toolkit/keymap.h"
#include "ui/toolkit/line_edit.h"
#include "ui/toolkit/menu.h"

/* What a handler wants to happen next; bits. */
typedef enum {
  REACT_NONE = 0,
  REACT_HANDLED = 1 << 0,    /* the key was for the view */
  REACT_BACK = 1 << 1,       /* leave the view */
  REACT_LOCATE = 1 << 2,     /* show ui->target in the forest */
  REACT_SHOW_MODEL = 1 << 3, /* open ui->target */
  REACT_SHOW_DIFF = 1 << 4,  /* compare ui->target with ui->other */
  REACT_SHOW_SKIPPED = 1 << 5,
  REACT_RETURN = 1 << 6 /* back to the view that has led here, if one has */
} Reaction;

/* Work that a view asks the app to start, in ui->wanted; bits. */
typedef enum {
  WANT_SCAN = 1 << 0,      /* look for models again */
  WANT_EXPERTS = 1 << 1,   /* open the experts again */
  WANT_PAGER = 1 << 2,     /* show ui->page_text in $PAGER */
  WANT_PREDICTED = 1 << 3, /* tell the others that ui->predicted is another */
  WANT_SCORES = 1 << 4     /* the same of ui->scores */
} Want;

/* What has changed behind a view's back; bits. */
typedef enum {
  CHANGED_WOOD = 1 << 0,
  CHANGED_ORACLE = 1 << 1,
  CHANGED_JOBS = 1 << 2,
  CHANGED_TARGET = 1 << 3,    /* the view is to show ui->target */
  CHANGED_TAGS = 1 << 4,      /* ui->to_tag are to be tagged */
  CHANGED_PREDICTED = 1 << 5, /* ui->predicted is another */
  CHANGED_SCORES = 1 << 6,    /* ui->scores are */
  CHANGED_HISTORY = 1 << 7    /* ui->history has come */
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
  OpenExperts *oracle;               /* NULL until the experts have been opened */
  Model *target, *other;             /* for REACT_LOCATE, REACT_SHOW_MODEL, REACT_SHOW_DIFF */
  GPtrArray *to_tag;                 /* of Model*, for CHANGED_TAGS; NULL: none */
  GHashTable *predicted;             /* what an expert predicts: path -> text; NULL: nothing yet */
  bool ask_labels;                   /* the model that is opened next is to be asked about labels */
  char *question;                    /* the last that was answered, or NULL */
  GHashTable *scores;                /* path -> score of that answer (double*); NULL: none */
  GPtrArray *history[HISTORY_KINDS]; /* of char*: what was asked, commanded, folded; never NULL */
  bool history_known;                /* what earlier sessions left is among it */
  guint64 keeping[HISTORY_KINDS];    /* the job that writes them; 0: all is written */
  Config *config;
  Menu *menu;      /* NULL: none is open */
  char *page_text; /* for WANT_PAGER */
  GString *copy;   /* text for the clipboard; NULL: none. Taken by the app */
  unsigned wanted; /* Want bits */
  bool redraw;     /* set by tick() of a view that looks different now */
  char *message;   /* for the status line, until the next key; NULL: none */
  Style message_style;
  GPtrArray *told;     /* of Told*: the messages so far, the oldest left out */
  char *status_before; /* the status line of the view that led to Messages, or NULL */
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
  Reaction (*action)(Ui *ui, gpointer view, Action action);
  /* A key that is no action, in a context where one types. May be NULL. */
  Reaction (*type)(Ui *ui, gpointer view, Key key);
  /* An event of the prompt that the view has opened. May be NULL. */
  void (*prompt)(Ui *ui, gpointer view, PromptEvent event, const char *text);
  /* A line of the menu that the view has opened has been chosen, or ticked. May be NULL. */
  Reaction (*choose)(Ui *ui, gpointer view, int menu, int line);
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
  /* Called whether the view is on screen or not. May be NULL. */
  void (*changed)(Ui *ui, gpointer view, unsigned what);
  /* Does what is due at `now` (monotonic microseconds) and returns when to be called again, 0 for
   * not at all. May be NULL. */
  gint64 (*tick)(Ui *ui, gpointer view, gint64 now);
} ViewOps;

extern const ViewOps view_forest, view_query, view_experts, view_jobs, view_map, view_model, view_diff, view_skipped,
    view_messages, view_help, view_duplicates, view_space, view_conflicts;
