/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the model view that stand beside a list on a wide terminal, one below the other: what is known of the
 * model at hand, where it moved, what is like it, its card. What must be read from files or asked of an expert waits
 * until the cursor has rested. */
#pragma once

#include "ui/desk/view.h"

typedef struct SidePane SidePane;

SidePane *side_pane_new(Ui *ui);
void side_pane_free(SidePane *pane); /* NULL-safe */

/* True where it has room; elsewhere the facts alone (ui/forest/forest_facts.h) fill what there is. */
bool side_pane_fits(Rect area);

/* Draws a model of the wood: of a node that is one. */
void side_pane_draw(SidePane *pane, int node, Cells *cells, Rect area);

/* ViewOps.tick and ViewOps.changed of whoever has it. */
gint64 side_pane_tick(SidePane *pane, gint64 now);
void side_pane_changed(SidePane *pane, unsigned what);
