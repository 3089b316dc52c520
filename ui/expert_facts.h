/* SPDX-License-Identifier: Apache-2.0 */
/* All that is known of one expert, beside or below the list. */
#pragma once

#include "experts/expert.h"
#include "ui/cells.h"

/* `paths`: with the place of its file. */
void expert_facts_draw(Cells *cells, Rect area, const Expert *expert, bool paths);
