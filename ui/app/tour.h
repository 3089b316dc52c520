/* SPDX-License-Identifier: Apache-2.0 */
/* A walk that shows a guest around: steps, what each does, and what it says. perform.c does it. */
#pragma once

#include "ui/app/app_state.h"

/* One thing that a step does: an action where it works, or text that is typed. */
typedef struct {
  Action action;
  const char *typed;
} TourAct;

/* Leads back to the forest, whatever is open, without a filter. Ends with an empty one. */
extern const TourAct tour_home[];

/* What a step does when it begins. Ends with an empty one. */
const TourAct *tour_acts(int step);

/* The step after an action; -1: the tour ends. */
int tour_next(int step, Action action);

/* Draws the step's box, when there is one. */
void tour_draw(const App *app, Cells *cells, Rect area);

/* How many steps there are. */
int tour_steps(void);
