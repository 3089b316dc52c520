/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a sweep as bars, best first, as they come. */
#pragma once

#include "ui/cells.h"
#include "ui/engine_jobs.h"

void sweep_chart_draw(SweepBoard *board, Cells *cells, Rect area);
