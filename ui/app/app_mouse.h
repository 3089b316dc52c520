/* SPDX-License-Identifier: Apache-2.0 */
/* The mouse as keys: whatever it does could be done with the keyboard. */
#pragma once

#include "ui/app/app_state.h"

/* Something has come from the mouse: UIKEY_MOUSE was read. */
void app_mouse(App *app);

/* What a click or the wheel does at a cell: a tab is shown, a row selected and, twice, opened. */
void app_mouse_event(App *app, MouseEvent event, int x, int y);
