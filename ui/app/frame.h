/* SPDX-License-Identifier: Apache-2.0 */
/* One whole frame: title, the view at hand, status, keys, and the boxes above them. */
#pragma once

#include "ui/app/app_state.h"

/* Draws a frame if anything has changed. */
void app_draw(App *app);

/* Another size; headless only. */
void app_resize(App *app, int columns, int rows);
