/* SPDX-License-Identifier: Apache-2.0 */
/* The forest with branches as long as the weights moved: a window on lineage's layout over the rows of the outline. */
#pragma once

#include "lineage/forest/phylogram.h"
#include "ui/forest/forest_rows.h"

typedef struct {
  PhylogramLayout *layout; /* NULL: none yet */
  guint generation;        /* of the rows it was made for */
  int columns;             /* on screen, likewise */
  double zoom;             /* screens that the widest tree takes */
  int left;                /* columns scrolled away */
} Phylogram;

void phylogram_init(Phylogram *p);
void phylogram_clear(Phylogram *p);

/* Lays the rows out anew when they, the columns or the zoom are others. Branches that were not measured are short and
 * dotted. */
void phylogram_set(Phylogram *p, const ForestRows *rows, int columns);

/* Zooms (ACTION_ZOOM_…) or scrolls (ACTION_SCROLL_…); false when the action is neither. */
bool phylogram_action(Phylogram *p, Action action, int columns);

/* The row as text: lines, then the name. The caller frees it. */
char *phylogram_row(const Phylogram *p, const ForestRows *rows, int row);

/* "────────── moved 0.25": the scale. The caller frees it. */
char *phylogram_scale(const Phylogram *p, bool ascii);
