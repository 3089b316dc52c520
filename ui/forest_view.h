/* SPDX-License-Identifier: Apache-2.0 */
/* The forest view's state, shared by view_forest.c and forest_menus.c alone. */
#pragma once

#include "ui/forest_phylogram.h"
#include "ui/forest_rows.h"
#include "ui/view.h"

typedef enum { FACTS_AUTO, FACTS_ON, FACTS_OFF } FactsMode;

typedef struct {
  ForestRows rows;
  ColumnSet columns;
  Phylogram phylogram;
  bool branches;     /* the phylogram is shown */
  int list_columns;  /* of the list, as last drawn */
  FactsMode facts;
  bool wide;         /* as last drawn: there is room for facts at the side */
  char *search;      /* or NULL */
  char *filter_text; /* or NULL */
  int prompt_row;    /* selected when the prompt was opened */
} ForestView;

enum { FOREST_MENU_SORT = 1, FOREST_MENU_COLUMNS, FOREST_MENU_COPY };

/* Opens one of the menus. */
void forest_menu(Ui *ui, const ForestView *view, int menu);

/* Does what its line says. */
void forest_menu_choose(Ui *ui, ForestView *view, int menu, int line);

/* Writes the listed models, or the tagged, to a file; "" tells the name's rules. */
void forest_export(Ui *ui, const ForestView *view, const char *path);
