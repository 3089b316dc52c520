/* SPDX-License-Identifier: Apache-2.0 */
/* One whole frame: title, the view at hand, status, keys, and the boxes above them. */
#pragma once

#include "ui/app/app.h"

void frame_draw(App *app, Cells *cells);
