/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of one model, with where each piece of it comes from. */
#pragma once

#include "lineage/forest/forest.h"
#include "ui/toolkit/cells.h"

void forest_facts_draw(Cells *cells, Rect area, const Forest *forest, int node);
