/* SPDX-License-Identifier: Apache-2.0 */
/* The reliability diagram: of the answers that were so sure, how many were right? */
#pragma once

#include "experts/measure/evaluation.h"
#include "ui/toolkit/cells.h"

/* A column for each tenth of confidence: a bar as high as the share that was right, a mark where it would stand if the
 * expert meant what it says, and below it how many answers there were. The title has the rate, its chance and the
 * calibration error. Needs 30 columns and 6 rows; smaller areas show the title alone. */
void reliability_chart_draw(const Group *group, const char *title, Cells *cells, Rect area);
