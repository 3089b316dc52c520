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
} Overlay;

/* Opens it over what there is now, narrowed to some kinds. */
void overlay_open(Overlay *overlay, const Ui *ui, unsigned context, unsigned kinds);
void overlay_close(Overlay *overlay);

/* Moving, editing, another kind; false when the action is none of these. */
bool overlay_action(Overlay *overlay, const Ui *ui, Action action);
void overlay_type(Overlay *overlay, Key key);

/* What is at hand, which the caller clears; false when nothing is. */
bool overlay_pick(const Overlay *overlay, Pick *pick);

void overlay_draw(Overlay *overlay, const Ui *ui, Cells *cells, Rect area);
