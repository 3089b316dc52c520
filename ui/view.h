/* SPDX-License-Identifier: Apache-2.0 */
/* A view is a table of functions over a state of its own. The loop in app.c alone calls them;
 * it alone draws. Handlers say what must happen and never draw. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/cells.h"
#include "ui/engine_jobs.h"
#include "ui/keymap.h"
#include "ui/line_edit.h"

/* What a handler wants to happen next; bits. */
typedef enum {
  REACT_NONE = 0,
  REACT_HANDLED = 1 << 0,    /* the key was for the view */
  REACT_BACK = 1 << 1,       /* leave the view */
  REACT_SHOW_MODEL = 1 << 2  /* open the forest at ui->target */
} Reaction;

/* Work that a view asks the app to start, in ui->wanted; bits. */
typedef enum {
  WANT_SCAN = 1 << 0,   /* look for models again */
  WANT_EXPERTS = 1 << 1 /* open the experts again */
} Want;

/* What has changed behind a view's back; bits. */
typedef enum {
  CHANGED_WOOD = 1 << 0,
  CHANGED_ORACLE = 1 << 1,
  CHANGED_JOBS = 1 << 2
} Changed;

typedef enum { PROMPT_TYPED, PROMPT_ACCEPTED, PROMPT_CANCELLED } PromptEvent;

/* What all views share. Owned by the app. */
typedef struct {
  Engine engine;
  const Keymap *keymap;
  bool read_only, ascii;
  Wood *wood;     /* NULL until the catalog has been read */
  Oracle *oracle; /* NULL until the experts have been opened */
  Model *target;  /* for REACT_SHOW_MODEL */
  unsigned wanted; /* Want bits */
  bool redraw;     /* set by tick() of a view that looks different now */
  char *message;  /* for the status line, until the next key; NULL: none */
  Style message_style;
  struct {
    const char *label; /* NULL: no prompt is open. Static text: "/" */
    LineEdit edit;
  } prompt;
  guint64 training; /* id of the training job, 0 when none runs */
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
  /* Text for the status line; the caller frees it. May be NULL. */
  char *(*status)(const Ui *ui, gpointer view);
  /* Called whether the view is on screen or not. May be NULL. */
  void (*changed)(Ui *ui, gpointer view, unsigned what);
  /* Does what is due at `now` (monotonic microseconds) and returns when to be called again, 0 for
   * not at all. May be NULL. */
  gint64 (*tick)(Ui *ui, gpointer view, gint64 now);
} ViewOps;

extern const ViewOps view_forest, view_query, view_experts, view_jobs, view_help;

/* Tells something in the status line, until the next key. */
void ui_tell(Ui *ui, Style style, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Opens the prompt line; `label` is static text. */
void ui_prompt(Ui *ui, const char *label, const char *text);
