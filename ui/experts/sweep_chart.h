/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a sweep as bars, best first, as they come. */
#pragma once

#include "ui/toolkit/cells.h"
#include "session/session.h"

void sweep_chart_draw(SweepBoard *board, Cells *cells, Rect area);
