/* SPDX-License-Identifier: Apache-2.0 */
/* A box of lines to choose from: the copy menu, the columns, everything that can be done. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/cells.h"
#include "ui/toolkit/key.h"
#include "ui/toolkit/list.h"

typedef struct {
  Key key; /* chooses the line at once; UIKEY_NONE: none */
  char *label;
  char *note; /* dim, at the right; may be NULL */
  int line;   /* what the owner gets */
  bool ticked;
} MenuLine;

typedef struct {
  int id; /* which of its owner's menus */
  char *title;
  bool ticks;    /* lines are ticked, and choosing leaves the menu open */
  GArray *lines; /* of MenuLine */
  List list;
} Menu;

Menu *menu_new(int id, const char *title, bool ticks);
void menu_free(Menu *menu); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Menu, menu_free)

/* Appends a line; strings are copied. */
void menu_add(Menu *menu, int line, Key key, const char *label, const char *note, bool ticked);

/* The line at hand, NULL when there is none. */
MenuLine *menu_line(const Menu *menu);

/* Moves to the line of that key; false when there is none. */
bool menu_find(Menu *menu, Key key);

void menu_draw(Menu *menu, Cells *cells, Rect area);
