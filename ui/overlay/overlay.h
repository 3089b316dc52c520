/* SPDX-License-Identifier: Apache-2.0 */
/* The one place from which everything is found: a line to type in, what matches best first, a preview beside it. */
#pragma once

#include "search/fuzzy.h"
#include "ui/overlay/picks.h"

enum { OVERLAY_LISTED = 400 };

typedef struct {
  bool open;
  unsigned kinds;   /* that are listed: bits 1 << PickKind */
  unsigned context; /* that it was opened in */
  PickList *picks;
  Fuzzy *fuzzy;
  LineEdit edit;
  List list;
  guint best[OVERLAY_LISTED];
  bool looking; /* not all texts have been looked at: the best are those so far */
} Overlay;

/* Opens it over what there is now, narrowed to some kinds. */
void overlay_open(Overlay *overlay, const Ui *ui, unsigned context, unsigned kinds);
void overlay_close(Overlay *overlay);

/* Moving, editing, another kind; false when the action is none of these. */
bool overlay_action(Overlay *overlay, const Ui *ui, Action action);
void overlay_type(Overlay *overlay, Key key);

/* Goes on with the search for a slice (ui/desk/slice.h); true when more is left. */
bool overlay_work(Overlay *overlay);

/* What is at hand once everything has been looked at: whoever types ahead means the best of all. The caller clears it;
 * false when nothing is. */
bool overlay_pick(Overlay *overlay, Pick *pick);

void overlay_draw(Overlay *overlay, const Ui *ui, Cells *cells, Rect area);
