/* SPDX-License-Identifier: Apache-2.0 */
/* The forest view's state, shared by view_forest.c, forest_draw.c and forest_menus.c alone. */
#pragma once

#include "ui/forest/forest_phylogram.h"
#include "ui/forest/forest_rows.h"
#include "ui/desk/view.h"
#include "ui/model/side_pane.h"

typedef enum { FACTS_AUTO, FACTS_ON, FACTS_OFF } FactsMode;

typedef struct {
  Ui *ui;
  ForestRows rows;
  bool folds_known; /* what was folded last time has been folded again */
  ColumnSet columns;
  ColumnSet measured;                        /* those that are shown, with what they need */
  const void *measured_wood, *measured_said; /* of which models and predictions; compared alone */
  guint measured_rows;                       /* of which rows: their generation */
  Phylogram phylogram;
  bool branches;    /* the phylogram is shown */
  int list_columns; /* of the list, as last drawn */
  FactsMode facts;
  SidePane *side;    /* the facts where there is much room */
  bool wide;         /* as last drawn: there is room for facts at the side */
  char *search;      /* or NULL */
  bool jumps;        /* to the first match, as soon as all are known */
  char *filter_text; /* or NULL */
  int prompt_row;    /* selected when the prompt was opened */
} ForestView;

enum { FOREST_MENU_SORT = 1, FOREST_MENU_COLUMNS, FOREST_MENU_COPY, FOREST_MENU_GROUP };

/* ViewOps.draw of the view. */
void forest_view_draw(const Ui *ui, gpointer view, Cells *cells, Rect area);

/* True when the facts of the selected model are shown. */
bool forest_facts_shown(const ForestView *view);

/* The column whose title stands at x, as last drawn; FOREST_COLUMNS for the name, -1 for none. */
int forest_view_column_at(const ForestView *view, int x);

/* Opens one of the menus. */
void forest_menu(Ui *ui, const ForestView *view, int menu);

/* Does what its line says. */
void forest_menu_choose(Ui *ui, ForestView *view, int menu, int line);

/* Writes the listed models, or the tagged, to a file; "" tells the name's rules. */
void forest_export(Ui *ui, const ForestView *view, const char *path);
