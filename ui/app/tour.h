/* SPDX-License-Identifier: Apache-2.0 */
/* A walk that shows a guest around: the program presses the keys itself and says what is seen. */
#pragma once

#include "ui/app/app.h"

void tour_start(App *app);

/* Performs an action of the tour. */
void tour_action(App *app, Action action);

/* Draws the step's box, when there is one. */
void tour_draw(const App *app, Cells *cells, Rect area);

/* How many steps there are. */
int tour_steps(void);
