/* SPDX-License-Identifier: Apache-2.0 */
/* Which row of a list is selected, and which rows are on screen. */
#pragma once

#include <stdbool.h>

#include "ui/toolkit/keymap.h"

typedef struct {
  int count;  /* rows in all */
  int cursor; /* selected row, 0 when there are none */
  int top;    /* first row on screen */
  int height; /* rows on screen, as last drawn */
} List;

/* Another number of rows; the cursor stays within them. */
void list_resize(List *list, int count);

/* Selects a row; the nearest one there is. */
void list_select(List *list, int row);

/* Performs one of the moving actions. False when it is none. */
bool list_action(List *list, Action action);

/* Called when drawing: scrolls just as far as the selected row demands. */
void list_show(List *list, int height);
