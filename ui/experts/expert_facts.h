/* SPDX-License-Identifier: Apache-2.0 */
/* All that is known of one expert, beside or below the list. */
#pragma once

#include "experts/expert.h"
#include "ui/toolkit/cells.h"

/* "probex-mid.0: unseen 41 % 33–50, chance 2.0 %, 120 tries": who it is and how often it is right. The caller frees
 * it. */
char *expert_sentence(const Expert *expert, bool ascii);

/* `paths`: with the place of its file. */
void expert_facts_draw(Cells *cells, Rect area, const Expert *expert, bool paths);
