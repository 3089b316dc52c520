/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of the model view: each a table of functions over a state of its own. */
#pragma once

#include "session/latest_job.h"
#include "ui/desk/view.h"
#include "ui/toolkit/lines.h"

/* The model that all pages are about. */
typedef struct {
  Ui *ui;
  Model *model;  /* a reference; NULL before the first */
  int node;      /* in ui->wood's forest, -1 when it has gone */
  Model *parent; /* on disk, a reference; NULL: none */
  char *layer;   /* the layer that was chosen last, or NULL */
  char **labels; /* candidates the user has typed, or NULL */
} Subject;

/* Where an action on a page leads. */
typedef struct {
  enum {
    STEP_NONE,    /* it was not for the page */
    STEP_HANDLED, /* nowhere else */
    STEP_LAYER,   /* to the page of subject->layer */
    STEP_MODEL    /* to another model, from which one comes back here */
  } kind;
  Model *model; /* STEP_MODEL; borrowed */
} PageStep;

const ForestNode *subject_node(const Subject *subject); /* NULL when it has gone */

/* Finds the model's place in the forest as it is now, and its parent. */
void subject_place(Subject *subject);

/* Lets go of the model and all that is said of it; the interface stays. */
void subject_clear(Subject *subject);

typedef struct {
  const char *name;
  gpointer (*open)(const Subject *subject);
  void (*close)(gpointer page);
  /* Forgets what belonged to another model. */
  void (*reset)(gpointer page);
  /* Asks for what is to be shown, unless that was done. Called before each draw. */
  void (*show)(Subject *subject, gpointer page);
  void (*draw)(const Subject *subject, gpointer page, Cells *cells, Rect area);
  PageStep (*action)(Subject *subject, gpointer page, Action action);
  /* A text has been searched for; "" ends the search. May be NULL. */
  bool (*search)(gpointer page, const char *text, bool here, bool back);
  /* The page as one text, borrowed, or NULL. May be NULL. */
  const char *(*text)(gpointer page);
} PageOps;

enum { PAGE_OVERVIEW, PAGE_LAYERS, PAGE_LAYER, PAGE_CARD, PAGE_LIKE, PAGE_SAYS, PAGE_COUNT };

extern const PageOps page_overview, page_layers, page_layer, page_card, page_like, page_says;

/* By their numbers. */
extern const PageOps *const page_table[PAGE_COUNT];

/* All that the overview says, in one column. */
Lines *overview_lines(const Subject *subject, int columns);

/* A page's name on a rule, where it stands beside others; what is left below. */
Rect page_head(Cells *cells, Rect area, const char *name);

/* The rows that the layers need, of those they might have, its name among them. */
int page_layers_rows(gpointer layers_page, int rows);

/* The rows that the card is worth of those it might have, its name among them: few when there is none. */
int page_card_rows(gpointer card_page, int rows);

/* Text that stands in an answer's place. */
void page_say(Cells *cells, Rect area, const char *text);
