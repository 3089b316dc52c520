/* SPDX-License-Identifier: Apache-2.0 */
/* The forest with branches as long as the weights moved: pure layout over the rows of the outline. */
#pragma once

#include "ui/forest/forest_rows.h"

typedef struct {
  double *at; /* by node: distance from the root of its tree, over the widest tree's */
  guint n;
  const Forest *forest; /* it was made for; compared, never looked into */
  bool known;           /* some edge has a length */
  double zoom;          /* screens that the widest tree takes */
  int left;             /* columns scrolled away */
} Phylogram;

void phylogram_init(Phylogram *p);
void phylogram_clear(Phylogram *p);

/* Measures the forest anew when it is another. Edges without a distance get the median of the others', and are dotted
 * where they are drawn. */
void phylogram_set(Phylogram *p, const Forest *forest);

/* Zooms (ACTION_ZOOM_…) or scrolls (ACTION_SCROLL_…); false when the action is neither. */
bool phylogram_action(Phylogram *p, Action action, int columns);

/* The row as text: lines, then the name. `columns` is the room; the caller frees it. */
char *phylogram_row(const Phylogram *p, const ForestRows *rows, int row, int columns);

/* "0 ├────────┤ 0.25": the scale. The caller frees it. */
char *phylogram_scale(const Phylogram *p, int columns, bool ascii);
